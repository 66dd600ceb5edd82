/// Names of files and directories until they are complete.
package enum TemporaryName {
  /// A hidden name in the same directory, so that renaming stays within one file system.
  package static func of(_ name: String) -> String { prefix(of: name) + random() + suffix }

  /// A hidden name for a file or directory that has just lost its own. A process that is killed then
  /// leaves it under this name: it is complete, and nobody takes it for a leftover.
  package static func ofOld(_ name: String) -> String { prefix(of: name) + random() + ".old" }

  /// Whether a name is one that another had until it was complete.
  package static func `is`(_ temporary: String, of name: String) -> Bool {
    let prefix = prefix(of: name)
    guard temporary.hasPrefix(prefix), temporary.hasSuffix(suffix),
      temporary.utf8.count > prefix.utf8.count + suffix.utf8.count
    else { return false }
    return temporary.dropFirst(prefix.count).dropLast(suffix.count).utf8.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
    }
  }

  private static let suffix = ".partial"

  private static func random() -> String { String(UInt64.random(in: .min ... .max), radix: 36) }

  /// How the temporary names of a name begin.
  private static func prefix(of name: String) -> String { ".\(shortened(name))." }

  package static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(".") && name.hasSuffix(suffix)
  }

  /// File systems allow 255 bytes in a name.
  package static func shortened(_ name: String) -> String {
    var name = Substring(name)
    while name.utf8.count > 200 { name = name.dropLast() }
    return String(name)
  }
}
