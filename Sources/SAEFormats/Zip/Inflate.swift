/// Decompresses raw deflate streams.
///
/// Written here because the system's zlib is in no module of the toolchain and Foundation
/// decompresses on Darwin alone.
///
/// Source: RFC 1951; the strictness about codes is that of zlib 1.3.
struct Inflate {
  private var input: BitReader
  private var output: [UInt8] = []
  /// How much of `output` has been written.
  private var count = 0
  private let limit: Int

  private init(_ bytes: [UInt8], limit: Int) {
    input = BitReader(bytes)
    self.limit = limit
  }

  /// All that a stream holds.
  ///
  /// Memory grows as the output does, at most twofold at a time, and never beyond the limit.
  ///
  /// - Throws: ``DeflateError`` if the stream is broken, does not end where the bytes do, or holds
  ///   more than `limit` bytes.
  static func inflate(_ bytes: [UInt8], limit: Int) throws(DeflateError) -> [UInt8] {
    var inflate = Inflate(bytes, limit: limit)
    try inflate.run()
    return inflate.output
  }

  private mutating func run() throws(DeflateError) {
    var isLast = false
    while !isLast {
      isLast = try input.take(1) == 1
      switch try input.take(2) {
      case 0: try storedBlock()
      case 1: try compressedBlock(Inflate.fixedLiterals, Inflate.fixedDistances)
      case 2:
        let (literals, distances) = try DynamicCodes.read(&input)
        try compressedBlock(literals, distances)
      default: throw .reservedBlockType
      }
    }
    guard input.isAtEnd else { throw .bytesAfterEnd }
    output.removeLast(output.count - count)
  }

  private mutating func storedBlock() throws(DeflateError) {
    input.skipToByte()
    let length = try input.take(16)
    guard try input.take(16) == length ^ 0xFFFF else { throw .storedLengthMismatch }
    try makeRoom(length)
    for _ in 0..<length {
      output[count] = UInt8(try input.take(8))
      count += 1
    }
  }

  /// Room for `more` bytes after those written.
  private mutating func makeRoom(_ more: Int) throws(DeflateError) {
    guard more <= limit - count else { throw .tooLong }
    if output.count - count < more {
      let size = min(limit, max(2 * output.count, count + more, 1 << 12))
      output.append(contentsOf: repeatElement(0, count: size - output.count))
    }
  }

  private mutating func compressedBlock(
    _ literals: HuffmanCode, _ distances: HuffmanCode
  ) throws(DeflateError) {
    let (lengthBases, lengthExtraBits) = (Inflate.lengthBases, Inflate.lengthExtraBits)
    let (distanceBases, distanceExtraBits) = (Inflate.distanceBases, Inflate.distanceExtraBits)
    while true {
      let symbol = try input.symbol(literals)
      if symbol < 256 {
        if count == output.count { try makeRoom(1) }
        output[count] = UInt8(symbol)
        count += 1
      } else if symbol == 256 {
        return
      } else {
        guard symbol < 286 else { throw .invalidSymbol }
        let length =
          Int(lengthBases[symbol - 257]) + (try input.take(Int(lengthExtraBits[symbol - 257])))
        let distanceSymbol = try input.symbol(distances)
        guard distanceSymbol < 30 else { throw .invalidSymbol }
        let distance =
          Int(distanceBases[distanceSymbol])
          + (try input.take(Int(distanceExtraBits[distanceSymbol])))
        guard distance <= count else { throw .distanceTooFar }
        try makeRoom(length)
        // One by one: source and target may overlap, which repeats the bytes between them.
        for index in count..<count + length { output[index] = output[index - distance] }
        count += length
      }
    }
  }

  // Section 3.2.5.
  private static let lengthBases: [UInt16] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let lengthExtraBits: [UInt8] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distanceBases: [UInt16] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
    3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]
  private static let distanceExtraBits: [UInt8] = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
  ]

  // Section 3.2.6.
  private static let fixedLiterals = HuffmanCode(
    checked: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  private static let fixedDistances = HuffmanCode(checked: [UInt8](repeating: 5, count: 32))
}
