extension ActivationStatistics {
  /// The statistics of some of a source's rows, from evenly spaced parts of it.
  ///
  /// - Parameters:
  ///   - source: the activations.
  ///   - rows: how many; all if the source has no more.
  ///   - includesCovariance: whether ``covariance`` is wanted too.
  /// - Throws: what keeps rows from being read.
  public init(
    _ source: any ActivationSource, rows: Int, includesCovariance: Bool = false
  ) throws {
    self.init(dimension: source.width, includesCovariance: includesCovariance)
    try Self.forParts(of: source, rows: rows) { try add($0) }
  }

  /// The statistics of the inputs and of the targets that a source's rows consist of.
  ///
  /// - Throws: what keeps rows from being read.
  static func ofPairs(
    _ source: any ActivationSource, rows: Int
  ) throws -> (inputs: ActivationStatistics, targets: ActivationStatistics) {
    var inputs = ActivationStatistics(dimension: source.inputWidth)
    var targets = ActivationStatistics(dimension: source.targetWidth)
    try forParts(of: source, rows: rows) {
      let (input, target) = source.split($0)
      try inputs.add(input)
      try targets.add(target)
    }
    return (inputs, targets)
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
