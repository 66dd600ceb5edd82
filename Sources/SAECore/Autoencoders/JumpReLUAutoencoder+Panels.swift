import Foundation

/// The training step where many pre-activations are above their thresholds, as when training begins
/// with small ones.
extension JumpReLUAutoencoder {
  /// What ``computeGradients(of:into:)`` does, a panel of latents at a time.
  mutating func denseGradients(
    _ batch: TrainingBatch, _ panels: LatentPanels, into gradients: inout ParameterSet
  ) -> TrainingPass {
    let jump = PanelJump(self)
    let bias = parameters[.encoderBias].array
    norms = dictionary.rowNorms()
    var forward = PanelForward(tokens: batch.activations.rows)
    var error = Matrix(rows: batch.target.rows, columns: dictionary.columns)
    var latents = Matrix(rows: 0, columns: 0)
    var kept = KeptPanels(gradients.takeWeights())
    panels.forEach(keepingIn: &kept) { range, hidden in
      hidden.addToRows(Array(bias[range]))
      jump.setLatents(&latents, hidden, range)
      forward.add(
        latents, hidden, range, jump, measuresRevival: configuration.preActivationLoss != nil)
      error.addProduct(
        latents.view, nonZeros: forward.active[range].reduce(0, +), dictionary[rows: range])
    }
    error.addToRows(parameters[.decoderBias].array)
    error.add(batch.target, times: -1)

    let activity = LatentActivity(tokens: forward.tokens, activeTokens: forward.active)
    let squares = error.weigh(by: batch.errorWeights)
    let factor = configuration.reconstructionLoss.factor(for: batch.target)
    let slope = Float(2 * factor)
    let outputs = PackedFactor(error)
    let price = balancingPrice(panels, &kept, jump, outputs, slope: slope)
    let penalty = configuration.stepPenalty(
      forward.l0, coefficient: configuration.coefficient.value(at: batch.step), price: price)
    let revived = revivedLatents(of: batch, activity)
    let revival = configuration.preActivationLoss.flatMap { loss in
      revived.isEmpty
        ? nil
        : Revival(
          loss, revived, above: forward.above, excess: forward.excess, panels.inputs, parameters,
          thresholds: jump.thresholds, norms: norms)
    }

    var sums = PanelSums()
    var (code, jumps) = (latents, latents)
    let tanh = configuration.tanhPenalty(at: batch.step, tokens: forward.tokens, norms: norms)
    panels.forEach(keptIn: &kept) { range, hidden, kept in
      hidden.addToRows(Array(bias[range]))
      jump.setLatents(&latents, hidden, range)
      code.reshape(rows: hidden.rows, columns: hidden.columns)
      code.setProduct(outputs, dictionary[rows: range].transposed)
      code.scale(by: slope)
      if let tanh {
        sums.penalty += tanh.value(latents, range)
        sums.norms += tanh.normSlopes(latents, range)
        tanh.add(latents, range, to: &code)
      }
      jump.setJumps(&jumps, hidden, code, range, stepSlopes: penalty?.slopes)
      sums.jumps += jumps.columnSums()
      jump.pass(&code, hidden, jumps, range, correction: revival?.entryGradients)
      sums.preActivations += code.columnSums()
      if let slopes = penalty?.slopes, configuration.estimator == .thresholdByLatents {
        sums.activeSlopes += jump.activeSlopes(hidden, range, slopes).columnSums()
      }
      latents.scale(by: slope)
      kept.setDecoderRows(
        range, latents, nonZeros: forward.active[range].reduce(0, +), error)
      kept.setEncoderRows(
        range, code, nonZeros: kept.entryCount(of: range), panels.inputs)
    }
    gradients.putWeights(&kept)

    var thresholds = sums.jumps.map { -$0 }
    if !sums.activeSlopes.isEmpty, let slopes = penalty?.slopes {
      jump.addSilent(activeSlopes: sums.activeSlopes, slopes, to: &thresholds)
    }
    return finish(
      batch, inputs: panels.inputs, error: error, squares: squares,
      sparsity: penalty?.value ?? sums.penalty, activity: activity, latents: nil,
      revival: revival, revivedCount: revived.count, encoderBias: sums.preActivations,
      thresholds: thresholds, normSlopes: tanh == nil ? nil : sums.norms, into: &gradients)
  }

