import SAETestSupport
import Testing

@testable import SAECore

/// Runs under every normalization, from raw activations to an autoencoder that works on them.
@Suite struct NormalizedTrainingTests {
  /// Correlated, far from 0, and of very different lengths.
  static let source: Matrix = {
    let mixing = Matrix.random(6, 6, seed: 21)
    var rows = Matrix.random(400, 6, seed: 22).multiplied(by: mixing)
    rows.scaleRows(by: (0..<400).map { 3 + Float($0 % 7) })
    rows.addToRows([4, -3, 0, 8, 1, 2])
    return rows
  }()

  static func options(_ normalization: ActivationNormalization) -> TrainingOptions {
    var options = TrainingOptions(steps: 30)
    options.batchTokens = 64
    options.schedule.learningRate = 1e-2
    options.data.normalization = normalization
    return options
  }

  /// What is finished, on raw activations, against the model that was trained, between the scaling and
  /// the way back.
  func keepsReconstructions<Model: TrainableAutoencoder & StorableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, _ normalization: ActivationNormalization,
    steps: Int = 5, latents: Int = 24
  ) throws where Model.Configuration.Model == Model {
    let comment: Comment = "\(Model.self), \(normalization)"
    var run = try TrainingRun<Model>(
      configuration, latentCount: latents, on: Self.source, options: Self.options(normalization))
    for _ in 0..<steps { _ = try run.step() }
    let scaled = try run.scaling.scale(Self.source)
    let model = run.trainer.averagedModel
    let latents = try model.encode(scaled.activations)
    let expected = try scaled.restored(model.reconstruct(scaled.activations, from: latents))
    let finished: any StorableAutoencoder = try run.autoencoder()
    // Whitening multiplies by a matrix and its inverse, whose condition is some hundreds here.
    let bound = normalization == .covarianceWhitening ? 2e-3 : 2e-5
    #expect(
      relativeDifference(try finished.reconstruct(Self.source).array, expected.array) < bound,
      comment)
    let active = try finished.encode(Self.source)
    #expect(abs(active.entryCount - latents.entryCount) <= latents.entryCount / 200, comment)
    // In a sweep and in files it is the same.
    var sweep = try TrainingSweep(on: Self.source, options: Self.options(normalization))
    let added = try sweep.add(configuration, latentCount: 24)
    for _ in 0..<steps { _ = try sweep.step() }
    #expect(sweep.scaling == run.scaling, comment)
    let member: any SparseAutoencoder = try sweep.autoencoder(added)
    #expect(try member.reconstruct(Self.source) == finished.reconstruct(Self.source), comment)
    let folder = try ScratchFolder()
    try finished.save(to: folder.file("sae"))
    let read = try SAEArchive.read(folder.file("sae")).archive.autoencoder()
    #expect(
      relativeDifference(
        try read.reconstruct(Self.source).array, try finished.reconstruct(Self.source).array)
        < 1e-5, comment)
    if run.scaling.isFoldable {
      #expect(try run.folded().encode(Self.source) == active, comment)
      #expect(finished is Model, comment)
    } else {
      #expect(refusedOption { _ = try run.folded() } == "normalization", comment)
      #expect(refusedOption { _ = try sweep.folded(added) } == "normalization", comment)
      #expect(
        finished.archive().inputNormalization.rawValue == normalization.rawValue, comment)
    }
  }

  @Test(arguments: ActivationNormalization.allCases)
  func finishedAutoencodersWorkOnRawActivations(_ normalization: ActivationNormalization) throws {
    let one = CoefficientSchedule(finalValue: 0.1)
    try keepsReconstructions(TopKAutoencoder.self, TopKConfiguration(k: 3), normalization)
    try keepsReconstructions(
      TopKAutoencoder.self, .dictionaryLearning(k: 3), normalization)
    try keepsReconstructions(
      BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 3), normalization)
    try keepsReconstructions(
      MatryoshkaAutoencoder.self, MatryoshkaConfiguration(meanK: 3), normalization)
    try keepsReconstructions(AbsTopKAutoencoder.self, AbsTopKConfiguration(k: 3), normalization)
    try keepsReconstructions(
      JumpReLUAutoencoder.self, JumpReLUConfiguration(coefficient: one), normalization)
    try keepsReconstructions(
      JumpReLUAutoencoder.self, .deepMind(coefficient: one), normalization)
    try keepsReconstructions(
      GatedAutoencoder.self, GatedConfiguration(coefficient: one), normalization)
    try keepsReconstructions(
      ReLUAutoencoder.self, ReLUConfiguration(coefficient: one), normalization)
  }

  /// The model sees what the normalization promises.
  @Test func batchesHaveTheScaleThatWasAskedFor() throws {
    for normalization in ActivationNormalization.allCases {
      let run = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 2), latentCount: 12, on: Self.source,
        options: Self.options(normalization))
      var statistics = ActivationStatistics(dimension: 6, includesCovariance: true)
      try statistics.add(run.scaling.scale(Self.source).activations)
      switch normalization {
      case .none: #expect(run.scaling == .identity)
      case .centered:
        let around = try ActivationNormalizationTests.statistics([
          run.scaling.scale(Self.source).activations
        ])
        let distance = try #require(around.meanDistance)
        #expect(abs(distance / 6.0.squareRoot() - 1) < 1e-6)
        // Half a distance is left of a mean that is longer.
        let raw = try ActivationNormalizationTests.statistics([Self.source])
        func length(_ mean: [Double]) -> Double { mean.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let share = length(raw.mean) / (try #require(raw.meanDistance))
        #expect(abs(length(around.mean) / distance - min(0.5, share)) < 1e-5)
      case .expectedAverageOnlyIn:
        #expect(abs(statistics.meanNorm / 6.0.squareRoot() - 1) < 1e-6)
      case .unitMeanSquaredNorm: #expect(abs(statistics.meanSquaredNorm - 1) < 1e-6)
      case .covarianceWhitening:
        let covariance = try #require(statistics.covariance)
        for index in 0..<36 {
          #expect(abs(covariance[index] - (index % 7 == 0 ? 1 : 0)) < 1e-2)
        }
      case .layerNorm: #expect(abs(statistics.meanSquaredNorm - 5) < 1e-3)
      case .constantNormRescale: #expect(abs(statistics.meanSquaredNorm - 6) < 1e-4)
      }
    }
  }

  /// The numbers come from as many rows as are asked for, not from others.
  @Test func statisticsAreOfTheRowsAskedFor() throws {
    var rows = Matrix(rows: 3000, columns: 2) { row, column in
      Float(row < 1024 ? 1 : 2) * (column == 0 ? 3 : 4)
    }
    var options = Self.options(.expectedAverageOnlyIn)
    options.data.scaleTokens = 100
    func factor() throws -> Double {
      try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 1), latentCount: 4, on: rows, options: options
      ).scale
    }
    #expect(abs(try factor() - 2.0.squareRoot() / 5) < 1e-12)
    options.data.scaleTokens = 1 << 20
    let mean = (1024.0 * 5 + 1976 * 10) / 3000
    #expect(abs(try factor() - 2.0.squareRoot() / mean) < 1e-12)
    // About the mean of the rows asked for: 3040/3000 and 1960/3000 of (3, 4) from it.
    options.data.normalization = .centered
    let share = 1976.0 / 3000
    let distance = 5 * (1024 * share + 1976 * (1 - share)) / 3000
    #expect(abs(try factor() / (2.0.squareRoot() / distance) - 1) < 1e-6)
    options.data.scaleTokens = 100
    #expect(refusedOption { _ = try factor() } == "normalization")
    options.data.normalization = .expectedAverageOnlyIn
    rows = Matrix(rows: 100, columns: 2)
    #expect(refusedOption { _ = try factor() } == "normalization")
  }

  /// At the beginning, not after the last step.
  @Test func variantsThatCannotBeFinishedAreRefused() throws {
    let options = Self.options(.covarianceWhitening)
    #expect(
      refusedOption {
        _ = try TrainingRun<MatchingPursuitAutoencoder>(
          MatchingPursuitConfiguration(maxIterations: 2), latentCount: 8, on: Self.source,
          options: options)
      } == "normalization")
    var sweep = try TrainingSweep(on: Self.source, options: options)
    #expect(
      refusedOption {
        try sweep.add(
          MixtureConfiguration.switching(k: 2, experts: 2), latentCount: 8)
      } == "normalization")
    #expect(
      refusedOption {
        try sweep.add(
          TopKConfiguration(k: 2), latentCount: 8,
          options: Self.options(.layerNorm))
      } == "normalization")
    for normalization in [ActivationNormalization.layerNorm, .constantNormRescale] {
      #expect(
        refusedOption {
          _ = try TrainingRun<Transcoder>(
            TranscoderConfiguration(k: 2), latentCount: 8, on: Self.source,
            options: Self.options(normalization))
        } == "normalization")
    }
    let model = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 2), latentCount: 8, on: Self.source, options: Self.options(.none)
    ).folded()
    #expect(
      refusedOption { _ = try NormalizedAutoencoder(model, scaling: .factor(2)) }
        == "normalization")
  }

  /// Sizes whose factor has no room in single precision are refused before anything is trained; others
  /// are trained alike.
  @Test(arguments: [1e20, 1e-20, 1e-28] as [Float])
  func sizesOfAnyUsualExponentAreTrainedAlike(_ size: Float) throws {
    func explained(_ size: Float) throws -> Double {
      var source = Self.source
      source.scale(by: size)
      var run = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 4), latentCount: 24, on: source, options: Self.options(.centered))
      var last = 0.0
      while let report = try run.step() { last = try #require(report.fractionOfVarianceExplained) }
      let finished = try run.folded()
      for name in finished.parameters.names {
        #expect(finished.parameters[name].isFinite(), "\(name)")
      }
      return last
    }
    #expect(abs(try explained(size) - explained(1)) < 1e-3)
  }

  @Test(
    arguments: [1e-38, 1e-33, 1e33] as [Float],
    [.centered, .expectedAverageOnlyIn] as [ActivationNormalization])
  func sizesWithoutAFactorAreRefused(_ size: Float, _ normalization: ActivationNormalization) throws
  {
    var source = Self.source
    source.scale(by: size)
    let error = #expect(throws: OptionError.self) {
      _ = try TrainingRun<TopKAutoencoder>(
        TopKConfiguration(k: 4), latentCount: 24, on: source, options: Self.options(normalization))
    }
    #expect(error?.option == "normalization")
    #expect(error?.expected.contains("between 1e-30 and 1e30") == true)
  }
}
