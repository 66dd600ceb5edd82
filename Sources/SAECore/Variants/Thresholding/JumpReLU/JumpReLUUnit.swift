import Foundation

/// z = h · 1[h > θ], whose gradients pass the jump by straight-through rules, and the sparsity terms and
/// the revival that look at thresholds.
struct JumpReLUUnit: ThresholdingUnit {
  let bias: [Float]
  /// Where the estimator's windows begin; a unit in the last place lower, so that rounding keeps
  /// nothing of a window out.
  let bounds: [Float]

  private let configuration: JumpReLUConfiguration
  /// θ of each latent.
  private let thresholds: [Float]
  /// Of the decoder rows.
  private let norms: [Float]
  private let parameters: ParameterSet
  private let inputs: Matrix
  /// λ of the step.
  private let coefficient: Double

  /// L0 of each token as the step counts it.
  private var l0: [Double]
  private var revivalSums: RevivalSums?
  private var penalty: (value: Double, slopes: [Float])?
  private var revival: Revival?
  private(set) var revivedCount = 0
  private var sums = Sums()

  /// Sums over tokens, one per latent.
  private struct Sums {
    var jumps: [Double] = []
    var inputs: [Double] = []
    var norms: [Double] = []
    var activeSlopes: [Double] = []
    /// The tanh penalty's value.
    var tanh = 0.0
  }

  static var scalesProducts: Bool { true }

  /// - Parameter norms: of the decoder rows.
  init(
    _ model: JumpReLUAutoencoder, norms: [Float], _ batch: TrainingBatch, _ inputs: Matrix
  ) {
    configuration = model.configuration
    parameters = model.parameters
    thresholds = model.thresholds
    self.norms = norms
    self.inputs = inputs
    bias = parameters[.encoderBias].array
    let half = configuration.bandwidth / 2
    bounds = thresholds.map { ($0 - half).nextDown }
    coefficient = configuration.coefficient.value(at: batch.step)
    l0 = [Double](repeating: 0, count: inputs.rows)
    if let loss = configuration.preActivationLoss, loss.mayConcernLatents(of: batch) {
      revivalSums = RevivalSums()
    }
  }

  func makeCodes(of hidden: inout LatentElements, _ codes: inout [LatentElements]) {
    hidden.addBias(bias)
    codes[0].set(hidden, above: thresholds)
  }

  mutating func observe(_ hidden: LatentElements, _ codes: [LatentElements]) {
    revivalSums?.add(hidden, thresholds: thresholds)
    if case .tanh = configuration.sparsityLoss { return }
    // An inactive latent's z = 0 lies above a negative threshold.
    let (thresholds, byLatents) = (thresholds, configuration.estimator == .thresholdByLatents)
    let counts = hidden.countsByToken(
      { latent, h in h > thresholds[latent] || (byLatents && thresholds[latent] < 0) },
      absentMatches: { byLatents && thresholds[$0] < 0 })
    for token in l0.indices { l0[token] += counts[token] }
  }

  mutating func settle(
    _ batch: TrainingBatch, _ activity: LatentActivity,
    over elements: ((LatentElements, inout LatentElements) -> Void) -> Void
  ) {
    var price: Double?
    if case .controlledL0 = configuration.sparsityLoss { price = balancingPrice(elements) }
    penalty = configuration.stepPenalty(l0, coefficient: coefficient, price: price)
    guard let revivalSums, let loss = configuration.preActivationLoss else { return }
    let revived = loss.latents(of: batch, activity)
    revivedCount = revived.count
    guard !revived.isEmpty else { return }
    revival = Revival(
      loss, revived, revivalSums, inputs, parameters, thresholds: thresholds, norms: norms)
  }

  mutating func passGradients(
    _ hidden: inout LatentElements, _ codes: inout [LatentElements],
    _ gradients: inout [LatentElements]
  ) {
    addTanh(hidden, to: &gradients[0])
    let jumps = jumps(hidden, gradients[0])
    sums.jumps += jumps.sumsByLatent()
    sumActiveSlopes(hidden)

    let thresholds = thresholds
    let reachesInput = configuration.estimator == .thresholdAndInput
    gradients[0].combine(hidden) { _, latent, code, h in h > thresholds[latent] ? code : 0 }
    // Either order is right within rounding.
    if reachesInput, !hidden.isPanel { gradients[0].add(jumps) }
    if let correction = revival?.entryGradients {
      gradients[0].combine(hidden) { _, latent, gradient, h in
        h >= thresholds[latent] ? gradient + correction[latent] : gradient
      }
    }
    if reachesInput, hidden.isPanel { gradients[0].add(jumps) }
    sums.inputs += gradients[0].sumsByLatent()
  }

  var inputSums: [Double] { sums.inputs }
  var sparsity: Double { penalty?.value ?? sums.tanh }