  /// λ over the number of tokens as ``JumpReLUConfiguration/balancingPrice(_:slopes:)`` has it; nil where
  /// none is asked for. Takes a round of its own: it must be known before the gradients are.
  private func balancingPrice(
    _ panels: LatentPanels, _ kept: inout KeptPanels, _ jump: PanelJump,
    _ outputs: PackedFactor, slope: Float
  ) -> Double? {
    guard case .controlledL0 = configuration.sparsityLoss else { return nil }
    let bias = parameters[.encoderBias].array
    var (count, pull) = (0.0, 0.0)
    var products = Matrix(rows: 0, columns: 0)
    panels.forEach(keptIn: &kept) { range, hidden, _ in
      hidden.addToRows(Array(bias[range]))
      products.reshape(rows: hidden.rows, columns: hidden.columns)
      products.setProduct(outputs, dictionary[rows: range].transposed)
      products.scale(by: slope)
      let thresholds = Array(jump.thresholds[range])
      let bandwidth = jump.bandwidth
      products.combine(hidden) { _, column, product, h in
        JumpEntries.isInWindow(h, thresholds[column], bandwidth)
          ? thresholds[column] * product : 0
      }
      pull += products.columnSums().reduce(0, +)
      count += hidden.sumsByRow { column, h in
        JumpEntries.isInWindow(h, thresholds[column], bandwidth) ? 1 : 0
      }.reduce(0, +)
    }
    return count > 0 ? max(0, -pull / count) : 0
  }
}

/// What the forward pass tells of a batch, gathered panel by panel.
private struct PanelForward {
  let tokens: Int
  /// L0 of each token as the step counts it.
  var l0: [Double]
  /// Tokens on which each latent is active.
  var active: [Int] = []
  /// Tokens with h ≥ θ of each latent.
  var above: [Double] = []
  /// Σ over tokens of max(h − θ, 0) of each latent.
  var excess: [Double] = []

  init(tokens: Int) {
    self.tokens = tokens
    l0 = [Double](repeating: 0, count: tokens)
  }

  mutating func add(
    _ latents: Matrix, _ hidden: Matrix, _ range: Range<Int>, _ jump: PanelJump,
    measuresRevival: Bool
  ) {
    active += latents.nonZeroCounts()
    for (token, count) in jump.l0(hidden, range).enumerated() { l0[token] += count }
    guard measuresRevival else { return }
    let thresholds = Array(jump.thresholds[range])
    var part = hidden
    part.combine(hidden) { _, column, _, h in h >= thresholds[column] ? 1 : 0 }
    above += part.columnSums()
    part.combine(hidden) { _, column, _, h in max(h - thresholds[column], 0) }
    excess += part.columnSums()
  }
}

/// Sums over tokens that the backward pass gathers panel by panel, one a latent.
private struct PanelSums {
  var jumps: [Double] = []
  var preActivations: [Double] = []
  var norms: [Double] = []
  var activeSlopes: [Double] = []
  /// The tanh penalty's value.
  var penalty = 0.0
}

/// The jump and its straight-through rules on panels of pre-activations.
private struct PanelJump {
  let thresholds: [Float]
  let bandwidth: Float
  let estimator: JumpReLUConfiguration.Estimator

  init(_ model: JumpReLUAutoencoder) {
    thresholds = model.thresholds
    bandwidth = model.configuration.bandwidth
    estimator = model.configuration.estimator
  }

  /// z of h.
  func setLatents(_ latents: inout Matrix, _ hidden: Matrix, _ range: Range<Int>) {
    latents.setJumpReLU(of: hidden, thresholds: Array(thresholds[range]))
  }

  /// L0 of each token as the step counts it: a silent latent's z = 0 lies above a negative threshold.
  func l0(_ hidden: Matrix, _ range: Range<Int>) -> [Double] {
    let thresholds = Array(thresholds[range])
    let byLatents = estimator == .thresholdByLatents
    return hidden.sumsByRow { column, h in
      h > thresholds[column] || (byLatents && thresholds[column] < 0) ? 1 : 0
    }
  }

