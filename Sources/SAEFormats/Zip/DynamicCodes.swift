/// The codes at the beginning of a block with codes of its own; RFC 1951, section 3.2.7.
enum DynamicCodes {
  private static let order = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
  ]

  static func read(
    _ input: inout BitReader
  ) throws(DeflateError) -> (literals: HuffmanCode, distances: HuffmanCode) {
    let literalCount = try input.take(5) + 257
    let distanceCount = try input.take(5) + 1
    let lengthCount = try input.take(4) + 4
    guard literalCount <= 286, distanceCount <= 30 else { throw .tooManySymbols }
    var lengthLengths = [UInt8](repeating: 0, count: 19)
    for symbol in order.prefix(lengthCount) { lengthLengths[symbol] = UInt8(try input.take(3)) }
    let lengthCode = try HuffmanCode(lengths: lengthLengths, mayBeIncomplete: false)

    var lengths: [UInt8] = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try input.symbol(lengthCode)
      switch symbol {
      case 0..<16: lengths.append(UInt8(symbol))
      case 16:
        guard let last = lengths.last else { throw .repeatWithoutLength }
        lengths.append(contentsOf: repeatElement(last, count: 3 + (try input.take(2))))
      case 17: lengths.append(contentsOf: repeatElement(0, count: 3 + (try input.take(3))))
      default: lengths.append(contentsOf: repeatElement(0, count: 11 + (try input.take(7))))
      }
    }
    guard lengths.count == literalCount + distanceCount else { throw .tooManyLengths }
    guard lengths[256] > 0 else { throw .noEndOfBlock }
    return (
      try HuffmanCode(lengths: lengths[..<literalCount], mayBeIncomplete: true),
      try HuffmanCode(lengths: lengths[literalCount...], mayBeIncomplete: true)
    )
  }
}
