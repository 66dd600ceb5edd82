/// Names that something has until it is complete.
package enum TemporaryName {
  /// A hidden name in the same directory, so that renaming stays within one file system.
  package static func of(_ name: String) -> String {
    prefix(of: name) + String(UInt64.random(in: .min ... .max), radix: 36) + suffix
  }

  package static let suffix = ".partial"

  /// How the temporary names of a name begin.
  package static func prefix(of name: String) -> String { ".\(shortened(name))." }

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