  /// Minus the threshold's gradient at each place.
  func setJumps(
    _ jumps: inout Matrix, _ hidden: Matrix, _ code: Matrix, _ range: Range<Int>,
    stepSlopes: [Float]?
  ) {
    let (thresholds, bandwidth) = (Array(thresholds[range]), bandwidth)
    let byLatents = estimator == .thresholdByLatents
    jumps = hidden
    jumps.combine(code) { token, column, h, code in
      let threshold = thresholds[column]
      let near = JumpEntries.isInWindow(h, threshold, bandwidth)
      var jump = near ? threshold / bandwidth * code : 0
      if let stepSlopes {
        let counts =
          byLatents
          ? h > threshold && JumpEntries.isInWindow(h, threshold, bandwidth) : near
        if counts { jump += stepSlopes[token] / bandwidth }
      }
      return jump
    }
  }

  /// The gradients of the pre-activations of those of the latents.
  func pass(
    _ code: inout Matrix, _ hidden: Matrix, _ jumps: Matrix, _ range: Range<Int>,
    correction: [Float]?
  ) {
    let thresholds = Array(thresholds[range])
    let correction = correction.map { Array($0[range]) }
    code.combine(hidden) { _, column, code, h in
      var gradient = h > thresholds[column] ? code : 0
      if let correction, h >= thresholds[column] { gradient += correction[column] }
      return gradient
    }
    if estimator == .thresholdAndInput { code.add(jumps) }
  }

  /// The step's slope of each token where a latent is active.
  func activeSlopes(_ hidden: Matrix, _ range: Range<Int>, _ slopes: [Float]) -> Matrix {
    let thresholds = Array(thresholds[range])
    var active = hidden
    active.combine(hidden) { token, column, _, h in h > thresholds[column] ? slopes[token] : 0 }
    return active
  }

  /// The part of silent tokens, z = 0, where 0 lies in the window around z's threshold.
  func addSilent(activeSlopes: [Double], _ slopes: [Float], to sums: inout [Double]) {
    let total = slopes.reduce(0) { $0 + Double($1) }
    for latent in sums.indices where JumpEntries.isInWindow(0, thresholds[latent], bandwidth) {
      sums[latent] -= (total - activeSlopes[latent]) / Double(bandwidth)
    }
  }
}

/// The tanh penalty on panels of latents.
private struct TanhPenalty {
  let scale: Float
  /// λ κ / tokens
  let factor: Float
  let norms: [Float]

  func value(_ latents: Matrix, _ range: Range<Int>) -> Double {
    let (kappa, norms) = (scale, Array(norms[range]))
    let sum = latents.sumsByRow { column, z in
      z == 0 ? 0 : Double(tanhf(kappa * z * norms[column]))
    }
    return Double(factor / scale) * sum.reduce(0, +)
  }

  /// Adds the penalty's slopes by the latents, also where these are 0.
  func add(_ latents: Matrix, _ range: Range<Int>, to code: inout Matrix) {
    let (kappa, factor, norms) = (scale, factor, Array(norms[range]))
    code.combine(latents) { _, column, code, z in
      let tangent = z == 0 ? 0 : tanhf(kappa * z * norms[column])
      return code + factor * norms[column] * (1 - tangent * tangent)
    }
  }

  /// ∂/∂n of each latent.
  func normSlopes(_ latents: Matrix, _ range: Range<Int>) -> [Double] {
    let (kappa, factor, norms) = (scale, factor, Array(norms[range]))
    var slopes = latents
    slopes.combine(latents) { _, column, _, z in
      guard z != 0 else { return 0 }
      let tangent = tanhf(kappa * z * norms[column])
      return factor * z * (1 - tangent * tangent)
    }
    return slopes.columnSums()
  }
}

extension JumpReLUConfiguration {
  fileprivate func tanhPenalty(at step: Int, tokens: Int, norms: [Float]) -> TanhPenalty? {
    guard case .tanh(let scale) = sparsityLoss else { return nil }
    let lambda = coefficient.value(at: step)
    return TanhPenalty(
      scale: Float(scale), factor: Float(lambda / Double(max(1, tokens)) * scale), norms: norms)
  }
}
