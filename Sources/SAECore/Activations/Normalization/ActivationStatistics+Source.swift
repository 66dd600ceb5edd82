extension ActivationStatistics {
  /// The statistics of some of a source's rows, from evenly spaced parts of it.
  ///
  /// - Parameters:
  ///   - source: the activations.
  ///   - rows: how many; all if the source has no more.
  ///   - includesCovariance: whether ``covariance`` is wanted too.
  ///   - includesDistances: whether ``meanDistance``, that from ``mean``, is wanted too; takes a second
  ///     pass.
  /// - Throws: what keeps rows from being read.
  package init(
    _ source: any ActivationSource, rows: Int, includesCovariance: Bool = false,
    includesDistances: Bool = false
  ) throws {
    self = try Self.ofPairs(
      TrainingRows(source, targets: nil), count: rows, includesCovariance: includesCovariance,
      includesDistances: includesDistances
    ).inputs
  }

  /// The statistics of the inputs and of the targets that a run's rows consist of.
  ///
  /// - Throws: what keeps rows from being read.
  static func ofPairs(
    _ rows: TrainingRows, count: Int, includesCovariance: Bool, includesDistances: Bool
  ) throws -> (inputs: ActivationStatistics, targets: ActivationStatistics) {
    func pass(
      _ inputCenter: [Double]?, _ targetCenter: [Double]?
    ) throws -> (inputs: ActivationStatistics, targets: ActivationStatistics) {
      var inputs = ActivationStatistics(
        dimension: rows.inputs.width, includesCovariance: includesCovariance, center: inputCenter)
      var targets = ActivationStatistics(dimension: rows.targetWidth, center: targetCenter)
      try forParts(of: rows, rows: count) {
        guard rows.targets != nil else { return try inputs.add($0) }
        let (input, target) = rows.split($0)
        try inputs.add(input)
        try targets.add(target)
      }
      return (inputs, targets)
    }
    let first = try pass(nil, nil)
    // NaN and infinity are for the caller to tell.
    guard includesDistances, first.inputs.meanNorm.isFinite, first.inputs.tokens > 0 else {
      return first
    }
    return try pass(first.inputs.mean, first.targets.mean)
  }

  /// Gives evenly spaced parts of a source, of so many rows together, one after another.
  private static func forParts(
    of source: any ActivationSource, rows: Int, _ body: (Matrix) throws -> Void
  ) throws {
    let counted = min(max(rows, 1), source.tokens)
    let pieces = (counted + 1023) / 1024
    for piece in 0..<pieces {
      // Products that could be too large are not formed.
      let begin = share(piece, of: pieces, source.tokens)
      let first = share(piece, of: pieces, counted)
      let end = share(piece + 1, of: pieces, counted)
      let range = begin..<begin + end - first
      try body(source.finiteMatrix(rows: range))
      source.release(range)
    }
  }

  /// ⌊index · total / count⌋
  private static func share(_ index: Int, of count: Int, _ total: Int) -> Int {
    let (quotient, remainder) = total.quotientAndRemainder(dividingBy: count)
    return index * quotient + index * remainder / count
  }
}
