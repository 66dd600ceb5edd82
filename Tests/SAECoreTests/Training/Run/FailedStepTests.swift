import SAECore
import SAETestSupport
import Testing

/// Fails where the number of a batch's rows tells it to, and works as TopK else.
private struct FailingAutoencoder: TrainableAutoencoder {
  struct Configuration: AutoencoderConfiguration {
    typealias Model = FailingAutoencoder

    var decoderConstraint = DecoderConstraint.none
    var weightInitialization: WeightInitialization { .uniformEntries(rowNorm: 0.5) }
    var decoderBiasInitialization: DecoderBiasInitialization { .mean }
    func learningRate(latentCount: Int, steps: Int) -> Double { 1e-2 }
  }

  /// Where a step fails; the number of rows of the batch is 100 more.
  enum Failure: Int, CaseIterable {
    case beforeThePass, afterThePass, loss, secondLoss, infiniteLoss
    case encoderGradient, decoderGradient, infiniteGradient, overflowingGradient
    case overflowingProjection

    static let rows = 100

    var batch: Matrix { .random(rawValue + Failure.rows, 5, seed: 3) }
  }

  var base: TopKAutoencoder
  let configuration: Configuration
  /// Passes that were made: what a variant keeps besides parameters.
  var passes = 0.0

  init(parameters: ParameterSet, configuration: Configuration) throws(ShapeError) {
    base = try TopKAutoencoder(parameters: parameters, configuration: TopKConfiguration(k: 2))
    self.configuration = configuration
  }

  var parameters: ParameterSet {
    get { base.parameters }
    set { base.parameters = newValue }
  }
  var decoderConstraint: DecoderConstraint { configuration.decoderConstraint }
  var inputDimension: Int { base.inputDimension }
  var latentCount: Int { base.latentCount }
  var trainingState: [String: [Double]] { ["passes": [passes]] }

  func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try base.encode(activations)
  }

  func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try base.reconstruct(activations, from: latents)
  }

  mutating func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    let failure = Failure(rawValue: batch.activations.rows - Failure.rows)
    if failure == .beforeThePass { throw ShapeError("batch", "rows", expected: 0, found: 1) }
    let pass = try base.computeGradients(of: batch, into: &gradients)
    passes += 1
    parameters[.decoderBias][0, 0] += 1
    var losses = pass.losses + [LossTerm("second", 1)]
    let most = Float.greatestFiniteMagnitude
    switch failure {
    case .afterThePass: throw ShapeError("batch", "rows", expected: 0, found: 1)
    case .loss: losses[0] = LossTerm(losses[0].name, .nan)
    case .secondLoss: losses[1] = LossTerm("second", -.nan)
    case .infiniteLoss: losses[1] = LossTerm("second", .infinity)
    case .encoderGradient: gradients[.encoder][3, 1] = .nan
    case .decoderGradient: gradients[.decoder][11, 4] = .nan
    case .infiniteGradient: gradients[.decoderBias][0, 2] = -.infinity
    case .overflowingGradient: gradients[.decoder][2, 0] = most
    case .overflowingProjection:
      // Along the row, so that what is removed is larger than the gradient itself.
      for column in 0..<5 {
        gradients[.decoder][2, column] = parameters[.decoder][2, column] * most / 8
      }
    default: break
    }
    return TrainingPass(
      losses: losses, latents: try base.encode(batch.activations),
      totalSquaredError: pass.totalSquaredError, deadCount: 0)
  }
}

@Suite struct FailedStepTests {
  static let constraints: [DecoderConstraint] = [
    .none, .unitRowsAfterStep, .exactUnitRowsAfterStep, .unitRowsBeforeForward, .unitRowsBeforeStep,
  ]

  static let optimizers: [OptimizerChoice] = [.adam(), .scheduleFreeSignDescent, .muon()]

  /// Decoder rows of all lengths but 1.
  private static func trainer(
    _ constraint: DecoderConstraint, _ optimizer: OptimizerChoice = .adam()
  ) throws -> Trainer<FailingAutoencoder> {
    let parameters: ParameterSet = [
      .encoder: .random(12, 5, seed: 1), .encoderBias: .random(1, 12, seed: 2),
      .decoder: Matrix(rows: 12, columns: 5) { 1 + Float($0) + Float($1) / 7 },
      .decoderBias: .random(1, 5, seed: 4),
    ]
    return Trainer(
      try FailingAutoencoder(
        parameters: parameters,
        configuration: FailingAutoencoder.Configuration(decoderConstraint: constraint)),
      schedule: try .constant(1e-2), optimizer: optimizer.optimizer(for: parameters),
      clipping: .none,
      deadLatents: DeadLatents(latentCount: 12, rule: .tokensIncludingBatch(20)))
  }

