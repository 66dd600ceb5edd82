package import Foundation

/// Where things lie around the package.
package enum Checkout {
  /// A path relative to the folder that the package's own folder is in.
  package static func beside(_ path: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../\(path)").standardizedFileURL
  }

  /// A path relative to the folder of the tests.
  package static func tests(_ path: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../\(path)").standardizedFileURL
  }

  /// The folder that a variable of the environment names.
  package static func folder(named variable: String) -> URL? {
    ProcessInfo.processInfo.environment[variable].map { URL(fileURLWithPath: $0) }
  }
}
