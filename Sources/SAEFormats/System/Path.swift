/// A path taken apart.
package enum Path {
  /// The folder and the name in it.
  package static func split(_ path: String) -> (folder: String, name: String) {
    let trimmed = trim(path)
    guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", trimmed) }
    let folder = trimmed[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(trimmed.utf8[slash...].dropFirst()) ?? "")
  }

  /// Without slashes at the end.
  package static func trim(_ path: String) -> String {
    var path = Substring(path)
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path = path.dropLast() }
    return String(path)
  }

  package static func join(_ folder: String, _ name: String) -> String {
    folder == "/" ? "/\(name)" : "\(folder)/\(name)"
  }
}
