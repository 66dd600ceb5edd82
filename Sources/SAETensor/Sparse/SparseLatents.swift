/// The latents of a batch of tokens, of which only the active ones are held.
///
/// Rows are tokens. Row t's entries stand at `rowOffsets[t] ..< rowOffsets[t + 1]` of `indices` and
/// `values`, with ascending latent indices. An entry may hold 0: a latent that was selected without being
/// active. A latent is active if `value ≠ 0`.
public struct SparseLatents: Sendable, Equatable {
  /// d_sae: latents that a token could have.
  public let latentCount: Int
  /// tokens + 1 positions, the first 0, the last the number of entries.
  public let rowOffsets: [Int]
  /// Latent index of each entry, ascending in a row.
  public let indices: [UInt32]
  /// Latent activation of each entry.
  public let values: [Float]

  /// Rows.
  public var tokens: Int { rowOffsets.count - 1 }
  /// Entries of all rows together.
  public var entryCount: Int { indices.count }

  /// Checks and takes the parts of a sparse matrix.
  ///
  /// - Throws: ``OptionError`` if offsets, indices and values do not make one.
  public init(
    latentCount: Int, rowOffsets: [Int], indices: [UInt32], values: [Float]
  ) throws(OptionError) {
    guard indices.count == values.count else {
      throw OptionError(
        "values of latents", expected: "one per index, \(indices.count)", found: "\(values.count)")
    }
    guard rowOffsets.first == 0, rowOffsets.last == indices.count else {
      let (first, last) = (rowOffsets.first, rowOffsets.last)
      throw OptionError(
        "row offsets of latents", expected: "0 to \(indices.count)",
        found: "\(first.map(String.init) ?? "none") to \(last.map(String.init) ?? "none")")
    }
    for token in 0..<rowOffsets.count - 1 {
      let (begin, end) = (rowOffsets[token], rowOffsets[token + 1])
      guard begin <= end, end <= indices.count else {
        throw OptionError(
          "row offsets of latents, token \(token)",
          expected: "an end from \(begin) to \(indices.count)", found: "\(end)")
      }
      for entry in begin..<end {
        let least = entry == begin ? 0 : Int(indices[entry - 1]) + 1
        guard indices[entry] < latentCount, indices[entry] >= least else {
          throw OptionError(
            "indices of latents, token \(token)",
            expected: "ascending ones below \(latentCount), here \(least) or more",
            found: "\(indices[entry])")
        }
      }
    }
    self.init(
      unchecked: latentCount, rowOffsets: rowOffsets, indices: indices, values: values)
  }

  /// Takes parts that the library made itself.
  package init(unchecked latentCount: Int, rowOffsets: [Int], indices: [UInt32], values: [Float]) {
    self.latentCount = latentCount
    self.rowOffsets = rowOffsets
    self.indices = indices
    self.values = values
  }

  /// The entries of a matrix (tokens × latents) that are not 0.
  public init(dense matrix: Matrix) {
    var offsets = [0]
    var indices: [UInt32] = []
    var values: [Float] = []
    for token in 0..<matrix.rows {
      let row = matrix.row(token)
      for latent in row.indices where row[latent] != 0 {
        indices.append(UInt32(latent))
        values.append(row[latent])
      }
      offsets.append(indices.count)
    }
    self.init(
      unchecked: matrix.columns, rowOffsets: offsets, indices: indices, values: values)
  }

  /// The whole matrix, tokens × latents: for small cases and for looking at.
  public func dense() -> Matrix {
    var matrix = Matrix(rows: tokens, columns: latentCount)
    for token in 0..<tokens {
      var row = matrix.mutableRow(token)
      for entry in entries(of: token) { row[Int(indices[entry])] = values[entry] }
    }
    return matrix
  }

  /// Where a token's entries stand in `indices` and `values`.
  public func entries(of token: Int) -> Range<Int> {
    precondition(token >= 0 && token < tokens, "token \(token) lies outside \(tokens) tokens")
    return rowOffsets[token]..<rowOffsets[token + 1]
  }

  /// The entries of a token, ascending by latent.
  ///
  ///     for (latent, value) in latents[token: 0] { print(latent, value) }
  public subscript(token token: Int) -> [(latent: Int, value: Float)] {
    entries(of: token).map { (Int(indices[$0]), values[$0]) }
  }

  /// The mean number of active latents per token; 0 without tokens.
  public var l0: Double {
    tokens == 0 ? 0 : Double(values.count { $0 != 0 }) / Double(tokens)
  }

  /// Some tokens of the batch.
  public subscript(tokens range: Range<Int>) -> SparseLatents {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= tokens,
      "tokens \(range) lie outside \(tokens) tokens")
    let begin = rowOffsets[range.lowerBound]
    let end = rowOffsets[range.upperBound]
    return SparseLatents(
      unchecked: latentCount,
      rowOffsets: rowOffsets[range.lowerBound...range.upperBound].map { $0 - begin },
      indices: Array(indices[begin..<end]), values: Array(values[begin..<end]))
  }

  /// The same entries with other values, one for each.
  package func replacingValues(_ values: [Float]) -> SparseLatents {
    precondition(
      values.count == entryCount, "\(values.count) values for \(entryCount) entries")
    return SparseLatents(
      unchecked: latentCount, rowOffsets: rowOffsets, indices: indices, values: values)
  }

  /// Batches one after another.
  ///
  /// - Throws: ``ShapeError`` if the batches differ in their number of latents.
  public static func concatenating(
    _ batches: [SparseLatents]
  ) throws(ShapeError) -> SparseLatents {
    let latentCount = batches.first?.latentCount ?? 0
    var offsets = [0]
    offsets.reserveCapacity(batches.reduce(1) { $0 + $1.tokens })
    for batch in batches {
      try ShapeError.check(
        "batch of latents", "latents", expected: latentCount, found: batch.latentCount)
      let base = offsets[offsets.count - 1]
      offsets.append(contentsOf: batch.rowOffsets.dropFirst().map { $0 + base })
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: batches.flatMap(\.indices),
      values: batches.flatMap(\.values))
  }
}

extension SparseLatents {
  /// Every value divided by its latent's number.
  package func dividingValues(by divisors: [Float]) -> SparseLatents {
    precondition(
      divisors.count == latentCount, "\(divisors.count) divisors for \(latentCount) latents")
    return replacingValues(zip(indices, values).map { $1 / divisors[Int($0)] })
  }
}
