/// Reads bits from bytes, lowest bit of the first byte first.
struct BitReader {
  private let bytes: [UInt8]
  private var position = 0
  private var buffer: UInt64 = 0
  private var bufferedBits = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether no whole byte is left.
  var isAtEnd: Bool { position == bytes.count && bufferedBits < 8 }

  @inline(__always)
  private mutating func fill() {
    while bufferedBits <= 56 && position < bytes.count {
      buffer |= UInt64(bytes[position]) << UInt64(bufferedBits)
      position += 1
      bufferedBits += 8
    }
  }

  /// The next bits as a number, the first lowest; at most 16.
  @inline(__always)
  mutating func take(_ count: Int) throws(DeflateError) -> Int {
    if bufferedBits < count { fill() }
    guard bufferedBits >= count else { throw .truncated }
    let value = Int(truncatingIfNeeded: buffer & (1 << UInt64(count) - 1))
    drop(count)
    return value
  }

  /// The symbol whose code comes next.
  @inline(__always)
  mutating func symbol(_ code: HuffmanCode) throws(DeflateError) -> Int {
    if bufferedBits < code.width { fill() }
    let entry = code.table[Int(truncatingIfNeeded: buffer) & (code.table.count - 1)]
    let length = Int(entry & 15)
    guard length > 0 else { throw .invalidSymbol }
    guard length <= bufferedBits else { throw .truncated }
    drop(length)
    return Int(entry >> 4)
  }

  /// Skips the rest of a byte that was begun.
  mutating func skipToByte() { drop(bufferedBits & 7) }

  @inline(__always)
  private mutating func drop(_ count: Int) {
    buffer >>= UInt64(count)
    bufferedBits -= count
  }
}
