/// The few protocol-buffer messages of an event file.
///
///     Event    wall_time: double = 1, step: int64 = 2, file_version: string = 3,
///              summary: Summary = 5
///     Summary  value: repeated Value = 1
///     Value    tag: string = 1, simple_value: float = 2
///
/// Format: protobuf.dev/programming-guides/encoding, and TensorFlow's event.proto and summary.proto.
enum EventMessage {
  /// The first event of a file.
  static func version(time: Double) -> [UInt8] {
    field(1, time.bitPattern) + field(3, Array("brain.Event:2".utf8))
  }

  /// A record; values are rounded to float32, which is all that the message has room for.
  static func scalars(_ record: TrainingRecord) -> [UInt8] {
    var summary: [UInt8] = []
    for entry in record.entries {
      summary += field(
        1, field(1, Array(entry.name.utf8)) + field(2, Float(entry.value).bitPattern))
    }
    return field(1, record.time.bitPattern) + varint(2 << 3)
      + varint(UInt64(bitPattern: Int64(record.step))) + field(5, summary)
  }

  private static func field(_ number: UInt64, _ bits: UInt64) -> [UInt8] {
    varint(number << 3 | 1) + littleEndian(bits)
  }

  private static func field(_ number: UInt64, _ bits: UInt32) -> [UInt8] {
    varint(number << 3 | 5) + littleEndian(bits)
  }

  private static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  /// Seven bits per byte, the lowest first; the highest bit says that more follow.
  private static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    stride(from: 0, to: Value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
