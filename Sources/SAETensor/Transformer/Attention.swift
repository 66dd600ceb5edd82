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
    precondition(
      columns == attention.columns,
      "cannot attend in rows of \(columns): the heads have \(attention.columns) columns")
    var tasks: [AttentionTask] = []
    for sequence in sequences {
      precondition(
        sequence.lowerBound >= 0 && sequence.upperBound <= rows,
        "sequence \(sequence) lies outside \(rows) rows")
      for begin in stride(from: 0, to: sequence.count, by: Attention.queriesPerTask) {
        let queries = begin..<min(begin + Attention.queriesPerTask, sequence.count)
        for head in 0..<attention.keyValueHeads {
          tasks.append(
            AttentionTask(
              attention: attention, head: head, firstRow: sequence.lowerBound, queries: queries))
        }
      }
    }
    // The longest first, so that no thread begins one when the others are done.
    tasks.sort { $0.queries.upperBound > $1.queries.upperBound }
    let ordered = tasks
    lendMutable { rows in
      Parallel.forEach(ordered.count) { index in
        ordered[index].run(on: rows, kernels: Kernels.table)
      }
    }
  }
}

/// The queries of a stretch of one sequence, of all query heads that share one key-value head.
///
/// Tasks of one matrix run at the same time: each writes the queries it alone reads.
private struct AttentionTask: Sendable {
  let attention: Attention
  /// The key-value head.
  let head: Int
  /// The row of the sequence's position 0.
  let firstRow: Int
  /// Positions in the sequence.
  let queries: Range<Int>

  func run(on matrix: MutableLentRows<Float>, kernels: KernelTable) {
    let rowStride = matrix.width
    let depth = attention.headDimension
    let tile = kernels.tileColumns
    let firstKey = attention.firstKey(queries.lowerBound)
    let keys = queries.upperBound - firstKey
    let paddedKeys = padded(keys, tile)
    let block = 4 * kernels.tileRows
    let group = attention.queryHeads / attention.keyValueHeads
    let keyColumn = (attention.queryHeads + head) * depth
    let valueColumn = keyColumn + attention.keyValueHeads * depth
    let keyRows = matrix.elements.from((firstRow + firstKey) * rowStride)
    Workspace.borrow(paddedKeys * depth) { packedKeys in
      unsafe kernels.packB(
        keyRows.base + keyColumn, keys, depth, rowStride, 1, packedKeys.base)
      Workspace.borrow(padded(depth, tile) * keys) { packedValues in
        unsafe kernels.packB(
          keyRows.base + valueColumn, depth, keys, 1, rowStride, packedValues.base)
        Workspace.borrow(block * (paddedKeys + max(paddedKeys, depth))) { scratch in
          for begin in stride(from: queries.lowerBound, to: queries.upperBound, by: block) {
            let rows = begin..<min(begin + block, queries.upperBound)
            for query in head * group..<(head + 1) * group {
              let unit = AttentionBlock(
                attention: attention, kernels: kernels, rows: rows, firstKey: firstKey, keys: keys,
                packedKeys: packedKeys, packedValues: packedValues, scores: scratch,
                packed: scratch.from(block * paddedKeys))
              unit.run(
                matrix.elements.from((firstRow + begin) * rowStride + query * depth), rowStride)
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
  package let rows: Range<Int>
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
