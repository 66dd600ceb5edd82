/// The records of a zip archive whose members are stored.
///
/// Local headers carry sizes of 64 bits, as NumPy writes them; the directory does so only where 32
/// bits do not suffice.
enum ZipWriter {
  struct Member {
    /// In UTF-8.
    let name: [UInt8]
    let headerOffset: Int
    /// Bytes of data.
    let size: Int
    var checksum: UInt32 = 0
  }

  /// Bytes between a local header's beginning and the data, without the name.
  static let localHeaderSize = 30 + 20

  /// The first date that the format can express, 1980-01-01: archives of the same arrays are equal.
  private static let date: UInt16 = 1 << 5 | 1

  static func localHeader(_ member: Member) -> [UInt8] {
    var record = Record()
    record.append(0x0403_4B50 as UInt32)
    record.append(45 as UInt16)
    appendCommon(member, to: &record)
    record.append(UInt32.max)
    record.append(UInt32.max)
    record.append(UInt16(member.name.count))
    record.append(20 as UInt16)
    record.bytes += member.name
    record.append(1 as UInt16)
    record.append(16 as UInt16)
    record.append(UInt64(member.size))
    record.append(UInt64(member.size))
    return record.bytes
  }

  /// Flags, method, time and checksum.
  private static func appendCommon(_ member: Member, to record: inout Record) {
    let isASCII = member.name.allSatisfy { $0 < 0x80 }
    record.append(isASCII ? 0 : 0x800 as UInt16)
    record.append(0 as UInt16)
    record.append(0 as UInt16)
    record.append(date)
    record.append(member.checksum)
  }

  /// The directory, to stand at an offset, and the end records.
  static func directory(_ members: [Member], at offset: Int) -> [UInt8] {
    var record = Record()
    for member in members { appendEntry(member, to: &record) }
    let size = record.bytes.count
    let isLong =
      members.count >= Int(UInt16.max) || size >= Int(UInt32.max) || offset >= Int(UInt32.max)
    if isLong { appendZip64End(members.count, size, offset, to: &record) }
    record.append(0x0605_4B50 as UInt32)
    record.append(0 as UInt32)
    let count = isLong ? UInt16.max : UInt16(members.count)
    record.append(count)
    record.append(count)
    record.append(isLong ? UInt32.max : UInt32(size))
    record.append(isLong ? UInt32.max : UInt32(offset))
    record.append(0 as UInt16)
    return record.bytes
  }

  private static func appendEntry(_ member: Member, to record: inout Record) {
    var long = Record()
    let size = UInt32(clamping: member.size)
    let headerOffset = UInt32(clamping: member.headerOffset)
    if size == .max {
      long.append(UInt64(member.size))
      long.append(UInt64(member.size))
    }
    if headerOffset == .max { long.append(UInt64(member.headerOffset)) }
    record.append(0x0201_4B50 as UInt32)
    record.append(45 as UInt16)
    record.append(45 as UInt16)
    appendCommon(member, to: &record)
    record.append(size)
    record.append(size)
    record.append(UInt16(member.name.count))
    record.append(UInt16(long.bytes.isEmpty ? 0 : long.bytes.count + 4))
    // No comment, first disk, no attributes.
    record.append(0 as UInt32)
    record.append(0 as UInt16)
    record.append(0 as UInt32)
    record.append(headerOffset)
    record.bytes += member.name
    if !long.bytes.isEmpty {
      record.append(1 as UInt16)
      record.append(UInt16(long.bytes.count))
      record.bytes += long.bytes
    }
  }

  private static func appendZip64End(
    _ count: Int, _ size: Int, _ offset: Int, to record: inout Record
  ) {
    record.append(0x0606_4B50 as UInt32)
    record.append(44 as UInt64)
    record.append(45 as UInt16)
    record.append(45 as UInt16)
    record.append(0 as UInt64)
    record.append(UInt64(count))
    record.append(UInt64(count))
    record.append(UInt64(size))
    record.append(UInt64(offset))
    record.append(0x0706_4B50 as UInt32)
    record.append(0 as UInt32)
    record.append(UInt64(offset + size))
    record.append(1 as UInt32)
  }

  private struct Record {
    var bytes: [UInt8] = []

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
      for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
      }
    }
  }
}
