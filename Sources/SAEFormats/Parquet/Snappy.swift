/// Decompresses Snappy's raw format.
///
/// Source: Google, "Snappy compressed format description".
enum Snappy {
  /// All that some bytes hold; nil if they are broken or hold another number of bytes.
  static func decompress(_ bytes: ArraySlice<UInt8>, count: Int) -> [UInt8]? {
    var position = bytes.startIndex
    var declared = 0
    var shift = 0
    while true {
      guard position < bytes.endIndex, shift < 35 else { return nil }
      let byte = bytes[position]
      position += 1
      declared |= Int(byte & 0x7F) << shift
      shift += 7
      if byte & 0x80 == 0 { break }
    }
    guard declared == count else { return nil }
    var output: [UInt8] = []
    // Three bytes give 64 at most.
    output.reserveCapacity(min(count, 32 * bytes.count + 64))
    func number(_ size: Int) -> Int? {
      guard bytes.endIndex - position >= size else { return nil }
      var value = 0
      for offset in 0..<size { value |= Int(bytes[position + offset]) << (8 * offset) }
      position += size
      return value
    }
    while position < bytes.endIndex {
      let tag = bytes[position]
      position += 1
      if tag & 3 == 0 {
        var length = Int(tag >> 2)
        if length >= 60 {
          guard let found = number(length - 59) else { return nil }
          length = found
        }
        length += 1
        guard length <= bytes.endIndex - position, length <= count - output.count else {
          return nil
        }
        output.append(contentsOf: bytes[position..<position + length])
        position += length
        continue
      }
      var length = Int(tag >> 2) + 1
      var offset: Int?
      switch tag & 3 {
      case 1:
        length = Int(tag >> 2 & 7) + 4
        offset = number(1).map { Int(tag >> 5) << 8 | $0 }
      case 2: offset = number(2)
      default: offset = number(4)
      }
      guard let offset, offset > 0, offset <= output.count, length <= count - output.count else {
        return nil
      }
      // One by one: source and target may overlap.
      for _ in 0..<length { output.append(output[output.count - offset]) }
    }
    return output.count == count ? output : nil
  }
}
