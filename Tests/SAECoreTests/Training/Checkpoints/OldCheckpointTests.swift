import Foundation
import Testing

@testable import SAECore

/// Runs that version 0.1.0 began end as the bits that it would have ended with.
@Suite struct OldCheckpointTests {
  private static let coefficient = CoefficientSchedule.half
  private var annealing: PAnnealing {
    get throws { PAnnealing(to: 0.5, between: 2...11, updates: 4, queueLength: 3) }
  }

  /// As they were given when the checkpoints were made; all else was left to the library.
  private func options(_ edit: (inout TrainingOptions) -> Void = { _ in }) -> TrainingOptions {
    var options = TrainingOptions(steps: 12)
    options.batchTokens = 32
    options.data.bufferTokens = 100
    options.seed = 5
    options.schedule.learningRate = 1e-2
    options.revival.deadLatentRule = .tokensIncludingBatch(64)
    options.schedule.warmUpSteps = 3
    options.data.normalization = .expectedAverageOnlyIn
    edit(&options)
    return options
  }

  /// To the end from the checkpoint alone, and with the settings given again.
  private func ends<Model: TrainableAutoencoder>(
    _ name: String, _: Model.Type, _ configuration: Model.Configuration,
    _ options: TrainingOptions? = nil, targets: Matrix? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws where Model.Configuration.Model == Model, Model.Configuration: Decodable {
    let source = try OldCheckpoints.activations()
    let checkpoint = try TrainingCheckpoint(contentsOf: OldCheckpoints.path(name))
    #expect(checkpoint.metadata == ["note": "made by 0.1.0"])
    let runs = [
      try TrainingRun<Model>(from: checkpoint, on: source, targets: targets),
      try TrainingRun<Model>(
        configuration, latentCount: 16, on: source, targets: targets,
        options: options ?? self.options(), from: checkpoint),
    ]
    for run in runs {
      var run = run
      #expect(run.trainer.step == 6)
      while try run.step() != nil {}
      guard let expected = try OldCheckpoints.checksums(name)?[kernelName] else { continue }
      let found = [run.trainer.model.parameters, run.trainer.averagedModel.parameters]
        .map(OldCheckpoints.checksum)
      #expect(found == expected, "\(name)", sourceLocation: sourceLocation)
      // What is written now goes on as well.
      #expect(run.checkpoint().run == runs[0].checkpoint().run, sourceLocation: sourceLocation)
    }
  }

  @Test func selectingVariants() throws {
    try ends(
      "topk-defaults", TopKAutoencoder.self, TopKConfiguration(k: 3),
      options {
        $0.schedule.learningRate = nil
        $0.revival.deadLatentRule = nil
        $0.schedule.warmUpSteps = nil
      })
    var multi = TopKConfiguration.dictionaryLearning(k: 3)
    multi.multiTopK = MultiTopK()
    multi.annealing = .sparsify(steps: 9)
    try ends("topk-options", TopKAutoencoder.self, multi)
    try ends("batchtopk", BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 3))
    var sampled = MatryoshkaConfiguration(meanK: 3)
    sampled.levels = .sampled(3)
    try ends("matryoshka-sampled", MatryoshkaAutoencoder.self, sampled)
  }

  @Test func thresholdVariants() throws {
    try ends("jumprelu-controlled", JumpReLUAutoencoder.self, .controlledL0(3))
    try ends(
      "gated-annealing", GatedAutoencoder.self,
      .pAnnealing(annealing, coefficient: Self.coefficient))
    let resampling = Resampling(convention: .dictionaryLearning, period: 4, lastStep: 9)
    try ends(
      "relu-resampled", ReLUAutoencoder.self, ReLUConfiguration(coefficient: Self.coefficient),
      options {
        $0.revival.resampling = resampling
        $0.revival.deadLatentRule = .stepsIncludingBatch(2, firing: .above(0.25))
      })
  }

