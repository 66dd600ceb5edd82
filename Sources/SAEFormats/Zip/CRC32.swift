/// The checksum of zip archives, and of data that is to be recognized later: CRC-32 with the polynomial
/// 0xEDB88320, least significant bit first.
///
/// Eight bytes per step, by eight tables (Kounavis and Berry, "Novel Table Lookup-Based Algorithms for
/// High-Performance CRC Generation", 2008).
package struct CRC32 {
  private var state: UInt32 = 0xFFFF_FFFF

  /// The checksum of all bytes so far.
  package var value: UInt32 { ~state }

  package init() {}

  package static func of(_ bytes: RawSpan) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes)
    return crc.value
  }

  package static func of(_ bytes: [UInt8]) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes)
    return crc.value
  }

  package mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

  package mutating func update(_ bytes: RawSpan) { update(Span<UInt8>(_bytes: bytes)) }

  /// Numbers as their bytes in a file, lowest first.
  package mutating func update(_ values: [Float]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * values.count)
    for value in values {
      for shift in stride(from: 0, to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
      }
    }
    update(bytes.span)
  }

  private mutating func update(_ bytes: Span<UInt8>) {
    let tables = CRC32.tables
    var crc = state
    var index = 0
    while bytes.count - index >= 8 {
      let low =
        crc
        ^ (UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
          | UInt32(bytes[index + 3]) << 24)
      crc =
        tables[0x700 + Int(low & 0xFF)] ^ tables[0x600 + Int(low >> 8 & 0xFF)]
        ^ tables[0x500 + Int(low >> 16 & 0xFF)] ^ tables[0x400 + Int(low >> 24)]
        ^ tables[0x300 + Int(bytes[index + 4])] ^ tables[0x200 + Int(bytes[index + 5])]
        ^ tables[0x100 + Int(bytes[index + 6])] ^ tables[Int(bytes[index + 7])]
      index += 8
    }
    while index < bytes.count {
      crc = crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[index])) & 0xFF)]
      index += 1
    }
    state = crc
  }

  /// Table n, from index 256 n on: the contribution of a byte when n more bytes follow it.
  private static let tables: [UInt32] = {
    var tables = (0..<256).map { (byte: UInt32) in
      (0..<8).reduce(byte) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    for index in 256..<2048 {
      let before = tables[index - 256]
      tables.append(before >> 8 ^ tables[Int(before & 0xFF)])
    }
    return tables
  }()
}
