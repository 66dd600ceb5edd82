import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

@Suite struct InflateTests {
  /// What is compressed in the streams below: letters, and every byte, three times over.
  private var text: [UInt8] {
    let line = Array("the quick brown fox jumps over the lazy dog. ".utf8)
    let part = line + line + line + (UInt8.min...UInt8.max)
    return part + part + part
  }

  private func inflate(_ bytes: [UInt8], limit: Int = 1 << 20) throws(DeflateError) -> [UInt8] {
    try Inflate.inflate(bytes, limit: limit)
  }

  private func inflate(base64: String, limit: Int = 1 << 20) throws -> [UInt8] {
    try inflate([UInt8](try #require(Data(base64Encoded: base64))), limit: limit)
  }

  private func failure(_ bytes: [UInt8], limit: Int = 1 << 20) -> DeflateError? {
    do throws(DeflateError) {
      _ = try inflate(bytes, limit: limit)
      return nil
    } catch {
      return error
    }
  }

  @Test func streamsOfEveryBlockType() throws {
    #expect(try inflate(base64: "AwA=") == [])
    #expect(try inflate(base64: "S0xKTkRCAA==") == Array("abcabcabcabcabc".utf8))
    #expect(try inflate([0x01, 3, 0, 0xFC, 0xFF, 7, 8, 9]) == [7, 8, 9])
    #expect(try inflate(base64: dynamic) == text)
    #expect(try inflate(base64: huffmanOnly) == Array(text.prefix(300)))
    #expect(try inflate(base64: run) == [UInt8](repeating: 0, count: 70_000))
  }

  @Test func outputEndsAtItsLimit() throws {
    #expect(try inflate(base64: run, limit: 70_000).count == 70_000)
    #expect(throws: DeflateError.tooLong) { try inflate(base64: run, limit: 69_999) }
    #expect(throws: DeflateError.tooLong) { try inflate(base64: "S0xKTkRCAA==", limit: 2) }
    #expect(failure([0x01, 3, 0, 0xFC, 0xFF, 7, 8, 9], limit: 2) == .tooLong)
  }

  @Test func everyPrefixIsTooShort() throws {
    for stream in [dynamic, huffmanOnly] {
      let bytes = [UInt8](try #require(Data(base64Encoded: stream)))
      for count in 0..<bytes.count { #expect(failure(Array(bytes.prefix(count))) != nil) }
      #expect(failure(bytes + [0]) == .bytesAfterEnd)
    }
  }

  @Test func brokenBlocks() {
    #expect(failure([]) == .truncated)
    #expect(failure([0b111]) == .reservedBlockType)
    #expect(failure([0x01, 3, 0, 0xFC, 0xFE, 7, 8, 9]) == .storedLengthMismatch)
    // Fixed codes: length 3 (0000001), distance 1 (00000), with nothing put out yet.
    var bits = BitWriter([(1, 1), (1, 2)])
    bits.code(0b0000001, 7)
    bits.code(0, 5)
    #expect(failure(bits.bytes) == .distanceTooFar)
    // Fixed codes: the literal 0, then length 3 with the distance symbol 30, which means nothing.
    bits = BitWriter([(1, 1), (1, 2)])
    bits.code(0b00110000, 8)
    bits.code(0b0000001, 7)
    bits.code(30, 5)
    #expect(failure(bits.bytes) == .invalidSymbol)
    // The literal symbol 286, which means nothing.
    bits = BitWriter([(1, 1), (1, 2)])
    bits.code(0b11000110, 8)
    #expect(failure(bits.bytes) == .invalidSymbol)
  }

  @Test func brokenCodes() {
    // Last block, own codes, then the three counts.
    func header(_ literals: Int, _ distances: Int, _ lengths: [Int]) -> BitWriter {
      var bits = BitWriter([(1, 1), (2, 2)])
      bits.number(literals - 257, 5)
      bits.number(distances - 1, 5)
      bits.number(lengths.count - 4, 4)
      for length in lengths { bits.number(length, 3) }
      return bits
    }
    #expect(failure(header(287, 1, [0, 0, 0, 0]).bytes) == .tooManySymbols)
    #expect(failure(header(257, 31, [0, 0, 0, 0]).bytes) == .tooManySymbols)
    #expect(failure(header(257, 1, [1, 1, 1, 0]).bytes) == .overSubscribedCode)
    #expect(failure(header(257, 1, [1, 0, 0, 0]).bytes) == .incompleteCode)
    // Two codes of one bit: 16 (repeat) as 0 and 17 (zeros) as 1.
    var bits = header(257, 1, [1, 1, 0, 0])
    bits.code(0, 1)
    #expect(failure(bits.bytes) == .repeatWithoutLength)
    // 18 (many zeros) and 1, each of one bit: 138 zeros and then 138 more than there are symbols.
    let lengths = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    bits = header(257, 1, lengths)
    for _ in 0..<2 {
      bits.code(1, 1)
      bits.number(127, 7)
    }
    #expect(failure(bits.bytes) == .tooManyLengths)
    // 258 zeros: nothing says where the block ends.
    bits = header(257, 1, lengths)
    bits.code(1, 1)
    bits.number(127, 7)
    bits.code(1, 1)
    bits.number(120 - 11, 7)
    #expect(failure(bits.bytes) == .noEndOfBlock)
    // 255 zeros, then lengths of 1 for symbols 255 and 256 and for the one distance: a block that
    // ends at once, and the lone distance code is allowed.
    bits = header(257, 1, lengths)
    bits.code(1, 1)
    bits.number(127, 7)
    bits.code(1, 1)
    bits.number(117 - 11, 7)
    for _ in 0..<3 { bits.code(0, 1) }
    bits.code(1, 1)
    #expect(failure(bits.bytes) == nil)
  }

  @Test func aThousandMutations() throws {
    var generator = SeededGenerator(8)
    let good = [UInt8](try #require(Data(base64Encoded: dynamic)))
    for _ in 0..<1000 {
      if let output = try? inflate(mutate(good, &generator), limit: 5000) {
        #expect(output.count <= 5000)
      }
    }
  }

  private let dynamic = """
    K8lIVSgszUzOVkgqyi/PU0jLr1DIKs0tKFbIL0stUigBSuckVlUqpOSn64F5tFHMwMjEzMLKxs7BycXNw8vHLyAoJCwi\
    KiYuISklLSMrJ6+gqKSsoqqmrqGppa2jq6dvYGhkbGJqZm5haWVtY2tn7+Do5Ozi6ubu4enl7ePr5x8QGBQcEhoWHhEZ\
    FR0TGxefkJiUnJKalp6RmZWdk5uXX1BYVFxSWlZeUVlVXVNbV9/Q2NTc0trW3tHZ1d3T29c/YeKkyVOmTps+Y+as2XPm\
    zpu/YOGixUuWLlu+YuWq1WvWrlu/YeOmzVu2btu+Y+eu3Xv27tt/4OChw0eOHjt+4uSp02fOnjt/4eKly1euXrt+4+at\
    23fu3rv/4OGjx0+ePnv+4uWr12/evnv/4eOnz1++fvv+4+ev33/+/vtfMhoNo9EwGg3QaAAA
    """
  private let huffmanOnly = """
    BcGDYsNQFADQ2bZ3Z3e2bdtr2hcnr3Ha2bbND905Ko1A0hgbB4SMDRFIbAKrCQ4FsI5kUGkEvNXlBDumLKDSCCSNsXFA\
    yNgQgcQmsJrgUADrSAaVRsBbXU6wY8oCKo1A0hgbB4SMDRFIbAKrCQ4FsI5kUGkEvNXlBDumLODm7uHp5e3j6+cfEBgU\
    HBIaFh4RGRUdExsXn5CYlJySCmnpGZlZ2Tm5efkFhUWW4pLSsvKKyqrqmtq6+obGpuaW1rb2js6u7p7evv6BwaHhkdGx\
    8YnJqemZ2bn5hcWl5RUrYbMjkqIZluMFETskWVE13TCdrtW19Y3Nre2d3b39g8Oj45PTs/OLy6vrm9u7+4fHp+eX17f3\
    j8+v75/fv38=
    """
  private let run = """
    7cExAQAAAMKg9U9tCU+gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAIC3AQ==
    """
}

/// Puts bits together as deflate wants them.
private struct BitWriter {
  private var bits: [Bool] = []

  init(_ numbers: [(value: Int, count: Int)]) {
    for (value, count) in numbers { number(value, count) }
  }

  /// A number, lowest bit first.
  mutating func number(_ value: Int, _ count: Int) {
    for bit in 0..<count { bits.append(value >> bit & 1 == 1) }
  }

  /// A Huffman code, highest bit first.
  mutating func code(_ value: Int, _ count: Int) {
    for bit in (0..<count).reversed() { bits.append(value >> bit & 1 == 1) }
  }

  var bytes: [UInt8] {
    stride(from: 0, to: bits.count, by: 8).map { start in
      bits[start..<min(start + 8, bits.count)].enumerated().reduce(0) {
        $0 | ($1.element ? 1 << UInt8($1.offset) : 0)
      }
    }
  }
}
