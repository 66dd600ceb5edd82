/// Decompresses gzip (RFC 1952): one member after another.
enum Gzip {
  /// All that some bytes hold.
  ///
  /// - Throws: ``DeflateError`` if the stream is broken or holds more than `limit` bytes.
  static func decompress(_ bytes: [UInt8], limit: Int) throws(DeflateError) -> [UInt8] {
    guard bytes.count >= 18, bytes[0] == 0x1F, bytes[1] == 0x8B, bytes[2] == 8 else {
      throw .truncated
    }
    let flags = bytes[3]
    var position = 10
    if flags & 4 != 0 {
      guard position + 2 <= bytes.count else { throw .truncated }
      position += 2 + Int(bytes[position]) + Int(bytes[position + 1]) << 8
    }
    // A name and a comment, each with a zero after it.
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      guard position < bytes.count, let end = bytes[position...].firstIndex(of: 0) else {
        throw .truncated
      }
      position = end + 1
    }
    if flags & 2 != 0 { position += 2 }
    guard position <= bytes.count - 8 else { throw .truncated }
    return try Inflate.inflate(Array(bytes[position..<bytes.count - 8]), limit: limit)
  }
}
