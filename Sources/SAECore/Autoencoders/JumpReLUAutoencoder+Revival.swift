/// The pre-activation loss of a batch and its gradients, without the pre-activations that it is
/// about.
///
/// It asks for sums over the tokens at which h < θ, which are nearly all. With C = Σ_b c_b they are
/// sums over all tokens, which need C alone (Σ_b h = W_enc C + tokens · b_enc), less those over the
/// few tokens at which h ≥ θ, which are entries of the batch.
struct Revival {
  /// With its coefficient.
  let value: Double
  /// For each latent, what an entry with h ≥ θ adds to the gradient of its pre-activation.
  let entryGradients: [Float]

  private let latents: [Int]
  private let tokens: Int
  /// C
  private let inputSums: [Float]
  /// Entries with h ≥ θ of each latent.
  private let above: [Double]
  /// (1/tokens) Σ_b max(θ − h, 0), coefficient in it.
  private let shortfalls: [Double]

  init(
    _ loss: JumpReLUConfiguration.PreActivationLoss, _ latents: [Int], _ entries: JumpEntries,
    _ inputs: Matrix, _ parameters: ParameterSet, norms: [Float]
  ) {
    let (h, thresholds) = (entries.preActivations.values, entries.thresholds)
    let above = entries.latents.sumByLatent(
      entries.latents.mapEntries { entry, _, latent in h[entry] >= thresholds[latent] ? 1 : 0 })
    let excess = entries.latents.sumByLatent(
      entries.latents.mapEntries { entry, _, latent in max(h[entry] - thresholds[latent], 0) })
    self.init(
      loss, latents, above: above, excess: excess, inputs, parameters, thresholds: thresholds,
      norms: norms)
  }

  /// - Parameters:
  ///   - above: tokens with h ≥ θ of each latent.
  ///   - excess: Σ over tokens of max(h − θ, 0) of each latent.
  init(
    _ loss: JumpReLUConfiguration.PreActivationLoss, _ latents: [Int], above: [Double],
    excess: [Double], _ inputs: Matrix, _ parameters: ParameterSet, thresholds: [Float],
    norms: [Float]
  ) {
    self.latents = latents
    self.above = above
    tokens = inputs.rows
    let scale = loss.coefficient / Double(max(1, inputs.rows))
    var entryGradients = [Float](repeating: 0, count: norms.count)
    for latent in latents { entryGradients[latent] = Float(scale * Double(norms[latent])) }
    self.entryGradients = entryGradients

    inputSums = inputs.columnSums().map { Float($0) }
    let sums = parameters[.encoder].dots(with: inputSums)
    let biases = parameters[.encoderBias].array
    var shortfalls = [Double](repeating: 0, count: norms.count)
    var value = 0.0
    for latent in latents {
      let below =
        Double(inputs.rows) * (Double(thresholds[latent]) - Double(biases[latent]))
        - Double(sums[latent]) + excess[latent]
      shortfalls[latent] = scale * max(below, 0)
      value += shortfalls[latent] * Double(norms[latent])
    }
    self.shortfalls = shortfalls
    self.value = value
  }

  /// Adds what is not an entry's: the sums over all tokens.
  func add(
    to gradients: inout ParameterSet, encoderBias: inout [Double], thresholds: inout [Double],
    normSlopes: inout [Double]?
  ) {
    var slopes = normSlopes ?? [Double](repeating: 0, count: encoderBias.count)
    for latent in latents {
      let weight = Double(entryGradients[latent])
      encoderBias[latent] -= weight * Double(tokens)
      thresholds[latent] += weight * (Double(tokens) - above[latent])
      slopes[latent] += shortfalls[latent]
    }
    normSlopes = slopes
    gradients[.encoder].addToRows(inputSums, times: entryGradients.map { -$0 })
  }
}
