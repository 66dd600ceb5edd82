/// A bound on the norm of all gradients together.
package enum GradientClipping: Sendable, Equatable {
  /// Gradients are used as they are.
  case none
  /// Gradients are multiplied by min(1, bound / (norm + 1e-6)), as PyTorch does.
  case globalNorm(Double)

  /// What gradients of the given norm are multiplied by.
  package func factor(norm: Double) -> Double {
    switch self {
    case .none: 1
    case .globalNorm(let bound): min(1, bound / (norm + 1e-6))
    }
  }
}

extension ParameterSet {
  /// √Σ‖matrix‖² over all matrices.
  package func norm() -> Double {
    names.indices.reduce(0) { $0 + self[$1].sumOfSquares() }.squareRoot()
  }

  /// The name of the first matrix with a NaN or an infinity.
  var firstNotFinite: String? { names.first { !self[$0].isFinite() }.map { "gradient of \($0)" } }
}
