#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Matrix {
  /// log Σ eˣ of each row; logits minus this are log probabilities.
  ///
  /// The largest element is subtracted first, so that no size of logits overflows.
  package func logNormalizers() -> [Double] {
    lend { logits in
      Matrix.logitRows(rows, scratch: columns) { index, scratch in
        let row = logits.row(index)
        let largest = row.maximum()
        return Double(largest) + log(Double(row.shiftedExponentials(largest, into: scratch)))
      }
    }
  }

  /// The Kullback–Leibler divergence Σ p (log p − log q) of each row, in nats: p is the softmax of
  /// this matrix's row, q that of the other's.
  ///
  /// - Precondition: the shapes are equal.
  package func divergences(to other: Matrix) -> [Double] {
    precondition(other.shape == shape, "cannot compare logits of \(shape) with \(other.shape)")
    let width = columns
    return lending(self, other) { left, right in
      Matrix.logitRows(rows, scratch: width) { index, shares in
        let (p, q) = (left.row(index), right.row(index))
        let largestQ = q.maximum()
        let sumQ = q.shiftedExponentials(largestQ, into: shares)
        let largestP = p.maximum()
        let sumP = p.shiftedExponentials(largestP, into: shares)
        // Both shifted to a largest logit of 0, so that the size of logits cancels before it is rounded.
        let mean = shares.reading.weightedDifference(
          p, q, less: Double(largestP) - Double(largestQ))
        return mean / Double(sumP) - (log(Double(sumP)) - log(Double(sumQ)))
      }
    }
  }

  /// A number of each row, made with room for `scratch` numbers.
  private static func logitRows(
    _ rows: Int, scratch: Int, _ body: @Sendable (_ row: Int, MutableLent<Float>) -> Double
  ) -> [Double] {
    [Double](filling: rows) { result in
      Parallel.forRanges(rows, least: 4) { range in
        Workspace.borrow(scratch) { buffer in
          for row in range { result[row] = body(row, buffer) }
        }
      }
    }
  }
}
