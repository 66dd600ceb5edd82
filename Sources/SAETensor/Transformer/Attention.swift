import SAEKernels

/// Causal attention of several query heads over fewer heads of keys and values.
///
/// A query of position q sees the keys of positions max(0, q − window + 1) to q, and weighs their
/// values by softmax(cap · tanh(scale · ⟨query, key⟩ / cap)).
///
/// Sources: Vaswani et al. 2017, arXiv 1706.03762, section 3.2; grouped heads: Ainslie et al. 2023,
/// arXiv 2305.13245; window and capping: Gemma Team 2024, arXiv 2408.00118, section 2.
package struct Attention: Sendable {
  package let queryHeads: Int
  /// Query heads h · queryHeads/keyValueHeads … share key-value head h.
  package let keyValueHeads: Int
  package let headDimension: Int
  package let scale: Float
  /// nil: logits are not capped.
  package let softCap: Float?
  /// Keys that a query sees at most, its own among them; nil: all before it.
  package let window: Int?

  /// - Precondition: sizes are positive, and key-value heads divide query heads.
  package init(
    queryHeads: Int, keyValueHeads: Int, headDimension: Int, scale: Float, softCap: Float?,
    window: Int?
  ) {
    precondition(
      keyValueHeads > 0 && queryHeads > 0 && headDimension > 0 && queryHeads % keyValueHeads == 0,
      "\(queryHeads) query heads of \(headDimension) cannot share \(keyValueHeads) key-value heads")
    precondition(window.map { $0 > 0 } ?? true, "a window shows at least one key")
    self.queryHeads = queryHeads
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    self.scale = scale
    self.softCap = softCap
    self.window = window
  }

  /// Columns of a row of queries, keys and values.
  package var columns: Int { (queryHeads + 2 * keyValueHeads) * headDimension }

  /// Columns of a row of keys and values.
  package var keyValueColumns: Int { 2 * keyValueHeads * headDimension }

  /// Queries of one task: its keys and values are packed once for all of them.
  static let queriesPerTask = 512

  /// The first key that the query of a position sees.
  func firstKey(_ position: Int) -> Int { window.map { max(0, position - $0 + 1) } ?? 0 }
}

extension Matrix {
  /// Attends within each sequence and overwrites the queries by the result.
  ///
  /// Rows hold, head after head, the queries, then the keys, then the values. Scores exist for a
  /// few dozen queries of one head at a time, in each thread.
  ///
  /// - Parameter sequences: the rows of each sequence; they do not overlap.
  package mutating func attend(_ attention: Attention, sequences: [Range<Int>]) {
    checkColumns(attention)
    for sequence in sequences {
      precondition(
        sequence.lowerBound >= 0 && sequence.upperBound <= rows,
        "sequence \(sequence) lies outside \(rows) rows")
    }
    let (stride, keyColumn) = (columns, attention.queryHeads * attention.headDimension)
    lendMutable { rows in
      AttentionTask.run(
        sequences.flatMap { sequence in
          AttentionTask.tasks(
            attention, queries: rows, firstRow: sequence.lowerBound, positions: 0..<sequence.count,
            keys: rows.elements.reading.from(sequence.lowerBound * stride + keyColumn), stride)
        })
    }
  }

  /// Attends within one sequence, of which the rows are the last positions, and overwrites the queries by
  /// the result.
  ///
  /// - Parameters:
  ///   - positions: those of the rows.
  ///   - keysAndValues: a row for each position of the sequence, those of the rows included: the keys, head
  ///     after head, then the values.
  package mutating func attend(
    _ attention: Attention, positions: Range<Int>, keysAndValues: Matrix
  ) {
    checkColumns(attention)
    precondition(
      positions.count <= rows && positions.upperBound <= keysAndValues.rows
        && keysAndValues.columns == attention.keyValueColumns,
      "positions \(positions) do not fit \(shape) and keys and values of \(keysAndValues.shape)")
    lendMutable { rows in
      keysAndValues.lend { keys in
        AttentionTask.run(
          AttentionTask.tasks(
            attention, queries: rows, firstRow: 0, positions: positions, keys: keys.elements,
            keys.stride))
      }
    }
  }

  private func checkColumns(_ attention: Attention) {
    precondition(
      columns == attention.columns,
      "cannot attend in rows of \(columns): the heads have \(attention.columns) columns")
  }
}

/// The queries of a stretch of one sequence, of all query heads that share one key-value head.
///
/// Tasks of one matrix run at the same time: each writes the queries it alone reads.
private struct AttentionTask: Sendable {
  let attention: Attention
  /// The key-value head.
  let head: Int
  /// The rows of the matrix, and which of them holds the first of the queries.
  let rows: MutableLentRows<Float>
  let firstRow: Int
  /// The queries' positions in the sequence.
  let positions: Range<Int>
  /// Keys and values from the sequence's position 0 on, and the distance from one position to the next.
  let keys: Lent<Float>
  let keyStride: Int

