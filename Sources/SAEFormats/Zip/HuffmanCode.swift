/// A Huffman code of deflate, as a table from the next bits to the symbol they begin with.
///
/// Source: RFC 1951, section 3.2.2.
struct HuffmanCode {
  /// At each value of the next ``width`` bits, first bit lowest: symbol × 16 + length of its code;
  /// 0 where no code begins so.
  let table: [UInt16]
  /// Length of the longest code.
  let width: Int

  /// A code from the lengths of its symbols' codes, 0 for symbols that do not occur.
  ///
  /// `mayBeIncomplete` allows a lone code of one bit, or none at all.
  init(lengths: some Collection<UInt8>, mayBeIncomplete: Bool) throws(DeflateError) {
    var counts = [Int](repeating: 0, count: 16)
    for length in lengths { counts[Int(length)] += 1 }
    counts[0] = 0
    var free = 1
    for length in 1..<16 {
      free = free * 2 - counts[length]
      if free < 0 { throw .overSubscribedCode }
    }
    self.init(checked: lengths)
    if free > 0 && !(mayBeIncomplete && width <= 1) { throw .incompleteCode }
  }

  /// A code whose lengths are known to be possible together.
  init(checked lengths: some Collection<UInt8>) {
    var counts = [Int](repeating: 0, count: 16)
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    let width = counts.lastIndex { $0 > 0 } ?? 0
    var next = [Int](repeating: 0, count: 17)
    for length in 1..<16 { next[length + 1] = (next[length] + counts[length]) << 1 }
    var table = [UInt16](repeating: 0, count: 1 << width)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let length = Int(length)
      let code = HuffmanCode.reversed(next[length], length)
      next[length] += 1
      for index in stride(from: code, to: table.count, by: 1 << length) {
        table[index] = UInt16(symbol << 4 | length)
      }
    }
    self.table = table
    self.width = width
  }

  private static func reversed(_ code: Int, _ length: Int) -> Int {
    var code = code
    var result = 0
    for _ in 0..<length {
      result = result << 1 | code & 1
      code >>= 1
    }
    return result
  }
}

/// A fault of a deflated stream.
enum DeflateError: Error, Equatable {
  case truncated
  case reservedBlockType
  case storedLengthMismatch
  case tooManySymbols
  case overSubscribedCode
  case incompleteCode
  case noEndOfBlock
  case repeatWithoutLength
  case tooManyLengths
  case invalidSymbol
  case distanceTooFar
  case bytesAfterEnd
  /// More comes out than the limit.
  case tooLong
}
