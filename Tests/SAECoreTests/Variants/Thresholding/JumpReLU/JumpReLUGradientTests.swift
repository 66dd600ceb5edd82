import Foundation
import SAECore
import SAETestSupport
import Testing

/// Straight-through gradients against their definition, entry by entry over all tokens and latents
/// in double; what is differentiable against central differences too.
@Suite struct JumpReLUGradientTests {
  typealias Loss = JumpReLUConfiguration.SparsityLoss
  typealias Estimator = JumpReLUConfiguration.Estimator

  static let losses: [Loss] = [
    .step, .quadratic(target: 2.5), .targetL0(3), .tanh(scale: 4),
  ]
  static let estimators: [Estimator] = [.threshold, .thresholdAndInput, .thresholdByLatents]

  /// Gradients by the rules as they are written down.
  struct Reference {
    var loss = 0.0
    var hidden: [[Double]] = []
    var thresholds: [Double]
    var norms: [Double]
    var decoder: [[Double]]
  }

  static func reference(
    _ p: PlainParameters, _ thresholds: [Double], _ x: [[Double]],
    _ configuration: JumpReLUConfiguration, dead: [Bool]
  ) -> Reference {
    let (tokens, latents) = (Double(x.count), thresholds.count)
    let epsilon = Double(configuration.bandwidth)
    let lambda = configuration.coefficient.finalValue
    let norms = p.norms
    let h = p.products(x, subtractsBias: configuration.subtractsDecoderBias).map {
      zip($0, p.vector(.encoderBias)).map { $0 + $1 }
    }
    let z = h.map { zip($0, thresholds).map { $0 > $1 ? $0 : 0 } }
    let errors = p.errors(z, x)
    let byLatents = configuration.estimator == .thresholdByLatents
    // What the step sees, and its window.
    let seen = byLatents ? z : h
    let l0 = seen.map { row in Double(row.indices.count { row[$0] > thresholds[$0] }) }
    let mean = l0.reduce(0, +) / tokens
    var result = Reference(
      loss: plainMeanSquare(errors), thresholds: Array(repeating: 0, count: latents),
      norms: Array(repeating: 0, count: latents),
      decoder: Array(repeating: Array(repeating: 0, count: x.first?.count ?? 0), count: latents))
    var steps = [Double](repeating: 0, count: x.count)
    switch configuration.sparsityLoss {
    case .step:
      result.loss += lambda * mean
      steps = steps.map { _ in lambda / tokens }
    case .quadratic(let t):
      result.loss += lambda * l0.reduce(0) { $0 + 2 / t * ($1 - t) * ($1 - t) } / tokens
      steps = l0.map { lambda / tokens * 4 / t * ($0 - t) }
    case .targetL0(let t):
      result.loss += lambda * (mean / t - 1) * (mean / t - 1)
      steps = steps.map { _ in 2 * lambda * (mean / t - 1) / (t * tokens) }
    case .tanh(let kappa):
      let sum = z.reduce(0) { $0 + zip($1, norms).reduce(0) { $0 + tanh(kappa * $1.0 * $1.1) } }
      result.loss += lambda * sum / tokens
    case .controlledL0: break
    }
    let revival = configuration.preActivationLoss?.coefficient ?? 0
    for b in x.indices {
      var row = [Double](repeating: 0, count: latents)
      for i in 0..<latents {
        let (theta, n) = (thresholds[i], norms[i])
        var gz = 2 / tokens * plainDot(errors[b], p[.decoder][i])
        if case .tanh(let kappa) = configuration.sparsityLoss {
          let t = tanh(kappa * z[b][i] * n)
          gz += lambda / tokens * kappa * n * (1 - t * t)
          result.norms[i] += lambda / tokens * kappa * z[b][i] * (1 - t * t)
        }
        let window = abs(h[b][i] - theta) < epsilon / 2 ? 1.0 : 0
        let stepWindow = abs(seen[b][i] - theta) < epsilon / 2 ? 1.0 : 0
        let jump = theta / epsilon * window * gz + stepWindow * steps[b] / epsilon
        result.thresholds[i] -= jump
        row[i] = h[b][i] > theta ? gz : 0
        if configuration.estimator == .thresholdAndInput { row[i] += jump }
        if dead[i], theta > h[b][i] {
          let shortfall = theta - h[b][i]
          result.loss += revival / tokens * n * shortfall
          result.thresholds[i] += revival / tokens * n
          row[i] -= revival / tokens * n
          result.norms[i] += revival / tokens * shortfall
        }
        for d in x[b].indices { result.decoder[i][d] += z[b][i] * 2 / tokens * errors[b][d] }
      }
      result.hidden.append(row)
    }
    for i in 0..<latents where norms[i] > 0 {
      for d in result.decoder[i].indices {
        result.decoder[i][d] += result.norms[i] * p[.decoder][i][d] / norms[i]
      }
    }
    return result
  }

  @Test(arguments: ThresholdGradientTests.shapes.indices)
  func closedForm(_ index: Int) throws {
    let shape = ThresholdGradientTests.shapes[index]
    var seed = UInt64(5000 * index)
    for loss in Self.losses {
      for estimator in Self.estimators {
        for parametrization in [
          JumpReLUConfiguration.Parametrization.clamped, .free, .logarithmic,
        ] {
          seed += 1
          // One of the three for each: all combinations would say no more.
          try check(
            shape, loss, estimator, parametrization,
            revivesDead: [nil, true, false][Int(seed % 3)], seed: seed)
        }
      }
    }
  }

