import Foundation

/// Whether a directory can be written, told before hours of work and not after.
enum OutputDirectory {
  static func check(_ path: String, replacing: Bool) throws {
    let manager = FileManager.default
    var isDirectory: ObjCBool = false
    if manager.fileExists(atPath: path, isDirectory: &isDirectory) {
      guard isDirectory.boolValue else {
        throw ToolError("\(path): expected a directory, found a file")
      }
      let names = (try? manager.contentsOfDirectory(atPath: path)) ?? []
      guard names.isEmpty || replacing else {
        throw ToolError(
          "\(path): expected no such directory, or an empty one, found \(names.count) files; "
            + "--force replaces it")
      }
    }
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard manager.isWritableFile(atPath: parent) else {
      throw ToolError(
        "\(path): expected a directory to write it into, found none that may be written at "
          + parent)
    }
  }
}
