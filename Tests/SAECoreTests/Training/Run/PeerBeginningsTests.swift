import SAETestSupport
import Testing

@testable import SAECore

/// How OpenAI's and Anthropic's runs begin and step.
@Suite struct PeerBeginningsTests {
  @Test func openAIRowsAreUnitBeforeTheStep() throws {
    let source = Matrix.random(300, 6, seed: 51)
    var options = TrainingOptions(steps: 12)
    options.batchTokens = 64
    options.schedule.learningRate = 1e-2
    options.optimizer.algorithm = .adam(epsilon: 6.25e-10)
    options.beginning.weights = .encoderFirst
    options.beginning.calibratesEncoder = true
    options.optimizer.averagingDecay = 0.999
    let configuration = TopKConfiguration.openAI(k: 2, loss: try .scaledMean(of: source))
    var run = try TrainingRun<TopKAutoencoder>(
      configuration, latentCount: 24, on: source, options: options)
    // Reconstructions of random directions begin at norm 1.
    var generator = RandomGenerator(seed: 52)
    var probes = Matrix(rows: 4000, columns: 6) { _, _ in Float(generator.gaussian()) }
    probes.normalizeRows(normGuard: 0)
    let bias = run.trainer.model.parameters[.decoderBias].array
    probes.addToRows(bias)
    let norms = try run.trainer.model.reconstruct(probes).subtractingFromRows(bias).rowNorms()
    #expect(abs(norms.reduce(0, +) / 4000 - 1) < 0.06)
    var losses: [Double] = []
    var previous = run.trainer.model.decoder
    while let report = try run.step() {
      losses.append(report.loss)
      // The gradient has no component along the rows as they were normalized.
      previous.normalizeRows(normGuard: 0)
      for latent in 0..<24 {
        var along = 0.0
        for column in 0..<6 {
          along +=
            Double(run.trainer.gradients[.decoder][latent, column])
            * Double(previous[latent, column])
        }
        #expect(abs(along) < 1e-6)
      }
      // Adam moves a row of norm 1 by 0.01 · √6 at most, so after the step it is only nearly that.
      for norm in run.trainer.model.decoder.rowNorms() { #expect(abs(norm - 1) < 0.026) }
      previous = run.trainer.model.decoder
    }
    #expect(losses.last ?? 9 < losses.first ?? 0)
    #expect(
      refusedOption { try ReconstructionLoss.scaledMean(of: Matrix(rows: 3, columns: 2)) }
        == "sample")
    #expect(
      refusedOption {
        try TrainingRun<MatchingPursuitAutoencoder>(
          MatchingPursuitConfiguration(maxIterations: 1), latentCount: 8, on: source,
          options: options)
      } == "calibratesEncoder")
  }

  /// s · mean over tokens and width, s one over the variance of an entry: by hand.
  @Test func scaledMeanByHand() throws {
    let sample = Matrix(rows: 2, columns: 2, values: [0, 1, 2, 5])
    // Means 1 and 3; squares 1 + 1 + 4 + 4 over four entries: 2.5.
    let loss = try ReconstructionLoss.scaledMean(of: sample)
    #expect(loss == .scaledMean(scale: 0.4))
    #expect(loss.factor(for: Matrix(rows: 3, columns: 2)) == 0.4 / 6)
    #expect(loss.factor(for: Matrix(rows: 0, columns: 2)) == 0)
  }

  @Test(arguments: [300.0, 2.0, 60.0]) func anthropicLatentsBeginAsOftenActive(_ l0: Double) throws
  {
    let source = Matrix.random(500, 8, seed: 53)
    var options = TrainingOptions(steps: 1)
    options.batchTokens = 500
    options.beginning.weights = .scaledTranspose
    options.data.normalization = .none
    var configuration = JumpReLUConfiguration.anthropic(coefficient: .one)
    #expect(configuration.initialL0 == 10_000)
    configuration.initialL0 = l0
    let run = try TrainingRun<JumpReLUAutoencoder>(
      configuration, latentCount: 300, on: source, options: options)
    let model = run.trainer.model
    let counts = LatentActivity(try model.encode(source)).activeTokens
    let share = min(l0 / 300, 1)
    let expected = max(1, min(499, Int((share * 500).rounded())))
    for (latent, count) in counts.enumerated() {
      // A pre-activation above a threshold of 0.1 is positive, so the count is exact but for rounding.
      #expect(abs(count - expected) <= 1, "latent \(latent)")
    }
    // W_enc is width / latents times W_dec.
    var scaled = model.decoder
    scaled.scale(by: Float(8.0 / 300))
    #expect(scaled == model.parameters[.encoder])
    #expect((model.decoder.array.max() ?? 0) <= 1 / Float(8).squareRoot())
  }

  /// From thresholds ten times too low, L0 falls: they are parameters that move at a usable speed.
  @Test func thresholdsThatBeginTooLowRise() throws {
    let source = Matrix.random(600, 8, seed: 54)
    var options = TrainingOptions(steps: 200)
    options.batchTokens = 128
    options.schedule.learningRate = 1e-2
    func run(
      _ parametrization: JumpReLUConfiguration.Parametrization
    ) throws -> (first: Double, last: Double, rise: Float) {
      var configuration = JumpReLUConfiguration.saeLens(
        coefficient: CoefficientSchedule(finalValue: 1))
      configuration.bandwidth = 0.5
      configuration.initialThreshold = 0.01
      configuration.parametrization = parametrization
      var run = try TrainingRun<JumpReLUAutoencoder>(
        configuration, latentCount: 40, on: source, options: options)
      var l0: [Double] = []
      while let report = try run.step() { l0.append(report.l0) }
      let thresholds = run.trainer.model.thresholds
      return (l0[0], l0[199], thresholds.reduce(0, +) / 40 / 0.01)
    }
    let clamped = try run(.clamped)
    #expect(clamped.rise > 10)
    #expect(clamped.last < 0.5 * clamped.first)
    // In logarithms a step of Adam moves them by a factor of e^0.01 at most: with warm-up and decay
    // less than e², and slower than the others.
    let logarithmic = try run(.logarithmic)
    #expect(logarithmic.rise < clamped.rise)
  }
}
