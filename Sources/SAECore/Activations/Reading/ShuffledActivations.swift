/// Batches of a source's rows in random order, each row once per epoch, without end.
///
/// Blocks of neighboring rows are read in a random order into a mixing buffer, and rows are drawn
/// from all over it. Where the buffer holds all of the source the order is a uniform permutation;
/// else neighbors end up a buffer's length apart, and memory stays within the buffer. The order
/// depends on the seed and the settings alone.
public struct ShuffledActivations: Sendable {
  /// Where the rows come from, in their own order.
  public let source: any ActivationSource
  private var order: ShuffledOrder
  private var buffer: Matrix

  /// Rows that wait to be drawn, at most.
  public var bufferTokens: Int { order.bufferTokens }
  /// About how many rows are read at a time: as many as were asked for, rounded to a multiple of the
  /// source's own blocks where these are all of one size.
  public var blockTokens: Int { order.blockTokens }
  /// Epochs that have been drawn to their end.
  public var epoch: Int { order.epoch }
  /// Where the reading stands: after the last row that was drawn.
  public var position: Position { order.position }

  /// A place in the order of rows, from which a reading can go on to the same rows.
  public struct Position: Sendable, Equatable, Codable {
    /// Epochs that have been drawn to their end.
    public var epoch: Int
    /// Rows of the present epoch that have been drawn.
    public var drawn: Int
    /// ``RandomGenerator/state`` when the epoch began.
    public var generator: [UInt64]
    /// Rows of the source.
    public var tokens: Int
    /// ``ShuffledActivations/bufferTokens``.
    public var bufferTokens: Int
    /// ``ShuffledActivations/blockTokens``.
    public var blockTokens: Int
  }

  /// A shuffled reading that has drawn nothing yet.
  ///
  /// - Throws: ``OptionError`` if the source has no rows, or a size is not positive.
  public init(
    _ source: any ActivationSource, seed: UInt64, bufferTokens: Int = 1 << 16,
    blockTokens: Int = 256
  ) throws(OptionError) {
    try OptionError.check("activations", source.tokens, in: 1...Int.max)
    try OptionError.check("blockTokens", blockTokens, in: 1...Int.max)
    try OptionError.check("bufferTokens", bufferTokens, in: 1...Int.max)
    let blocks = source.blocks.joined(upTo: blockTokens)
    self.source = source
    order = ShuffledOrder(
      blocks: blocks, bufferTokens: min(max(bufferTokens, blocks.largest), source.tokens),
      blockTokens: min(blocks.size ?? blockTokens, source.tokens), epoch: 0,
      generator: RandomGenerator(seed: seed))
    buffer = Matrix(rows: order.bufferTokens, columns: source.width)
  }

  /// A reading that goes on from where another one stood.
  ///
  /// Reads the blocks again from which rows were still waiting.
  ///
  /// - Throws: ``OptionError`` if the position is not one in this source, and what keeps rows from
  ///   being read.
  /// - Complexity: O(rows of the epoch that were drawn), beside the reading.
  public init(_ source: any ActivationSource, from position: Position) throws {
    try position.check(source)
    guard let generator = RandomGenerator(state: position.generator) else {
      throw OptionError(
        "position", expected: "the four words of a generator, not all 0",
        found: "\(position.generator)")
    }
    self.source = source
    order = ShuffledOrder(
      blocks: position.blocks(of: source), bufferTokens: position.bufferTokens,
      blockTokens: position.blockTokens, epoch: position.epoch, generator: generator)
    let waiting = order.advance(toDrawn: position.drawn)
    buffer = Matrix(rows: order.bufferTokens, columns: source.width)
    try refill(waiting)
  }

  /// The next rows; a batch that meets the end of an epoch goes on with the next.
  ///
  /// - Throws: what keeps rows from being read.
  public mutating func next(_ tokens: Int) throws -> Matrix {
    var batch = Matrix(rows: tokens, columns: source.width)
    for row in 0..<tokens {
      try readBlocks()
      let (drawn, last) = order.draw()
      batch.copyRows(drawn..<drawn + 1, of: buffer, to: row)
      if drawn != last { buffer.copyRow(last, to: drawn) }
    }
    return batch
  }

  /// Blocks that the source is told of before they are read.
  private static let blocksAhead = 64

  /// Reads blocks while there is room for one.
  private mutating func readBlocks() throws {
    while let rows = order.blockToRead() {
      source.prepare(order.blocksAhead(ShuffledActivations.blocksAhead))
      try source.read(rows, into: &buffer, at: order.filled)
      try source.checkFinite(rows, in: buffer, at: order.filled)
      source.release(rows)
      order.finishReading()
    }
  }

  /// Fills the buffer with given rows, a block of the source at a time.
  private mutating func refill(_ rows: [Int]) throws {
    let waiting = rows.indices.sorted { rows[$0] < rows[$1] }[...]
    var parts: [(block: Range<Int>, places: ArraySlice<Int>)] = []
    var rest = waiting
    for block in order.blocks where rest.first.map({ rows[$0] < block.upperBound }) ?? false {
      let places = rest.prefix { rows[$0] < block.upperBound }
      parts.append((block, places))
      rest = rest.dropFirst(places.count)
    }
    for (index, part) in parts.enumerated() {
      source.prepare(parts[index...].prefix(ShuffledActivations.blocksAhead).map(\.block))
      var read = Matrix(rows: part.block.count, columns: source.width)
      try source.read(part.block, into: &read, at: 0)
      try source.checkFinite(part.block, in: read)
      source.release(part.block)
      for place in part.places {
        let row = rows[place] - part.block.lowerBound
        buffer.copyRows(row..<row + 1, of: read, to: place)
      }
    }
  }
}

extension ShuffledActivations.Position {
  /// What a source is read in.
  fileprivate func blocks(of source: any ActivationSource) -> RowBlocks {
    let own = source.blocks
    return own.size == nil
      ? own.joined(upTo: blockTokens) : RowBlocks(of: blockTokens, rows: source.tokens)
  }

  /// Throws unless the numbers can stand for a place in the source.
  fileprivate func check(_ source: any ActivationSource) throws(OptionError) {
    try OptionError.check("activations", source.tokens, in: 1...Int.max)
    guard tokens == source.tokens else {
      throw OptionError(
        "position", expected: "activations of \(tokens) tokens", found: "\(source.tokens)")
    }
    try OptionError.check("position, epoch", epoch, in: 0...Int.max - 1)
    try OptionError.check("position, rows drawn", drawn, in: 0...tokens)
    try OptionError.check("position, block", blockTokens, in: 1...tokens)
    try OptionError.check(
      "position, buffer", bufferTokens, in: blocks(of: source).largest...tokens)
  }
}