  mutating func finish(
    _ inputSums: inout [Double], into gradients: inout ParameterSet
  ) -> [LossTerm] {
    var thresholdSums = sums.jumps.map { -$0 }
    addInactive(to: &thresholdSums)
    var normSums: [Double]?
    if case .tanh = configuration.sparsityLoss { normSums = sums.norms }
    revival?.add(
      to: &gradients, encoderBias: &inputSums, thresholds: &thresholdSums, normSlopes: &normSums)
    if let normSums {
      gradients.addNormGradients(normSums, norms: norms, decoder: parameters[.decoder])
    }
    gradients[.encoderBias] = .rowVector(inputSums)
    gradients[configuration.parametrization.name] = .rowVector(
      configuration.parametrization == .logarithmic
        ? zip(thresholds, thresholdSums).map { Double($0) * $1 } : thresholdSums)
    return revival.map { [LossTerm("pre-activation", $0.value)] } ?? []
  }
}

/// The straight-through rules.
extension JumpReLUUnit {
  /// Whether a value is strictly within half the bandwidth of a threshold.
  static func isInWindow(_ value: Float, _ threshold: Float, _ bandwidth: Float) -> Bool {
    abs(value - threshold) < bandwidth / 2
  }

  /// Minus the threshold's gradient at each place; the pre-activation gets the same where the estimator
  /// reaches it.
  private func jumps(_ hidden: LatentElements, _ code: LatentElements) -> LatentElements {
    let (thresholds, bandwidth) = (thresholds, configuration.bandwidth)
    let byLatents = configuration.estimator == .thresholdByLatents
    let stepSlopes = penalty?.slopes
    var jumps = hidden
    jumps.combine(code) { token, latent, h, code in
      let threshold = thresholds[latent]
      let near = JumpReLUUnit.isInWindow(h, threshold, bandwidth)
      var jump = near ? threshold / bandwidth * code : 0
      // By latents the window is around z, which is h or, where it is inactive, 0.
      if let stepSlopes, near, !byLatents || h > threshold {
        jump += stepSlopes[token] / bandwidth
      }
      return jump
    }
    return jumps
  }

  /// The λ, over the number of tokens, at which the gradients of all thresholds add up to 0; 0 where only
  /// a reward for activity would do that.
  private func balancingPrice(
    _ elements: ((LatentElements, inout LatentElements) -> Void) -> Void
  ) -> Double {
    let (thresholds, bandwidth) = (thresholds, configuration.bandwidth)
    var (count, pull) = (0.0, 0.0)
    elements { hidden, gradient in
      pull += gradient.consumingSum(hidden) { latent, gradient, h in
        JumpReLUUnit.isInWindow(h, thresholds[latent], bandwidth)
          ? Double(thresholds[latent]) * Double(gradient) : 0
      }
      count += hidden.sumsByToken { latent, h in
        JumpReLUUnit.isInWindow(h, thresholds[latent], bandwidth) ? 1 : 0
      }.reduce(0, +)
    }
    return count > 0 ? max(0, -pull / count) : 0
  }

  /// The step's slopes of the tokens on which each latent is active, for latents that inactive tokens
  /// have a gradient for.
  private mutating func sumActiveSlopes(_ hidden: LatentElements) {
    guard configuration.estimator == .thresholdByLatents, let slopes = penalty?.slopes else {
      return
    }
    let thresholds = thresholds
    guard hidden.latents.contains(where: inactiveIsNear) else {
      sums.activeSlopes += hidden.latents.map { _ in 0 }
      return
    }
    var active = LatentElements(like: hidden)
    active.set(hidden) { token, latent, h in h > thresholds[latent] ? slopes[token] : 0 }
    sums.activeSlopes += active.sumsByLatent()
  }

  /// The part of inactive tokens, z = 0, where 0 lies in the window around z's threshold.
  private func addInactive(to thresholdSums: inout [Double]) {
    guard !sums.activeSlopes.isEmpty, let slopes = penalty?.slopes else { return }
    let total = slopes.reduce(0) { $0 + Double($1) }
    for latent in thresholdSums.indices where inactiveIsNear(latent) {
      thresholdSums[latent] -=
        (total - sums.activeSlopes[latent]) / Double(configuration.bandwidth)
    }
  }

  private func inactiveIsNear(_ latent: Int) -> Bool {
    JumpReLUUnit.isInWindow(0, thresholds[latent], configuration.bandwidth)
  }

  /// The tanh penalty, if it is asked for: adds its slopes by the latents, also where these are 0.
  private mutating func addTanh(_ hidden: LatentElements, to code: inout LatentElements) {
    guard case .tanh(let scale) = configuration.sparsityLoss else { return }
    let (thresholds, norms, kappa) = (thresholds, norms, Float(scale))
    let mean = coefficient / Double(max(1, inputs.rows))
    let factor = Float(mean * scale)
    var tangents = LatentElements(like: hidden)
    tangents.set(hidden) { _, latent, h in
      h > thresholds[latent] && h != 0 ? tanhf(kappa * h * norms[latent]) : 0
    }
    let sum = tangents.sumsByToken { Double($1) }.reduce(0, +)
    sums.tanh += (hidden.isPanel ? Double(factor / kappa) : mean) * sum
    code.combine(tangents) { _, latent, code, tangent in
      code + factor * norms[latent] * (1 - tangent * tangent)
    }
    tangents.combine(hidden) { _, latent, tangent, h in
      h > thresholds[latent] ? factor * h * (1 - tangent * tangent) : 0
    }
    sums.norms += tangents.sumsByLatent()
  }
}
