import SAETestSupport
import Testing

@testable import SAECore

/// Runs whose loss is in the activations' own units.
@Suite struct OriginalUnitsTests {
  private static func options(_ normalization: ActivationNormalization) -> TrainingOptions {
    var options = NormalizedTrainingTests.options(normalization)
    options.batchTokens = NormalizedTrainingTests.source.rows
    options.data.bufferTokens = options.batchTokens
    options.data.takesLossInOriginalUnits = true
    return options
  }

  private static let topK: TopKConfiguration = {
    var configuration = TopKConfiguration(k: 3)
    configuration.auxiliaryLoss = nil
    return configuration
  }()

  /// The first batch is the whole source: its loss is the mean of ‖x̂ − x‖² over all rows.
  @Test(arguments: [ActivationNormalization.layerNorm, .constantNormRescale])
  func lossesAreThoseOfActivationsAsTheyAre(_ normalization: ActivationNormalization) throws {
    let source = NormalizedTrainingTests.source
    var options = Self.options(normalization)
    func first() throws -> (loss: Double, original: Double, scaled: Double, report: Double) {
      var run = try TrainingRun<TopKAutoencoder>(
        Self.topK, latentCount: 24, on: source, options: options)
      let autoencoder: any StorableAutoencoder = try run.autoencoder()
      var error = try autoencoder.reconstruct(source)
      error.add(source, times: -1)
      let activations = try run.scaling.scale(source).activations
      var scaledError = try run.trainer.model.reconstruct(activations)
      scaledError.add(activations, times: -1)
      let report = try #require(try run.step())
      let rows = Double(source.rows)
      return (
        report.loss, error.sumOfSquares() / rows, scaledError.sumOfSquares() / rows,
        report.totalSquaredError / rows
      )
    }
    let inOriginalUnits = try first()
    #expect(
      abs(inOriginalUnits.loss - inOriginalUnits.original) <= 2e-5 * inOriginalUnits.original)
    options.data.takesLossInOriginalUnits = false
    let normalized = try first()
    #expect(abs(normalized.loss - normalized.scaled) <= 1e-5 * normalized.scaled)
    #expect(normalized.loss < 0.1 * inOriginalUnits.loss)
    #expect(inOriginalUnits.report == normalized.report)
    #expect(abs(normalized.report - normalized.scaled) <= 1e-5 * normalized.scaled)
  }

  /// In a sweep, beside a member with the other units, and from a checkpoint on, it is the same run.
  @Test func sweepsAndCheckpointsAgree() throws {
    let source = NormalizedTrainingTests.source
    var options = Self.options(.layerNorm)
    options.batchTokens = 64
    var other = options
    other.data.takesLossInOriginalUnits = false
    var run = try TrainingRun<TopKAutoencoder>(
      Self.topK, latentCount: 24, on: source, options: options)
    var sweep = try TrainingSweep(on: source, options: other)
    let plain = try sweep.add(Self.topK, latentCount: 24)
    let weighted = try sweep.add(
      Self.topK, latentCount: 24, options: options)
    for _ in 0..<3 {
      _ = try run.step()
      _ = try sweep.step()
    }
    #expect(sweep.trainer(of: weighted).model.parameters == run.trainer.model.parameters)
    #expect(sweep.trainer(of: plain).model.parameters != run.trainer.model.parameters)
    var resumed = try TrainingRun<TopKAutoencoder>(
      Self.topK, latentCount: 24, on: source, options: options, from: run.checkpoint())
    _ = try run.step()
    _ = try resumed.step()
    #expect(resumed.trainer.model.parameters == run.trainer.model.parameters)
    #expect(throws: FileError.self) {
      try TrainingRun<TopKAutoencoder>(
        Self.topK, latentCount: 24, on: source, options: other, from: run.checkpoint())
    }
  }

  @Test func whatHasNoOriginalUnitsIsRefused() throws {
    let source = NormalizedTrainingTests.source
    func refusal(
      _ configuration: TopKConfiguration, _ normalization: ActivationNormalization
    ) -> String? {
      refusedOption {
        try TrainingRun<TopKAutoencoder>(
          configuration, latentCount: 24, on: source, options: Self.options(normalization))
      }
    }
    for normalization in ActivationNormalization.allCases {
      let isOfEachToken = normalization == .layerNorm || normalization == .constantNormRescale
      #expect(
        refusal(Self.topK, normalization) == (isOfEachToken ? nil : "takesLossInOriginalUnits"))
    }
    #expect(refusal(TopKConfiguration(k: 3), .layerNorm) == "auxiliaryLoss")
    #expect(refusal(.sparsify(k: 3), .layerNorm) == "reconstructionLoss")
    // A variant from outside does not say that its loss honors weights.
    #expect(
      refusedOption {
        try TrainingRun<TiedAutoencoder>(
          TiedAutoencoder.Configuration(), latentCount: 6, on: source,
          options: Self.options(.layerNorm)
        )
      } == "takesLossInOriginalUnits")
  }
}
