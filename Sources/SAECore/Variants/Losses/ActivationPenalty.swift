import Foundation

/// A sparsity term on activations: with w = z, or w = z n, n the norm of the latent's decoder row,
///
///     mean over tokens of (Σ_i w_iᵖ)^(1/p), or of Σ_i w_iᵖ
///
/// p = 1 is L1. A penalty weighted by norms does not change when a latent's size is split otherwise
/// between its activation and its row, so that rows may be free.
///
/// Sources: Bricken et al. 2023, "Towards Monosemanticity" (L1); Conerly et al. 2024, "Update on how
/// we train SAEs" (weights); Karvonen et al. 2024, arXiv 2408.00113 (p below 1).
public struct ActivationPenalty: Sendable, Equatable, Codable {
  /// The function of the sum of powers.
  public enum Form: String, Sendable, Codable {
    /// Its p-th root: SAELens' `lp_norm`, dictionary_learning's `Lp`.
    case norm = "Lp"
    /// Nothing: dictionary_learning's `Lp^p`.
    case powers = "Lp^p"
  }

  /// The function that is summed over the latents.
  public var form: Form
  /// p
  public var exponent: Double
  /// Whether activations are multiplied by their decoder row's norm.
  public var weightsByDecoderNorm: Bool

  /// A penalty with an exponent above 0.
  public init(_ form: Form, exponent: Double, weightsByDecoderNorm: Bool) {
    self.form = form
    self.exponent = exponent
    self.weightsByDecoderNorm = weightsByDecoderNorm
  }

  /// L1 of z n, for free decoder rows: SAELens, dictionary_learning's April update.
  public static let weightedL1 = ActivationPenalty(
    .norm, exponent: 1, weightsByDecoderNorm: true)
  /// L1 of z, for unit decoder rows: dictionary_learning.
  public static let plainL1 = ActivationPenalty(
    .norm, exponent: 1, weightsByDecoderNorm: false)

  /// The same with another exponent, which may be 0 in the form of powers.
  func withExponent(_ exponent: Double) -> ActivationPenalty {
    ActivationPenalty(form, exponent: exponent, weightsByDecoderNorm: weightsByDecoderNorm)
  }

  /// Throws unless the exponent is finite and positive.
  func check() throws(OptionError) {
    guard exponent.isFinite, exponent > 0 else {
      throw OptionError("penalty.exponent", expected: "a positive number", found: "\(exponent)")
    }
  }
}

extension ActivationPenalty {
  /// The penalty's value, and its derivative by each entry's activation.
  ///
  /// - Parameters:
  ///   - activations: z; entries of 0 or less count as missing.
  ///   - norms: of the decoder rows; not looked at unless they are weights.
  func evaluate(
    _ activations: SparseLatents, norms: [Float]
  ) -> (value: Double, slopes: [Float]) {
    let sums = tokenSums(activations, norms: norms)
    let tokens = Double(max(1, activations.tokens))
    let (p, weights, root) = (exponent, weightsByDecoderNorm, form == .norm)
    let (indices, values) = (activations.indices, activations.values)
    // ∂(Σ wᵖ)^(1/p)/∂w = w^(p−1) (Σ wᵖ)^(1/p − 1);  ∂wᵖ/∂w = p w^(p−1)
    let outer = sums.map { sum in
      root ? (sum > 0 && p != 1 ? pow(sum, 1 / p - 1) : 1) / tokens : p / tokens
    }
    let slopes = activations.mapEntries { entry, token, _ in
      guard values[entry] > 0 else { return 0 }
      let n = weights ? Double(norms[Int(indices[entry])]) : 1
      let inner = p == 1 ? 1 : pow(Double(values[entry]) * n, p - 1)
      return Float(outer[token] * inner * n)
    }
    return (value(sums) / tokens, slopes)
  }

  /// The penalty's value alone.
  func value(_ activations: SparseLatents, norms: [Float]) -> Double {
    value(tokenSums(activations, norms: norms)) / Double(max(1, activations.tokens))
  }

  private func value(_ sums: [Double]) -> Double {
    guard form == .norm, exponent != 1 else { return sums.reduce(0, +) }
    return sums.reduce(0) { $0 + ($1 > 0 ? pow($1, 1 / exponent) : 0) }
  }

  /// Σ_i w_iᵖ of each token.
  private func tokenSums(_ activations: SparseLatents, norms: [Float]) -> [Double] {
    let (p, weights) = (exponent, weightsByDecoderNorm)
    let (indices, values) = (activations.indices, activations.values)
    return activations.sumByToken { entry in
      guard values[entry] > 0 else { return 0 }
      let w = Double(values[entry]) * (weights ? Double(norms[Int(indices[entry])]) : 1)
      return p == 1 ? w : pow(w, p)
    }
  }
}
