import Foundation

/// What normalization knows of scalars, asked once of the system for all of them.
struct NormalizationData: Sendable {
  private let decompositions: [UInt32: [Unicode.Scalar]]
  private let compositions: [UInt64: Unicode.Scalar]
  /// One bit for each scalar below 0x30000 that changes, moves, or composes with one before it.
  private let active: [UInt64]

  private static let canonical = NormalizationData(isCompatible: false)
  private static let compatible = NormalizationData(isCompatible: true)

  static func of(_ isCompatible: Bool) -> NormalizationData {
    isCompatible ? compatible : canonical
  }

  private init(isCompatible: Bool) {
    var decompositions: [UInt32: [Unicode.Scalar]] = [:]
    var compositions: [UInt64: Unicode.Scalar] = [:]
    var active = [UInt64](repeating: 0, count: 0x3_0000 / 64)
    func activate(_ value: UInt32) {
      if value < 0x3_0000 { active[Int(value >> 6)] |= 1 << UInt64(value & 63) }
    }
    for value in UInt32(0x80)..<0x3_0000 where !NormalizationData.isInertBlock(value) {
      guard let scalar = Unicode.Scalar(value),
        scalar.properties.generalCategory != .unassigned
      else { continue }
      if scalar.properties.canonicalCombiningClass != .notReordered { activate(value) }
      let text = String(scalar)
      let canonical = Array(text.decomposedStringWithCanonicalMapping.unicodeScalars)
      let parts =
        isCompatible
        ? Array(text.decomposedStringWithCompatibilityMapping.unicodeScalars) : canonical
      if parts != [scalar] {
        decompositions[value] = parts
        activate(value)
      }
      guard canonical.count > 1, let last = canonical.last,
        Array(text.precomposedStringWithCanonicalMapping.unicodeScalars) == [scalar]
      else { continue }
      var head = String.UnicodeScalarView()
      head.append(contentsOf: canonical.dropLast())
      let first = Array(String(head).precomposedStringWithCanonicalMapping.unicodeScalars)
      guard first.count == 1 else { continue }
      compositions[NormalizationData.pair(first[0], last)] = scalar
      activate(last.value)
    }
    // Vowels and finals of Hangul compose by rule.
    for value in UInt32(0x1161)...0x1175 { activate(value) }
    for value in UInt32(0x11A8)...0x11C2 { activate(value) }
    for value in UInt32(0xAC00)...0xD7A3 { activate(value) }
    self.decompositions = decompositions
    self.compositions = compositions
    self.active = active
  }

  /// Large blocks in which nothing decomposes, or all does by rule.
  private static func isInertBlock(_ value: UInt32) -> Bool {
    switch value {
    case 0x3400...0x9FFF, 0xAC00...0xD7A3, 0xE000...0xF8FF, 0x2_0000...0x2_F7FF: true
    default: false
    }
  }

  /// Whether a scalar stays as it is whatever comes before it.
  func isInert(_ value: UInt32) -> Bool {
    value >= 0x3_0000 && !(0xE_0000..<0xF_0000).contains(value)
      || value < 0x3_0000 && active[Int(value >> 6)] >> UInt64(value & 63) & 1 == 0
  }

  func decomposition(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    if let parts = decompositions[scalar.value] { return parts }
    guard (0xAC00...0xD7A3).contains(scalar.value) else { return [scalar] }
    let index = scalar.value - 0xAC00
    let values = [0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + index % 28]
    return values.dropLast(index % 28 == 0 ? 1 : 0).compactMap { Unicode.Scalar($0) }
  }

  func composition(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
    if let whole = compositions[NormalizationData.pair(first, second)] { return whole }
    let (a, b) = (first.value, second.value)
    if (0x1100...0x1112).contains(a), (0x1161...0x1175).contains(b) {
      return Unicode.Scalar(0xAC00 + ((a - 0x1100) * 21 + b - 0x1161) * 28)
    }
    if (0xAC00...0xD7A3).contains(a), (a - 0xAC00) % 28 == 0, (0x11A8...0x11C2).contains(b) {
      return Unicode.Scalar(a + b - 0x11A7)
    }
    return nil
  }

  private static func pair(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> UInt64 {
    UInt64(first.value) << 32 | UInt64(second.value)
  }
}
