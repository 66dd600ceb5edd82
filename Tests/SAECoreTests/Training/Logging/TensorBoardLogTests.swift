import Foundation
import SAETestSupport
import Testing

@testable import SAECore

@Suite struct TensorBoardLogTests {
  /// RFC 3720, appendix B.4, and the usual check value.
  @Test func checksums() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(0..<32 as Range<UInt8>) == 0x46DD_794E)
    #expect(CRC32C.checksum([]) == 0)
  }

  /// The bytes that every event file begins with: a length of 24, its checksum, field 1.
  @Test func beginsAsEveryEventFile() throws {
    let scratch = try ScratchFolder()
    let log = try TensorBoardLog(folder: scratch.file("run"), time: 1)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: log.path)))
    #expect(
      bytes.prefix(13) == [0x18, 0, 0, 0, 0, 0, 0, 0, 0xA3, 0x7F, 0x4B, 0x22, 0x09])
    #expect(bytes.count == 8 + 4 + 24 + 4)
    #expect(log.path.contains("/run/events.out.tfevents.1."))
  }

  @Test func whatIsWrittenReadsBack() throws {
    let scratch = try ScratchFolder()
    let log = try TensorBoardLog(folder: scratch.path, time: 12.5)
    let records = [
      TrainingRecord(step: 1, time: 13.25, [("loss", 0.1), ("loss/l1", -3e-9)]),
      TrainingRecord(step: 1 << 40, time: 14, [("ñ", .infinity)]),
      TrainingRecord(step: 300, time: 15, []),
      TrainingRecord(
        step: 301, time: 16, (0..<200).map { ("metric/number \($0)", Double($0)) }),
    ]
    for record in records { try log.write(record) }
    let events = try EventFile.read(log.path)
    #expect(events.count == records.count + 1)
    #expect(events[0].version == "brain.Event:2" && events[0].time == 12.5)
    for (event, record) in zip(events.dropFirst(), records) {
      #expect(event.step == record.step && event.time == record.time)
      #expect(event.tags == record.entries.map(\.name))
      #expect(event.values == record.entries.map { Float($0.value) })
    }
  }

  @Test func everyRunHasAFileOfItsOwn() throws {
    let scratch = try ScratchFolder()
    let first = try TensorBoardLog(folder: scratch.path, time: 5)
    let second = try TensorBoardLog(folder: scratch.path, time: 5)
    #expect(first.path < second.path)
    #expect(scratch.names.count == 2)
    #expect(throws: FileError.self) {
      try TensorBoardLog(folder: scratch.file("no/such"), time: 5)
    }
  }
}

/// Event files, read after their definition alone.
struct EventFile {
  struct Event {
    var time = 0.0
    var step = 0
    var version = ""
    var tags: [String] = []
    var values: [Float] = []
  }

  struct Malformed: Error { let what: String }

  enum Field {
    case number(UInt64)
    case bytes([UInt8])
  }

  static func read(_ path: String) throws -> [Event] {
    var rest = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))[...]
    var events: [Event] = []
    while !rest.isEmpty {
      let length = rest.prefix(8)
      let count = Int(number(length))
      guard rest.count >= 16 + count else { throw Malformed(what: "length") }
      let data = rest.dropFirst(12).prefix(count)
      for (covered, at) in [(length, 8), (data, 12 + count)] {
        let stored = UInt32(number(rest.dropFirst(at).prefix(4)))
        let unmasked = stored &- 0xA282_EAD8
        guard unmasked << 15 | unmasked >> 17 == bitwiseChecksum(covered) else {
          throw Malformed(what: "checksum")
        }
      }
      events.append(try event(Array(data)))
      rest = rest.dropFirst(16 + count)
    }
    return events
  }

  /// CRC-32C bit by bit.
  static func bitwiseChecksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var remainder = UInt32.max
    for byte in bytes {
      for bit in 0..<8 {
        let isOdd = (remainder ^ UInt32(byte >> bit)) & 1 == 1
        remainder = (remainder >> 1) ^ (isOdd ? 0x82F6_3B78 : 0)
      }
    }
    return ~remainder
  }

  private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func event(_ bytes: [UInt8]) throws -> Event {
    var event = Event()
    for (name, field) in try fields(bytes) {
      switch (name, field) {
      case (1, .number(let bits)): event.time = Double(bitPattern: bits)
      case (2, .number(let step)): event.step = Int(step)
      case (3, .bytes(let text)): event.version = String(decoding: text, as: UTF8.self)
      case (5, .bytes(let summary)):
        for case (1, .bytes(let value)) in try fields(summary) {
          for part in try fields(value) {
            switch part {
            case (1, .bytes(let tag)): event.tags.append(String(decoding: tag, as: UTF8.self))
            case (2, .number(let bits)): event.values.append(Float(bitPattern: UInt32(bits)))
            default: throw Malformed(what: "value")
            }
          }
        }
      default: throw Malformed(what: "field \(name)")
      }
    }
    return event
  }

  private static func fields(_ bytes: [UInt8]) throws -> [(Int, Field)] {
    var rest = bytes[...]
    func varint() throws -> UInt64 {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 7) {
        guard let byte = rest.popFirst() else { throw Malformed(what: "varint") }
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
      }
      throw Malformed(what: "varint")
    }
    func take(_ count: Int) throws -> [UInt8] {
      guard rest.count >= count else { throw Malformed(what: "field") }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    var found: [(Int, Field)] = []
    while !rest.isEmpty {
      let key = try varint()
      let field: Field =
        switch key & 7 {
        case 0: .number(try varint())
        case 1: .number(number(try take(8)))
        case 2: .bytes(try take(Int(try varint())))
        case 5: .number(number(try take(4)))
        default: throw Malformed(what: "wire type")
        }
      found.append((Int(key >> 3), field))
    }
    return found
  }
}