  private func check(
    _ shape: (tokens: Int, width: Int, latents: Int), _ loss: Loss, _ estimator: Estimator,
    _ parametrization: JumpReLUConfiguration.Parametrization, revivesDead: Bool?, seed: UInt64
  ) throws {
    var configuration = JumpReLUConfiguration(
      coefficient: ThresholdGradientTests.one(0.7))
    configuration.sparsityLoss = loss
    configuration.estimator = estimator
    configuration.parametrization = parametrization
    configuration.bandwidth = 0.9
    configuration.subtractsDecoderBias = seed % 2 == 0
    configuration.preActivationLoss = revivesDead.map {
      .init(coefficient: 0.3, isForDeadLatents: $0)
    }
    let name: ParameterName = parametrization == .logarithmic ? .logThreshold : .threshold
    let parameters = ThresholdGradientTests.weights(
      latents: shape.latents, width: shape.width, vectors: [.encoderBias, name], seed: seed)
    let dead = (0..<shape.latents).map { ($0 + Int(seed)) % 3 == 0 }
    let x = Matrix.random(shape.tokens, shape.width, seed: seed + 99)
    var model = try JumpReLUAutoencoder(parameters: parameters, configuration: configuration)
    var gradients = parameters.zeros()
    let pass = try model.computeGradients(
      of: TrainingBatch(
        activations: x,
        deadLatents: DeadLatents(sinceFiring: dead.map { $0 ? 1 : 0 }, rule: .stepsBeforeBatch(0))),
      into: &gradients)

    // The clamp changes what is stored, so thresholds are read after the pass.
    let thresholds = model.thresholds.map { Double($0) }
    let plain = PlainParameters(parameters)
    let rows = plainRows(x)
    let revived = dead.map { isDead in revivesDead.map { !$0 || isDead } ?? false }
    let reference = Self.reference(plain, thresholds, rows, configuration, dead: revived)
    guard isAwayFromJumps(plain, thresholds, rows, configuration) else { return }
    #expect(abs(pass.totalLoss - reference.loss) <= 1e-5 * max(1, reference.loss))

    let encoderBias = (0..<shape.latents).map { i in
      reference.hidden.reduce(0) { $0 + $1[i] }
    }
    let bias = plain.vector(.decoderBias)
    let inputs = rows.map { token in
      configuration.subtractsDecoderBias ? zip(token, bias).map { $0 - $1 } : token
    }
    let encoder = (0..<shape.latents).flatMap { i in
      (0..<shape.width).map { d in
        inputs.indices.reduce(0) { $0 + reference.hidden[$1][i] * inputs[$1][d] }
      }
    }
    let message = "\(loss) \(estimator) \(parametrization) \(String(describing: revivesDead))"
    func expect(_ name: ParameterName, _ values: [Double]) {
      let largest = values.reduce(1e-3) { max($0, abs($1)) }
      let worst = zip(gradients[name].array, values).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      #expect(worst <= 2e-5 * largest, "\(name) with \(message): off by \(worst) of \(largest)")
    }
    expect(.encoderBias, encoderBias)
    expect(.encoder, encoder)
    expect(.decoder, reference.decoder.flatMap { $0 })
    expect(
      name,
      parametrization == .logarithmic
        ? zip(thresholds, reference.thresholds).map { $0 * $1 } : reference.thresholds)
  }

  /// Whether float32 and double agree on every comparison.
  private func isAwayFromJumps(
    _ p: PlainParameters, _ thresholds: [Double], _ x: [[Double]],
    _ configuration: JumpReLUConfiguration
  ) -> Bool {
    let half = Double(configuration.bandwidth) / 2
    return p.products(x, subtractsBias: configuration.subtractsDecoderBias).allSatisfy { row in
      row.indices.allSatisfy { i in
        let distance = row[i] + p.vector(.encoderBias)[i] - thresholds[i]
        return abs(distance) > 1e-5 && abs(abs(distance) - half) > 1e-5
      }
    }
  }

  /// Decoder and its bias are behind the jump: the loss is differentiable by them.
  @Test(arguments: JumpReLUGradientTests.losses.indices)
  func decoderByCentralDifferences(_ index: Int) throws {
    var configuration = JumpReLUConfiguration(
      coefficient: ThresholdGradientTests.one(0.7))
    configuration.sparsityLoss = Self.losses[index]
    configuration.subtractsDecoderBias = false
    configuration.preActivationLoss = .init(coefficient: 0.3, isForDeadLatents: false)
    let parameters = ThresholdGradientTests.weights(
      latents: 12, width: 6, vectors: [.encoderBias, .threshold], seed: 77)
    let x = Matrix.random(9, 6, seed: 78)
    var model = try JumpReLUAutoencoder(parameters: parameters, configuration: configuration)
    var gradients = parameters.zeros()
    _ = try model.computeGradients(
      of: TrainingBatch(activations: x, deadLatents: DeadLatents(latentCount: 12, rule: .never)),
      into: &gradients)
    let thresholds = model.thresholds.map { Double($0) }
    let rows = plainRows(x)
    let all = [Bool](repeating: true, count: 12)
    expectCentralDifferences(gradients, at: parameters, only: [.decoder, .decoderBias]) {
      Self.reference($0, thresholds, rows, configuration, dead: all).loss
    }
  }
}
