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
    let counted = min(max(rows, 1), source.tokens)
    let pieces = (counted + 1023) / 1024
    for piece in 0..<pieces {
      // Products that could be too large are not formed.
      let begin = ActivationStatistics.share(piece, of: pieces, source.tokens)
      let first = ActivationStatistics.share(piece, of: pieces, counted)
      let end = ActivationStatistics.share(piece + 1, of: pieces, counted)
      let range = begin..<begin + end - first
      try add(source.matrix(rows: range))
      source.release(range)
    }
  }

  /// ⌊index · total / count⌋
  private static func share(_ index: Int, of count: Int, _ total: Int) -> Int {
    let (quotient, remainder) = total.quotientAndRemainder(dividingBy: count)
    return index * quotient + index * remainder / count
  }
}
