import Foundation

/// An ``ActivationPenalty`` on latents that come one panel at a time: it first sums its value over all
/// panels, then gives each panel's slopes.
struct PanelPenalty {
  let penalty: ActivationPenalty
  /// Of the decoder rows; not looked at unless they are weights.
  let norms: [Float]
  private let tokens: Int
  /// Σ_i w_iᵖ of each token, where p ≠ 1.
  private var powerSums: [Double]
  /// Σ_b z_b of each latent.
  private(set) var activationSums: [Double]

  init(_ penalty: ActivationPenalty, norms: [Float], tokens: Int, latents: Int) {
    self.penalty = penalty
    self.norms = norms
    self.tokens = tokens
    powerSums = [Double](repeating: 0, count: penalty.exponent == 1 ? 0 : tokens)
    activationSums = [Double](repeating: 0, count: latents)
  }

  /// Takes the activations of a panel, none below 0.
  mutating func add(_ activations: Matrix, _ latents: Range<Int>) {
    for (latent, sum) in zip(latents, activations.columnSums()) { activationSums[latent] = sum }
    guard penalty.exponent != 1 else { return }
    let (p, weights) = (penalty.exponent, self.weights(latents))
    let sums = activations.sumsByRow { column, z in
      z > 0 ? pow(Double(z) * Double(weights[column]), p) : 0
    }
    for token in sums.indices { powerSums[token] += sums[token] }
  }

  /// The penalty's value once all panels have been taken.
  var value: Double {
    let sum: Double
    if penalty.exponent == 1 {
      sum = zip(activationSums, weights(activationSums.indices)).reduce(0) {
        $0 + $1.0 * Double($1.1)
      }
    } else if penalty.form == .norm {
      sum = powerSums.reduce(0) { $0 + ($1 > 0 ? pow($1, 1 / penalty.exponent) : 0) }
    } else {
      sum = powerSums.reduce(0, +)
    }
    return sum / Double(max(1, tokens))
  }

  /// λ times the derivative by the activations of a panel, where it is the same for all tokens: where
  /// p = 1.
  func constantSlopes(_ latents: Range<Int>, coefficient: Float) -> [Float]? {
    guard penalty.exponent == 1 else { return nil }
    let scale = coefficient / Float(max(1, tokens))
    return weights(latents).map { scale * $0 }
  }

  /// λ times the derivative by the activations of a panel, 0 where they are 0.
  func slopes(_ activations: Matrix, _ latents: Range<Int>, coefficient: Float) -> Matrix {
    let (p, weights) = (penalty.exponent, self.weights(latents))
    let (count, isRoot) = (Double(max(1, tokens)), penalty.form == .norm)
    let outer = powerSums.map { sum in
      Double(coefficient) / count * (isRoot ? (sum > 0 ? pow(sum, 1 / p - 1) : 1) : p)
    }
    var slopes = activations
    slopes.combine(activations) { token, column, _, z in
      guard z > 0 else { return 0 }
      let n = Double(weights[column])
      return Float(outer[token] * pow(Double(z) * n, p - 1) * n)
    }
    return slopes
  }

  /// Adds the gradient of the penalty to those of a panel's activations, and returns the gradient of each
  /// latent's norm: the penalty depends on z n alone, so n ∂/∂n = z ∂/∂z.
  ///
  /// - Returns: nothing where norms are no weights.
  func addGradients(
    of activations: Matrix, _ latents: Range<Int>, coefficient: Float, to gradients: inout Matrix
  ) -> [Double] {
    let scale = Double(coefficient) / Double(max(1, tokens))
    if let shifts = constantSlopes(latents, coefficient: coefficient) {
      gradients.passPositive(activations, adding: shifts)
      return penalty.weightsByDecoderNorm ? latents.map { scale * activationSums[$0] } : []
    }
    let slopes = self.slopes(activations, latents, coefficient: coefficient)
    gradients.add(slopes)
    gradients.passPositive(
      activations, adding: [Float](repeating: 0, count: latents.count))
    guard penalty.weightsByDecoderNorm else { return [] }
    var products = slopes
    products.combine(activations) { _, _, slope, z in slope * z }
    return zip(latents, products.columnSums()).map { latent, sum in
      norms[latent] > 0 ? sum / Double(norms[latent]) : 0
    }
  }

  private func weights(_ latents: Range<Int>) -> [Float] {
    penalty.weightsByDecoderNorm
      ? Array(norms[latents]) : [Float](repeating: 1, count: latents.count)
  }
}

/// The penalty of a batch in panels, with the present exponent of an annealing, and the annealing's
/// measurements.
struct AnnealedPanelPenalty {
  private var now: PanelPenalty
  private var next: PanelPenalty?

  init(
    _ penalty: ActivationPenalty, _ annealing: PAnnealing.State?, norms: [Float], tokens: Int,
    latents: Int
  ) {
    func at(_ exponent: Double?) -> PanelPenalty? {
      exponent.map {
        PanelPenalty(penalty.withExponent($0), norms: norms, tokens: tokens, latents: latents)
      }
    }
    now =
      at(annealing?.exponent)
      ?? PanelPenalty(penalty, norms: norms, tokens: tokens, latents: latents)
    next = at(annealing?.nextExponent)
  }

  mutating func add(_ activations: Matrix, _ latents: Range<Int>) {
    now.add(activations, latents)
    next?.add(activations, latents)
  }

  /// Without coefficient.
  var value: Double { now.value }

  /// Gives the annealing its measurements.
  func note(in annealing: inout PAnnealing.State?) { annealing?.note(now.value, next: next?.value) }

  func addGradients(
    of activations: Matrix, _ latents: Range<Int>, coefficient: Float, to gradients: inout Matrix
  ) -> [Double] {
    now.addGradients(of: activations, latents, coefficient: coefficient, to: &gradients)
  }
}
