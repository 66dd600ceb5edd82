import Foundation

/// Where things lie around the package.
enum Checkout {
  /// A path relative to the folder that the package's own folder is in.
  static func beside(_ path: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../\(path)").standardizedFileURL
  }

  /// A path relative to the folder of the tests.
  static func tests(_ path: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../\(path)").standardizedFileURL
  }

  /// The folder that a variable of the environment names.
  static func folder(named variable: String) -> URL? {
    ProcessInfo.processInfo.environment[variable].map { URL(fileURLWithPath: $0) }
  }
}
