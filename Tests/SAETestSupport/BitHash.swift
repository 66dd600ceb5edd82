import SAETensor

/// A hash of numbers to the bit: FNV-1a of 64 bits, over little-endian words.
///
/// Source: Fowler, Noll and Vo, RFC 9923.
package struct BitHash: Sendable, Equatable, CustomStringConvertible {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  package init() {}

  /// A hash of a value, as ``add(_:)`` takes it.
  package init(_ value: Any) { add(value) }

  /// The hash as sixteen digits.
  package var description: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  package mutating func add(bytes: some Sequence<UInt8>) {
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }

  private mutating func add(word: some FixedWidthInteger) {
    withUnsafeBytes(of: word.littleEndian) { add(bytes: $0) }
  }

  /// Adds the numbers, texts and truth values that a value consists of, in the order of its properties:
  /// names of types and properties do not count. The order of sets and dictionaries does not count
  /// either.
  package mutating func add(_ value: Any) {
    switch value {
    case let numbers as [Float]: for number in numbers { add(word: number.bitPattern) }
    case let numbers as [Double]: for number in numbers { add(word: number.bitPattern) }
    case let number as Float: add(word: number.bitPattern)
    case let number as Double: add(word: number.bitPattern)
    case let number as Int: add(word: number)
    case let number as UInt32: add(word: number)
    case let number as UInt64: add(word: number)
    case let flag as Bool: add(bytes: [flag ? 1 : 0])
    case let text as String:
      add(word: text.utf8.count)
      add(bytes: text.utf8)
    case let matrix as Matrix:
      add([matrix.rows, matrix.columns])
      add(matrix.array)
    default: add(partsOf: value)
    }
  }

  private mutating func add(partsOf value: Any) {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: add(mirror.children.count == 1)
    case .collection: add(mirror.children.count)
    case .set, .dictionary:
      add(mirror.children.count)
      add(mirror.children.reduce(UInt64(0)) { $0 &+ BitHash($1.value).state })
      return
    case .enum where mirror.children.isEmpty:
      add("\(value)")
      return
    default:
      precondition(!mirror.children.isEmpty, "\(type(of: value)) has no parts to be hashed")
    }
    for child in mirror.children { add(child.value) }
  }
}
