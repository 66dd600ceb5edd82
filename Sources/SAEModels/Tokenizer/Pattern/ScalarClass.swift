/// The class of every Unicode scalar that patterns tell apart, as a number below 64: its general
/// category, but for three groups that `\s` and `\w` need by themselves.
enum ScalarClass {
  /// A control character that is white space.
  static let controlSpace: UInt8 = 40
  /// A symbol that is alphabetic, such as a letter in a circle.
  static let alphabeticSymbol: UInt8 = 41
  /// The two scalars that join or keep apart the letters around them.
  static let joinControl: UInt8 = 42

  /// The class of each scalar.
  static let table: [UInt8] = {
    var table = [UInt8](repeating: code(.unassigned), count: 0x11_0000)
    // Planes 4 to 13 are empty.
    for plane in [0, 1, 2, 3, 14, 15, 16] {
      for value in plane << 16..<(plane + 1) << 16 {
        guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
        table[value] = find(scalar)
      }
    }
    return table
  }()

  private static func find(_ scalar: Unicode.Scalar) -> UInt8 {
    let properties = scalar.properties
    let category = properties.generalCategory
    switch category {
    case .control where properties.isWhitespace: return controlSpace
    case .otherSymbol where properties.isAlphabetic: return alphabeticSymbol
    case .format where scalar.value == 0x200C || scalar.value == 0x200D: return joinControl
    default: return code(category)
    }
  }

  private static func code(_ category: Unicode.GeneralCategory) -> UInt8 {
    UInt8(truncatingIfNeeded: order.firstIndex { $0.category == category } ?? 0)
  }

  /// Categories by their abbreviation.
  private static let order: [(name: String, category: Unicode.GeneralCategory)] = [
    ("Cn", .unassigned), ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter),
    ("Lt", .titlecaseLetter), ("Lm", .modifierLetter), ("Lo", .otherLetter),
    ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
    ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber),
    ("Pc", .connectorPunctuation), ("Pd", .dashPunctuation), ("Ps", .openPunctuation),
    ("Pe", .closePunctuation), ("Pi", .initialPunctuation), ("Pf", .finalPunctuation),
    ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
    ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator),
    ("Zl", .lineSeparator), ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format),
    ("Cs", .surrogate), ("Co", .privateUse),
  ]

  /// The classes that a property's name stands for, such as "L" or "Nd", one bit each; nil for one that
  /// is not known.
  static func mask(property name: String) -> UInt64? {
    var mask: UInt64 = 0
    for (index, entry) in order.enumerated()
    where entry.name == name || name.utf8.count == 1 && entry.name.hasPrefix(name) {
      mask |= 1 << UInt64(index)
    }
    guard mask != 0 else { return nil }
    func add(_ code: UInt8, of names: [String]) {
      if names.contains(name) { mask |= 1 << UInt64(code) }
    }
    add(controlSpace, of: ["C", "Cc"])
    add(alphabeticSymbol, of: ["S", "So"])
    add(joinControl, of: ["C", "Cf"])
    return mask
  }

  private static func union(_ names: [String], _ codes: [UInt8]) -> UInt64 {
    names.reduce(0) { $0 | (mask(property: $1) ?? 0) }
      | codes.reduce(0) { $0 | 1 << UInt64($1) }
  }

  /// `\s`: the property White_Space.
  static let space = union(["Z"], [controlSpace])
  /// `\d`.
  static let digit = union(["Nd"], [])
  /// Numbers of every kind, decimal or not.
  static let numeric = union(["N"], [])
  /// `\w`: alphabetic scalars, marks, decimal digits, connectors and joiners (Unicode Technical
  /// Standard 18, Annex C).
  static let word = union(["L", "M", "Nd", "Nl", "Pc"], [alphabeticSymbol, joinControl])
}
