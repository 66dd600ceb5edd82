/// The order in which ``ShuffledActivations`` reads blocks and draws rows: all that is random about
/// it, without the rows themselves.
///
/// A place in the order is told by few numbers, those of ``ShuffledActivations/Position``: the
/// generator as an epoch began, and how many rows of the epoch have been drawn. What the buffer holds
/// there is found by going through the epoch again, which takes some nanoseconds a row.
struct ShuffledOrder: Sendable {
  let tokens: Int
  let bufferTokens: Int
  let blockTokens: Int

  /// Epochs that have been drawn to their end.
  private(set) var epoch: Int
  /// Rows of the epoch that have been drawn.
  private(set) var drawn = 0
  /// Rows in the buffer.
  private(set) var filled = 0

  /// The generator when the epoch began.
  private var epochGenerator: RandomGenerator
  private var generator: RandomGenerator
  private var blocks: [Int] = []
  private var nextBlock = 0

  /// The beginning of an epoch.
  ///
  /// - Precondition: all sizes are positive, and neither a block nor the buffer has more rows than
  ///   there are.
  init(
    tokens: Int, bufferTokens: Int, blockTokens: Int, epoch: Int, generator: RandomGenerator
  ) {
    self.tokens = tokens
    self.bufferTokens = bufferTokens
    self.blockTokens = blockTokens
    self.epoch = epoch
    self.generator = generator
    epochGenerator = generator
    beginEpoch()
  }

  var position: ShuffledActivations.Position {
    ShuffledActivations.Position(
      epoch: epoch, drawn: drawn, generator: epochGenerator.state, tokens: tokens,
      bufferTokens: bufferTokens, blockTokens: blockTokens)
  }

  /// The block to be read next, behind the rows in the buffer; nil if there is no room for it.
  /// Begins the next epoch if nothing is left of this one.
  mutating func blockToRead() -> Range<Int>? {
    if filled == 0, nextBlock == blocks.count {
      epoch += 1
      epochGenerator = generator
      beginEpoch()
    }
    guard nextBlock < blocks.count else { return nil }
    let block = rows(of: blocks[nextBlock])
    return bufferTokens - filled >= block.count ? block : nil
  }

  /// The blocks that are read next, the first of them being ``blockToRead()``.
  func blocksAhead(_ count: Int) -> [Range<Int>] {
    blocks[nextBlock...].prefix(count).map { rows(of: $0) }
  }

  /// Notes that the next block is in the buffer.
  mutating func finishReading() {
    filled += rows(of: blocks[nextBlock]).count
    nextBlock += 1
  }

  /// Draws a row.
  ///
  /// - Returns: the row of the buffer that is drawn, and the one that takes its place: the last.
  /// - Precondition: the buffer is not empty.
  mutating func draw() -> (row: Int, last: Int) {
    let row = generator.index(below: filled)
    filled -= 1
    drawn += 1
    return (row, filled)
  }

  private func rows(of block: Int) -> Range<Int> {
    block * blockTokens..<min((block + 1) * blockTokens, tokens)
  }

  private mutating func beginEpoch() {
    blocks = generator.permutation(of: (tokens + blockTokens - 1) / blockTokens)
    nextBlock = 0
    drawn = 0
  }
}

extension ShuffledOrder {
  /// Goes on until so many rows of the epoch have been drawn.
  ///
  /// - Returns: for each row that the buffer then holds, its row in the source.
  mutating func advance(toDrawn count: Int) -> [Int] {
    var buffer = [Int](repeating: 0, count: bufferTokens)
    while drawn < count {
      while let block = blockToRead() {
        for (offset, row) in block.enumerated() { buffer[filled + offset] = row }
        finishReading()
      }
      let (row, last) = draw()
      buffer[row] = buffer[last]
    }
    return Array(buffer.prefix(filled))
  }
}