  /// The tasks of queries that lie in neighboring rows, at neighboring positions.
  static func tasks(
    _ attention: Attention, queries rows: MutableLentRows<Float>, firstRow: Int,
    positions: Range<Int>, keys: Lent<Float>, _ keyStride: Int
  ) -> [AttentionTask] {
    stride(
      from: positions.lowerBound, to: positions.upperBound, by: Attention.queriesPerTask
    ).flatMap { begin in
      (0..<attention.keyValueHeads).map { head in
        AttentionTask(
          attention: attention, head: head, rows: rows,
          firstRow: firstRow + begin - positions.lowerBound,
          positions: begin..<min(begin + Attention.queriesPerTask, positions.upperBound),
          keys: keys, keyStride: keyStride)
      }
    }
  }

  /// Runs tasks, the longest first, so that no thread begins one when the others are done.
  static func run(_ tasks: [AttentionTask]) {
    let ordered = tasks.sorted { $0.positions.upperBound > $1.positions.upperBound }
    Parallel.forEach(ordered.count) { ordered[$0].run(Kernels.table) }
  }

  private func run(_ kernels: KernelTable) {
    let depth = attention.headDimension
    let tile = kernels.tileColumns
    let firstKey = attention.firstKey(positions.lowerBound)
    let count = positions.upperBound - firstKey
    let paddedKeys = padded(count, tile)
    let block = 4 * kernels.tileRows
    let group = attention.queryHeads / attention.keyValueHeads
    let own = keys.from(firstKey * keyStride + head * depth)
    let ownValues = own.from(attention.keyValueHeads * depth)
    Workspace.borrow(paddedKeys * depth) { packedKeys in
      unsafe kernels.packB(own.base, count, depth, keyStride, 1, packedKeys.base)
      Workspace.borrow(padded(depth, tile) * count) { packedValues in
        unsafe kernels.packB(ownValues.base, depth, count, 1, keyStride, packedValues.base)
        Workspace.borrow(block * (paddedKeys + max(paddedKeys, depth))) { scratch in
          for begin in stride(from: 0, to: positions.count, by: block) {
            let first = positions.lowerBound + begin
            for query in head * group..<(head + 1) * group {
              let unit = AttentionBlock(
                attention: attention, kernels: kernels,
                rows: first..<min(first + block, positions.upperBound), firstKey: firstKey,
                keys: count, packedKeys: packedKeys, packedValues: packedValues, scores: scratch,
                packed: scratch.from(block * paddedKeys))
              unit.run(
                rows.elements.from((firstRow + begin) * rows.width + query * depth), rows.width)
            }
          }
        }
      }
    }
  }

  private func padded(_ count: Int, _ unit: Int) -> Int { (count + unit - 1) / unit * unit }
}

/// Some dozen queries of one head against all keys that any of them sees.
private struct AttentionBlock {
  let attention: Attention
  let kernels: KernelTable
  /// Positions of the queries.
  let rows: Range<Int>
  /// Position of the first packed key, and the number of them.
  let firstKey: Int
  let keys: Int
  let packedKeys: MutableLent<Float>
  let packedValues: MutableLent<Float>
  /// Room for the scores, and for queries or weights when packed.
  let scores: MutableLent<Float>
  let packed: MutableLent<Float>

  /// Overwrites the block's queries, `rowStride` apart, by what they attend to.
  func run(_ queries: MutableLent<Float>, _ rowStride: Int) {
    let depth = attention.headDimension
    let tile = kernels.tileColumns
    // Packed keys come in panels of a tile's width: begin with a whole one.
    let begin = (attention.firstKey(rows.lowerBound) - firstKey) / tile * tile
    let end = rows.upperBound - firstKey
    let span = end - begin
    unsafe kernels.packA(queries.base, rows.count, depth, rowStride, 1, packed.base)
    unsafe kernels.multiplyBlock(
      rows.count, span, depth, packed.base, packedKeys.base + begin * depth, scores.base, span,
      false)
    let sums = rows.enumerated().map { row, position in
      weigh(scores[row * span..<(row + 1) * span], begin, position)
    }
    unsafe kernels.packA(scores.base, rows.count, span, span, 1, packed.base)
    for column in stride(from: 0, to: depth, by: tile) {
      unsafe kernels.multiplyBlock(
        rows.count, min(tile, depth - column), span, packed.base,
        packedValues.base + (column * keys + begin * tile), queries.base + column, rowStride,
        false)
    }
    for (row, sum) in sums.enumerated() {
      queries.from(row * rowStride)[0..<depth].scale(by: 1 / sum)
    }
  }

  /// Turns a row of dot products into softmax weights times the sum that is returned, 0 for keys
  /// that the query does not see.
  private func weigh(_ row: MutableLent<Float>, _ begin: Int, _ position: Int) -> Float {
    let first = attention.firstKey(position) - firstKey - begin
    let end = position + 1 - firstKey - begin
    let seen = row[first..<end]
    seen.softCap(scale: attention.scale, attention.softCap ?? 0)
    let sum = seen.reading.shiftedExponentials(seen.reading.maximum(), into: seen)
    row[0..<first].fill(0)
    row.from(end).fill(0)
    return sum
  }
}
