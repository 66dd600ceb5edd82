/// The random order in which ``ShuffledActivations`` reads blocks and draws rows, without the rows
/// themselves.
///
/// A place in the order is a few numbers, those of ``ShuffledActivations/Position``: the generator when the
/// epoch began, and how many rows of the epoch have been drawn. Going through the epoch again, which takes
/// some nanoseconds per row, tells what the buffer holds there.
struct ShuffledOrder: Sendable {
  let bufferTokens: Int
  /// What is read at a time.
  let blocks: RowBlocks
  /// Rows that a block was to have, about.
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
  /// The blocks of the epoch.
  private var sequence: [Int] = []
  private var nextBlock = 0

  /// The beginning of an epoch.
  ///
  /// - Precondition: all sizes are positive, and the buffer has room for the largest block and no more
  ///   rows than there are.
  init(
    blocks: RowBlocks, bufferTokens: Int, blockTokens: Int, epoch: Int, generator: RandomGenerator
  ) {
    self.blocks = blocks
    self.bufferTokens = bufferTokens
    self.blockTokens = blockTokens
    self.epoch = epoch
    self.generator = generator
    epochGenerator = generator
    beginEpoch()
  }

  /// Rows of an epoch.
  var tokens: Int { blocks.rowCount }

  var position: ShuffledActivations.Position {
    ShuffledActivations.Position(
      epoch: epoch, drawn: drawn, generator: epochGenerator.state, tokens: tokens,
      bufferTokens: bufferTokens, blockTokens: blockTokens)
  }

  /// The block to be read next, behind the rows in the buffer; nil if there is no room for it.
  /// Begins the next epoch if nothing is left of this one.
  mutating func blockToRead() -> Range<Int>? {
    if filled == 0, nextBlock == sequence.count {
      epoch += 1
      epochGenerator = generator
      beginEpoch()
    }
    guard nextBlock < sequence.count else { return nil }
    let block = blocks[sequence[nextBlock]]
    return bufferTokens - filled >= block.count ? block : nil
  }

  /// The blocks that are read next, the first of them being ``blockToRead()``.
  func blocksAhead(_ count: Int) -> [Range<Int>] {
    sequence[nextBlock...].prefix(count).map { blocks[$0] }
  }

  /// Notes that the next block is in the buffer.
  mutating func finishReading() {
    filled += blocks[sequence[nextBlock]].count
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

  private mutating func beginEpoch() {
    sequence = generator.permutation(of: blocks.count)
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
