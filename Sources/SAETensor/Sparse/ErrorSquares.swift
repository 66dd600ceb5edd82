/// Σ over tokens of ‖x̂ − y‖².
package struct ErrorSquares {
  /// The sum that reports give.
  package let total: Double
  /// Each token's times its weight, as the loss has it; ``total`` where there are no weights.
  package let weighted: Double

  package init(total: Double, weighted: Double) {
    self.total = total
    self.weighted = weighted
  }

  /// Sums over tokens, in their order.
  package init(_ squaredErrors: [Float], weights: [Float]?) {
    total = squaredErrors.reduce(0) { $0 + Double($1) }
    weighted =
      weights.map {
        zip($0, squaredErrors).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      } ?? total
  }
}

extension ReconstructionPass {
  /// The sums of the errors' squares.
  package var squares: ErrorSquares { ErrorSquares(squaredErrors, weights: weights) }

  /// The pass whose error and projections are multiplied by the token's weight, so that all gradients
  /// are.
  ///
  /// - Parameters:
  ///   - weights: one per token; nil changes nothing.
  ///   - entries: those that the reconstruction was made from.
  package func weighted(by weights: [Float]?, _ entries: SparseLatents) -> ReconstructionPass {
    guard let weights else { return self }
    var error = error
    error.scaleRows(by: weights)
    let projections = projections
    return ReconstructionPass(
      error: error, squaredErrors: squaredErrors,
      projections: entries.mapEntries { entry, token, _ in weights[token] * projections[entry] },
      weights: weights)
  }
}

extension Matrix {
  /// Multiplies the error of a reconstruction, tokens × width, by each token's weight, if there are
  /// any; returns the sums of its squares before.
  package mutating func weigh(by weights: [Float]?) -> ErrorSquares {
    let total = sumOfSquares()
    guard let weights else { return ErrorSquares(total: total, weighted: total) }
    let weighted = zip(weights, rowNorms()).reduce(0) {
      $0 + Double($1.0) * Double($1.1) * Double($1.1)
    }
    scaleRows(by: weights)
    return ErrorSquares(total: total, weighted: weighted)
  }
}
