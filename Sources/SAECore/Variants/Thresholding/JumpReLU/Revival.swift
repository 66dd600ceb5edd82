/// The pre-activation loss of a batch and its gradients, computed without the pre-activations.
///
/// It needs sums over the tokens at which h < θ, which are nearly all. With C = Σ_b c_b they are sums
/// over all tokens, which need C alone (Σ_b h = W_enc C + tokens · b_enc), less those over the few tokens
/// at which h ≥ θ.
struct Revival {
  /// With its coefficient.
  let value: Double
  /// For each latent, the number that an element with h ≥ θ adds to the gradient of its pre-activation.
  let entryGradients: [Float]

  private let latents: [Int]
  private let tokens: Int
  /// C
  private let inputSums: [Float]
  private let sums: RevivalSums
  /// (1/tokens) Σ_b max(θ − h, 0), coefficient in it.
  private let shortfalls: [Double]

  /// - Parameter latents: those that are to be revived.
  init(
    _ loss: JumpReLUConfiguration.PreActivationLoss, _ latents: [Int], _ sums: RevivalSums,
    _ inputs: Matrix, _ parameters: ParameterSet, thresholds: [Float], norms: [Float]
  ) {
    self.latents = latents
    self.sums = sums
    tokens = inputs.rows
    let scale = loss.coefficient / Double(max(1, inputs.rows))
    var entryGradients = [Float](repeating: 0, count: norms.count)
    for latent in latents { entryGradients[latent] = Float(scale * Double(norms[latent])) }
    self.entryGradients = entryGradients

    inputSums = inputs.columnSums().map { Float($0) }
    let products = parameters[.encoder].dots(with: inputSums)
    let biases = parameters[.encoderBias].array
    var shortfalls = [Double](repeating: 0, count: norms.count)
    var value = 0.0
    for latent in latents {
      let below =
        Double(inputs.rows) * (Double(thresholds[latent]) - Double(biases[latent]))
        - Double(products[latent]) + sums.excess[latent]
      shortfalls[latent] = scale * max(below, 0)
      value += shortfalls[latent] * Double(norms[latent])
    }
    self.shortfalls = shortfalls
    self.value = value
  }

  /// Adds the part that belongs to no element: the sums over all tokens.
  func add(
    to gradients: inout ParameterSet, encoderBias: inout [Double], thresholds: inout [Double],
    normSlopes: inout [Double]?
  ) {
    var slopes = normSlopes ?? [Double](repeating: 0, count: encoderBias.count)
    for latent in latents {
      let weight = Double(entryGradients[latent])
      encoderBias[latent] -= weight * Double(tokens)
      thresholds[latent] += weight * (Double(tokens) - sums.above[latent])
      slopes[latent] += shortfalls[latent]
    }
    normSlopes = slopes
    gradients[.encoder].addToRows(inputSums, times: entryGradients.map { -$0 })
  }
}

/// The sums that a pre-activation loss needs over the elements with h ≥ θ, one number per latent.
struct RevivalSums {
  /// Tokens with h ≥ θ.
  private(set) var above: [Double] = []
  /// Σ over tokens of max(h − θ, 0).
  private(set) var excess: [Double] = []

  mutating func add(_ hidden: LatentElements, thresholds: [Float]) {
    var part = LatentElements(like: hidden)
    part.set(hidden) { _, latent, h in h >= thresholds[latent] ? 1 : 0 }
    above += part.sumsByLatent()
    part.set(hidden) { _, latent, h in max(h - thresholds[latent], 0) }
    excess += part.sumsByLatent()
  }
}

extension JumpReLUConfiguration.PreActivationLoss {
  /// The latents that the loss is about.
  func latents(of batch: TrainingBatch, _ activity: LatentActivity) -> [Int] {
    isForDeadLatents
      ? batch.deadLatents.indices(during: activity) : Array(activity.activeTokens.indices)
  }

  /// Whether there would be such latents if none fired in a batch.
  func mayConcernLatents(of batch: TrainingBatch) -> Bool {
    let inactive = [Int](repeating: 0, count: batch.deadLatents.sinceFiring.count)
    return !latents(
      of: batch, LatentActivity(tokens: batch.activations.rows, activeTokens: inactive)
    ).isEmpty
  }
}
