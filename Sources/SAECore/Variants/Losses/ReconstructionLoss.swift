/// How the squared reconstruction error is scaled; it matters beside other terms and to clipping.
public enum ReconstructionLoss: Sendable, Equatable, Codable {
  /// (1/tokens) Σ ‖x̂ − y‖², summed over the width: SAELens, dictionary_learning.
  case squaredErrorPerToken
  /// Σ ‖x̂ − y‖² / Σ ‖y − ȳ‖², ȳ the batch's mean, the fraction of variance unexplained: sparsify.
  case fractionOfVarianceUnexplained
  /// s · mean over tokens and width of (x̂ − y)², s estimated once, as 1 / mean((x − mean x)²) of a
  /// sample: OpenAI. See ``scaledMean(of:)``.
  case scaledMean(scale: Double)

  /// The factor of Σ ‖x̂ − y‖²; 0 where the batch has no variance to explain.
  func factor(for target: Matrix) -> Double {
    switch self {
    case .squaredErrorPerToken: return target.rows == 0 ? 0 : 1 / Double(target.rows)
    case .fractionOfVarianceUnexplained:
      let variance = target.totalVariance()
      return variance > 0 ? 1 / variance : 0
    case .scaledMean(let scale): return target.count == 0 ? 0 : scale / Double(target.count)
    }
  }
}

extension Matrix {
  /// Σ over rows of ‖row − mean row‖².
  package func totalVariance() -> Double {
    guard rows > 0 else { return 0 }
    let mean = columnSums().map { Float($0 / Double(rows)) }
    return subtractingFromRows(mean).sumOfSquares()
  }
}