  @Test func optimizersAndNormalizations() throws {
    try ends(
      "batchtopk-whitened", BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 3),
      options {
        $0.data.normalization = .covarianceWhitening
        $0.data.scaleTokens = 150
      })
    try ends(
      "topk-muon-averaged", TopKAutoencoder.self, TopKConfiguration(k: 3),
      options {
        $0.optimizer.algorithm = .muon(momentum: 0.875, weightDecay: 0.25)
        $0.optimizer.averagingDecay = 0.9
        $0.optimizer.clippingNorm = nil
      })
    try ends(
      "topk-sign", TopKAutoencoder.self, .openAI(k: 3, loss: .scaledMean(scale: 0.125)),
      options {
        $0.optimizer.algorithm = .scheduleFreeSignDescent
        $0.schedule.shape = .cosine(endRate: 1e-3, cycles: 2)
        $0.schedule.warmUp = .fromZero
        $0.seed = .max
      })
    var plain = TopKConfiguration(k: 3)
    plain.auxiliaryLoss = nil
    try ends(
      "topk-layer-norm", TopKAutoencoder.self, plain,
      options {
        $0.data.normalization = .layerNorm
        $0.data.takesLossInOriginalUnits = true
        $0.optimizer.algorithm = .adam(beta1: 0, epsilon: 6.25e-10)
        $0.beginning.weights = .encoderFirst
        $0.beginning.decoderBias = .mean
        $0.beginning.calibratesEncoder = true
      })
  }

  @Test func transcoders() throws {
    let inputs = try OldCheckpoints.activations()
    try ends(
      "transcoder", Transcoder.self, TranscoderConfiguration(k: 3, hasSkipConnection: true),
      targets: Matrix(inputs[rows: 0..<200, columns: 1..<6]))
  }

  typealias Boosted = BoostedAutoencoder<TopKAutoencoder, BatchTopKAutoencoder>

  /// The base that the sweep's boosted member stands on.
  private func base() throws -> TopKAutoencoder {
    func weights(_ divisor: Float) -> Matrix {
      Matrix(rows: 8, columns: 8) { Float(($0 * 5 + $1 * 3) % 7 - 3) / divisor }
    }
    return try TopKAutoencoder(
      parameters: [
        .encoder: weights(8), .encoderBias: Matrix(rows: 1, columns: 8) { Float($1 % 3) / 16 },
        .decoder: weights(16), .decoderBias: Matrix(rows: 1, columns: 8) { Float($1 % 2) / 4 },
      ], configuration: TopKConfiguration(k: 2))
  }

  @Test func sweeps() throws {
    let checkpoint = try SweepCheckpoint(contentsOf: OldCheckpoints.path("sweep"))
    let activations = try OldCheckpoints.activations()
    var again = try TrainingSweep(on: activations, from: checkpoint)
    try again.resume(TopKAutoencoder.self)
    try again.resume(GatedAutoencoder.self)
    try again.resume(Boosted.self) {
      BoostingConfiguration(
        base: try base(),
        booster: try $0.configuration(as: BatchTopKConfiguration.self, key: "booster"))
    }
    var options = options { $0.schedule.warmUpSteps = nil }
    options.revival.deadLatentRule = nil
    var given = try TrainingSweep(on: activations, options: options, from: checkpoint)
    try given.add(TopKConfiguration(k: 2), latentCount: 12)
    try given.add(
      GatedConfiguration(coefficient: Self.coefficient), latentCount: 10)
    options.schedule.learningRate = 3e-3
    try given.add(
      BoostingConfiguration(base: base(), booster: BatchTopKConfiguration(meanK: 1)),
      latentCount: 6,
      options: options)
    for sweep in [again, given] {
      var sweep = sweep
      while try sweep.step() != nil {}
      guard let expected = try OldCheckpoints.checksums("sweep")?[kernelName] else { continue }
      let found = sweep.checkpoint().members.map { OldCheckpoints.checksum($0.trainer.parameters) }
      #expect(found == expected)
    }
    var other = try TrainingSweep(on: activations, from: checkpoint)
    #expect(throws: FileError.self) { try other.resume(BatchTopKAutoencoder.self) }
  }

  /// What was left to the library was decided then; what is said now has to agree.
  @Test func anotherRunIsRefused() throws {
    let checkpoint = try TrainingCheckpoint(contentsOf: OldCheckpoints.path("topk-options"))
    func setting(
      _ configuration: TopKConfiguration, _ options: TrainingOptions
    ) throws -> (String, String)? {
      do {
        _ = try TrainingRun<TopKAutoencoder>(
          configuration, latentCount: 16, on: OldCheckpoints.activations(), options: options,
          from: checkpoint)
        return nil
      } catch FileError.invalidSetting(_, let setting, let expected, let found) {
        return (setting, "\(expected); \(found)")
      }
    }
    var configuration = try checkpoint.configuration(as: TopKConfiguration.self)
    #expect(try setting(configuration, options()) == nil)
    // 12 steps, of which 12 / 5 are the decay's.
    #expect(try setting(configuration, options { $0.schedule.decaySteps = 2 }) == nil)
    let decay = try #require(try setting(configuration, options { $0.schedule.decaySteps = 3 }))
    #expect(decay == ("options.decaySteps", "3, as the run has it; 2"))
    let rate = try #require(try setting(configuration, options { $0.schedule.learningRate = 0.5 }))
    #expect(rate == ("options.learningRate", "0.5, as the run has it; 0.01"))
    configuration.thresholdAverage?.rate = 0.5
    let average = try #require(try setting(configuration, options()))
    #expect(average.0 == "configuration.thresholdAverage.rate")
    configuration.thresholdAverage = nil
    #expect(try setting(configuration, options())?.0 == "configuration.thresholdAverage")
  }
}

extension CoefficientSchedule {
  /// A half, after ten steps.
  fileprivate static let half = CoefficientSchedule(finalValue: 0.5, warmUpSteps: 10)
}
