import Foundation

/// The entries of a batch near and above their thresholds, and what the jump makes of them.
struct JumpEntries {
  /// Pre-activations h, of all entries that are active or in the estimator's window.
  let preActivations: SparseLatents
  /// z
  let latents: SparseLatents
  /// θ, one a latent.
  let thresholds: [Float]
  /// ε
  let bandwidth: Float

  init(_ preActivations: SparseLatents, thresholds: [Float], bandwidth: Float) {
    let values = preActivations.values
    self.preActivations = preActivations
    self.thresholds = thresholds
    self.bandwidth = bandwidth
    latents = preActivations.replacingValues(
      preActivations.mapEntries { entry, _, latent in
        values[entry] > thresholds[latent] ? values[entry] : 0
      })
  }

  /// Whether a value is strictly within half the bandwidth of a threshold.
  static func isInWindow(_ value: Float, _ threshold: Float, _ bandwidth: Float) -> Bool {
    abs(value - threshold) < bandwidth / 2
  }

  /// Active entries of each token.
  func activeByToken() -> [Double] {
    let (values, indices, thresholds) = (
      preActivations.values, preActivations.indices, thresholds
    )
    return preActivations.sumByToken { values[$0] > thresholds[Int(indices[$0])] ? 1 : 0 }
  }
}

/// A sparsity term's value and gradients.
struct JumpSparsity {
  var value: Double
  /// ∂/∂(step of each latent), the same for all latents of a token.
  var stepSlopes: [Float]?
  /// ∂/∂z for each entry.
  var latentSlopes: [Float]?
  /// ∂/∂n for each latent.
  var normSlopes: [Double]?
}

extension JumpReLUConfiguration {
  /// The sparsity term of a batch, its coefficient in it.
  ///
  /// - Parameters:
  ///   - norms: of the decoder rows, for the losses that look at them.
  ///   - slopes: the reconstruction's gradient of each entry's latent.
  func sparsity(
    _ entries: JumpEntries, coefficient: Double, norms: [Float], slopes: [Float]
  ) -> JumpSparsity {
    let tokens = Double(max(1, entries.latents.tokens))
    switch sparsityLoss {
    case .step, .controlledL0, .quadratic, .targetL0:
      var price: Double?
      if case .controlledL0 = sparsityLoss { price = balancingPrice(entries, slopes: slopes) }
      let penalty = stepPenalty(l0(entries), coefficient: coefficient, price: price)
      return JumpSparsity(value: penalty?.value ?? 0, stepSlopes: penalty?.slopes)
    case .tanh(let scale):
      let (values, factor) = (entries.latents.values, Float(coefficient / tokens * scale))
      let kappa = Float(scale)
      let tangents = entries.latents.mapEntries { entry, _, latent in
        tanhf(kappa * values[entry] * norms[latent])
      }
      let slopes = entries.latents.mapEntries { entry, _, latent in
        factor * norms[latent] * (1 - tangents[entry] * tangents[entry])
      }
      let normSlopes = entries.latents.mapEntries { entry, _, _ in
        factor * values[entry] * (1 - tangents[entry] * tangents[entry])
      }
      return JumpSparsity(
        value: coefficient / tokens
          * entries.latents.sumByToken { Double(tangents[$0]) }.reduce(0, +),
        latentSlopes: slopes, normSlopes: entries.latents.sumByLatent(normSlopes))
    }
  }

  /// The value of a term that looks at L0 alone, and its derivative by each token's L0; nil for a term
  /// that looks at more.
  ///
  /// - Parameters:
  ///   - counts: L0 of each token as the step counts it.
  ///   - price: λ over the number of tokens where L0 is controlled.
  func stepPenalty(
    _ counts: [Double], coefficient: Double, price: Double?
  ) -> (value: Double, slopes: [Float])? {
    let tokens = Double(max(1, counts.count))
    func everyToken(_ slope: Double) -> [Float] {
      [Float](repeating: Float(slope), count: counts.count)
    }
    let sum = counts.reduce(0, +)
    switch sparsityLoss {
    case .step:
      return (coefficient * (sum / tokens), everyToken(coefficient / tokens))
    case .controlledL0:
      let price = price ?? 0
      return (price * sum, everyToken(price))
    case .quadratic(let target):
      let squares = counts.reduce(0) { $0 + ($1 - target) * ($1 - target) }
      return (
        coefficient * 2 / target * squares / tokens,
        counts.map { Float(coefficient * 4 / target * ($0 - target) / tokens) }
      )
    case .targetL0(let target):
      let excess = sum / tokens / target - 1
      return (
        coefficient * excess * excess, everyToken(2 * coefficient * excess / target / tokens)
      )
    case .tanh: return nil
    }
  }

  /// L0 of each token as the step counts it.
  private func l0(_ entries: JumpEntries) -> [Double] {
    let counts = entries.activeByToken()
    guard estimator == .thresholdByLatents else { return counts }
    // A silent latent's z = 0 lies above a negative threshold.
    let negative = Double(entries.thresholds.count { $0 < 0 })
    guard negative > 0 else { return counts }
    let (values, indices, thresholds) = (
      entries.preActivations.values, entries.preActivations.indices, entries.thresholds
    )
    let activeNegative = entries.preActivations.sumByToken {
      let threshold = thresholds[Int(indices[$0])]
      return threshold < 0 && values[$0] > threshold ? 1 : 0
    }
    return zip(counts, activeNegative).map { $0 + negative - $1 }
  }
}
