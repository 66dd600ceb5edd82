/// Batches of a source's rows in random order, each row once an epoch, for as long as they are asked
/// for.
///
/// Blocks of neighbouring rows are read in a random order into a mixing buffer, and rows are drawn
/// from all over it. Where the buffer holds all of the source the order is a uniform permutation;
/// else neighbours end up a buffer's length apart, and memory stays within the buffer. The order
/// depends on the seed and the settings alone.
public struct ShuffledActivations: Sendable {
  public let source: any ActivationSource
  /// Rows that wait to be drawn, at most.
  public let bufferTokens: Int
  /// Rows that are read at a time: what was asked for, to a multiple of the source's own blocks.
  public let blockTokens: Int

  /// Epochs that have been drawn to their end.
  public private(set) var epoch = 0

  private var generator: RandomGenerator
  private var buffer: Matrix
  private var filled = 0
  private var blocks: [Int] = []
  private var nextBlock = 0

  /// A shuffled reading that has drawn nothing yet.
  ///
  /// - Throws: ``InvalidOption`` if the source has no rows, or a size is not positive.
  public init(
    _ source: any ActivationSource, seed: UInt64, bufferTokens: Int = 1 << 16,
    blockTokens: Int = 256
  ) throws(InvalidOption) {
    try InvalidOption.check("activations", source.tokens, in: 1...Int.max)
    try InvalidOption.check("blockTokens", blockTokens, in: 1...Int.max)
    try InvalidOption.check("bufferTokens", bufferTokens, in: 1...Int.max)
    self.source = source
    let unit = max(1, source.blockTokens)
    self.blockTokens = min(max(1, blockTokens / unit) * unit, source.tokens)
    self.bufferTokens = min(max(bufferTokens, self.blockTokens), source.tokens)
    generator = RandomGenerator(seed: seed)
    buffer = Matrix(rows: self.bufferTokens, columns: source.width)
    beginEpoch()
  }

  /// The next rows; a batch that meets the end of an epoch goes on with the next.
  ///
  /// - Throws: what keeps rows from being read.
  public mutating func next(_ tokens: Int) throws -> Matrix {
    var batch = Matrix(rows: tokens, columns: source.width)
    for row in 0..<tokens {
      if filled == 0 || hasRoomForBlock { try refill() }
      let drawn = generator.index(below: filled)
      batch.copyRows(drawn..<drawn + 1, of: buffer, to: row)
      filled -= 1
      if drawn != filled { buffer.moveRow(filled, to: drawn) }
    }
    return batch
  }

  private var hasRoomForBlock: Bool {
    nextBlock < blocks.count && bufferTokens - filled >= nextRows.count
  }

  /// The rows of the block that is read next.
  private var nextRows: Range<Int> { rows(of: blocks[nextBlock]) }

  private func rows(of block: Int) -> Range<Int> {
    block * blockTokens..<min((block + 1) * blockTokens, source.tokens)
  }

  /// Blocks that the source is told of before they are read.
  private static let blocksAhead = 64

  /// Reads blocks while there is room for one.
  private mutating func refill() throws {
    if filled == 0, nextBlock == blocks.count {
      epoch += 1
      beginEpoch()
    }
    while hasRoomForBlock {
      source.prepare(
        blocks[nextBlock...].prefix(ShuffledActivations.blocksAhead).map { self.rows(of: $0) })
      let rows = nextRows
      try source.read(rows, into: &buffer, at: filled)
      filled += rows.count
      nextBlock += 1
    }
  }

  private mutating func beginEpoch() {
    blocks = generator.permutation(of: (source.tokens + blockTokens - 1) / blockTokens)
    nextBlock = 0
  }
}
