/// Numbers in runs of one value and in packed bits, by turns.
///
/// Source: Apache Parquet, "Run length encoding / bit-packing hybrid".
struct HybridRuns {
  private let bytes: ArraySlice<UInt8>
  private let width: Int
  private var position: Int
  private var repeated = 0
  private var value: UInt32 = 0
  /// Packed values that are left, and the next bit of them.
  private var packed = 0
  private var bit = 0

  /// - Parameter width: bits of a value, at most 32.
  init(_ bytes: ArraySlice<UInt8>, width: Int) {
    self.bytes = bytes
    self.width = width
    position = bytes.startIndex
  }

  /// The next number; nil where the bytes end or are broken.
  mutating func next() -> UInt32? {
    while true {
      if repeated > 0 {
        repeated -= 1
        return value
      }
      if packed > 0 {
        packed -= 1
        var result: UInt32 = 0
        for offset in 0..<width {
          let index = position + (bit + offset) >> 3
          guard index < bytes.endIndex else { return nil }
          result |= UInt32(bytes[index] >> UInt8((bit + offset) & 7) & 1) << UInt32(offset)
        }
        bit += width
        if packed == 0 {
          position += (bit + 7) >> 3
          bit = 0
        }
        return result
      }
      guard width > 0 || position < bytes.endIndex, let head = varint(), head > 1 else {
        return nil
      }
      if head & 1 == 1 {
        packed = (head >> 1) * 8
      } else {
        repeated = head >> 1
        value = 0
        for offset in 0..<(width + 7) / 8 {
          guard position < bytes.endIndex else { return nil }
          value |= UInt32(bytes[position]) << UInt32(8 * offset)
          position += 1
        }
      }
    }
  }

  private mutating func varint() -> Int? {
    var value = 0
    for shift in stride(from: 0, to: 35, by: 7) {
      guard position < bytes.endIndex else { return nil }
      let byte = bytes[position]
      position += 1
      value |= Int(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