  private static func batch(_ step: Int) -> Matrix { .random(16, 5, seed: UInt64(step) + 20) }

  /// All that a trainer keeps is as it was, and what it does next is as if nothing had happened.
  @Test(arguments: constraints, optimizers)
  func aFailedStepLeavesNoTrace(
    _ constraint: DecoderConstraint, _ optimizer: OptimizerChoice
  ) throws {
    for failure in FailingAutoencoder.Failure.allCases {
      var (trainer, untroubled) = (
        try Self.trainer(constraint, optimizer), try Self.trainer(constraint, optimizer)
      )
      for step in 0..<3 {
        let before = trainer.state
        for _ in 0..<2 {
          #expect(throws: TrainingError.self, "\(failure)") {
            _ = try trainer.train(on: failure.batch)
          }
        }
        #expect(trainer.state == before, "\(failure) before step \(step)")
        _ = try trainer.train(on: Self.batch(step))
        _ = try untroubled.train(on: Self.batch(step))
        #expect(trainer.state == untroubled.state, "\(failure), step \(step)")
      }
      #expect(trainer.step == 3 && trainer.tokens == 48 && trainer.model.passes == 3)
    }
  }

  @Test(arguments: constraints) func numbersThatAreNotFiniteAreNamed(
    _ constraint: DecoderConstraint
  ) throws {
    var trainer = try Self.trainer(constraint)
    let names: [(FailingAutoencoder.Failure, String)] = [
      (.loss, "reconstruction"), (.secondLoss, "second"), (.infiniteLoss, "second"),
      (.encoderGradient, "gradient of W_enc"), (.decoderGradient, "gradient of W_dec"),
      (.infiniteGradient, "gradient of b_dec"),
    ]
    for (failure, name) in names {
      #expect(throws: TrainingError.notFinite(step: 0, term: name), "\(failure)") {
        _ = try trainer.train(on: failure.batch)
      }
    }
    #expect(trainer.state == (try Self.trainer(constraint).state))
  }

  /// Variants of the library that keep something besides parameters, or change parameters in a pass.
  @Test func variantsKeepWhatTheyKeep() throws {
    func check<Model: TrainableAutoencoder>(_ configuration: Model.Configuration, _: Model.Type)
      throws
    {
      let weights: ParameterSet = [
        .encoder: .random(12, 5, seed: 1), .encoderBias: .random(1, 12, seed: 2),
        .decoder: .random(12, 5, seed: 3), .decoderBias: .random(1, 5, seed: 4),
      ]
      var trainer = Trainer(
        try Model(
          parameters: configuration.initialParameters(weights, batch: Self.batch(0)),
          configuration: configuration), schedule: try .constant(1e-2),
        deadLatents: DeadLatents(latentCount: 12, rule: .tokensIncludingBatch(20)))
      for step in 0..<4 { _ = try trainer.train(on: Self.batch(step)) }
      let before = trainer.state
      for value in [Float.nan, .infinity] {
        var broken = Self.batch(9)
        broken[7, 2] = value
        #expect(throws: TrainingError.self, "\(Model.self)") {
          _ = try trainer.train(on: broken)
        }
        #expect(trainer.state == before, "\(Model.self)")
      }
    }
    let annealing = PAnnealing(from: 1, to: 0.5, between: 1...5, updates: 2)
    let coefficient = CoefficientSchedule(finalValue: 0.1)
    try check(
      ReLUConfiguration.pAnnealing(annealing, form: .powers, coefficient: coefficient),
      ReLUAutoencoder.self)
    try check(
      GatedConfiguration.pAnnealing(annealing, form: .powers, coefficient: coefficient),
      GatedAutoencoder.self)
    try check(BatchTopKConfiguration(meanK: 2), BatchTopKAutoencoder.self)
    try check(JumpReLUConfiguration.controlledL0(2), JumpReLUAutoencoder.self)
    try check(TopKConfiguration.sparsify(k: 2), TopKAutoencoder.self)
  }
}
