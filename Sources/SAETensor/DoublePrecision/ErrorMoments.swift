import SAEKernels

/// Shifted sums of activations x and of the residuals r = x − x̂, a set for each dimension, in
/// double.
///
/// Sums are taken relative to the first token, which keeps what a mean of 10⁴ with a deviation of 1
/// would lose, and token by token, so that the batches that the tokens come in make no difference
/// to a single bit. Threads split the dimensions.
package struct ErrorMoments: Sendable {
  package let width: Int
  /// Tokens in the sums.
  package private(set) var count = 0
  /// Seven rows of `width`: what ``SAEKernels/StatisticsLoops`` adds to.
  private var moments: [Double]

  package init(width: Int) {
    self.width = width
    moments = [Double](repeating: 0, count: 7 * width)
  }

  /// Adds the listed rows of two matrices of the same shape.
  package mutating func add(_ activations: Matrix, _ reconstruction: Matrix, rows: [UInt32]) {
    precondition(
      activations.columns == width && reconstruction.columns == width
        && activations.rows == reconstruction.rows,
      "activations of \(activations.shape) and a reconstruction of \(reconstruction.shape) "
        + "do not fit moments of width \(width)")
    guard let first = rows.first, let last = rows.max(), width > 0 else {
      count += rows.count
      return
    }
    precondition(last < activations.rows, "row \(last) lies outside \(activations.shape)")
    if count == 0 {
      for column in 0..<width {
        let value = Double(activations[Int(first), column])
        moments[column] = value
        moments[width + column] = value - Double(reconstruction[Int(first), column])
      }
    }
    count += rows.count
    let width = width
    moments.lendMutable { moments in
      lending(activations, reconstruction, rows) { x, y, rows in
        Parallel.forRanges(width, grain: ErrorMoments.grain) { columns in
          let begin = columns.lowerBound
          unsafe Kernels.table.addErrorMoments(
            rows.count, rows.base, x.elements.base + begin, y.elements.base + begin, width,
            columns.count, moments.base + begin, width)
        }
      }
    }
  }

  /// Dimensions to a piece of work: seven rows of doubles of them fill half of the first cache.
  private static let grain = 256

  /// Adds the tokens of another set (Chan's update): equal to adding them here up to rounding.
  package mutating func merge(_ other: ErrorMoments) {
    precondition(width == other.width, "cannot merge moments of widths \(width), \(other.width)")
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let mine = Double(count)
    let theirs = Double(other.count)
    for column in 0..<width {
      // Their sums, moved to the shifts of this set.
      for (shift, first) in [(0, 2), (1, 4)] {
        let delta = other.moments[shift * width + column] - moments[shift * width + column]
        let sum = other.moments[first * width + column]
        let squares = other.moments[(first + 1) * width + column]
        // Around the two means, so that a far-off first token on either side costs nothing.
        let centered =
          moments[(first + 1) * width + column]
          - moments[first * width + column] * moments[first * width + column] / mine
        let otherCentered = squares - sum * sum / theirs
        let mean = moments[first * width + column] / mine
        let gap = sum / theirs + delta - mean
        let merged = centered + otherCentered + gap * gap * mine * theirs / (mine + theirs)
        let total = moments[first * width + column] + sum + theirs * delta
        moments[first * width + column] = total
        moments[(first + 1) * width + column] = merged + total * total / (mine + theirs)
      }
      moments[6 * width + column] += other.moments[6 * width + column]
    }
    count += other.count
  }

  /// x̄ of a dimension.
  package func mean(_ column: Int) -> Double {
    moments[column] + moments[2 * width + column] / Double(count)
  }

  /// Σ(x − K) of a dimension, K the first token's.
  package func shiftedSum(_ column: Int) -> Double { moments[2 * width + column] }

  /// Σ(x − K)² of a dimension.
  package func shiftedSquares(_ column: Int) -> Double { moments[3 * width + column] }

  /// Whether a dimension has had the same value on every token.
  package func isConstant(_ column: Int) -> Bool { moments[3 * width + column] == 0 }

  /// Σ(x − x̄)² of a dimension: exactly 0 if it is constant.
  package func squaredDeviation(_ column: Int) -> Double { centered(2, column) }

  /// Σ(r − r̄)² of a dimension: exactly 0 if the residual is constant.
  package func squaredResidualDeviation(_ column: Int) -> Double { centered(4, column) }

  /// Σr² of a dimension.
  package func squaredResidual(_ column: Int) -> Double { moments[6 * width + column] }

  private func centered(_ first: Int, _ column: Int) -> Double {
    let sum = moments[first * width + column]
    let deviation = moments[(first + 1) * width + column] - sum * sum / Double(count)
    // Written so that NaN stays.
    return deviation < 0 ? 0 : deviation
  }
}
