import SAECore
import SAETestSupport
import Testing

/// What runs on inputs with targets do not take, each by its name.
@Suite struct PairedRefusalTests {
  static func run<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration,
    on source: any ActivationSource = PairedTrainingTests.inputs,
    targets: any ActivationSource = PairedTrainingTests.targets,
    _ edit: (inout TrainingOptions) throws -> Void = { _ in }
  ) throws where Model.Configuration.Model == Model {
    var options = PairedTrainingTests.options(.expectedAverageOnlyIn)
    try edit(&options)
    _ = try TrainingRun<Model>(
      configuration, latentCount: 16, on: source, targets: targets, options: options)
  }

  static func refused(_ edit: @escaping (inout TrainingOptions) throws -> Void) -> String? {
    refusedOption { try run(Transcoder.self, TranscoderConfiguration(k: 3), edit) }
  }

  @Test func variantsThatReconstructTheirInput() throws {
    #expect(refusedOption { try Self.run(TopKAutoencoder.self, .init(k: 3)) } == "activations")
    #expect(
      refusedOption { try Self.run(BatchTopKAutoencoder.self, .init(meanK: 3)) } == "activations")
    #expect(
      refusedOption { try Self.run(GatedAutoencoder.self, .init(coefficient: .one)) }
        == "activations")
    var sweep = try TrainingSweep(
      on: PairedTrainingTests.inputs, targets: PairedTrainingTests.targets,
      options: PairedTrainingTests.options(.none))
    #expect(
      refusedOption {
        try sweep.add(MatryoshkaConfiguration(meanK: 3), latentCount: 16)
      } == "activations")
  }

  @Test func optionsThatTakeTheTargetForTheInput() throws {
    for normalization in [
      ActivationNormalization.covarianceWhitening, .layerNorm, .constantNormRescale,
    ] {
      #expect(Self.refused { $0.data.normalization = normalization } == "normalization")
    }
    #expect(Self.refused { $0.beginning.weights = .saeLens } == "weightInitialization")
    #expect(Self.refused { $0.beginning.calibratesEncoder = true } == "calibratesEncoder")
    #expect(
      Self.refused { $0.revival.resampling = Resampling(convention: .anthropic, period: 5) }
        == "resampling")
    #expect(Self.refused { _ in } == nil)
  }

  @Test func activationsThatAreNotFiniteOrAll0() throws {
    func run(
      _ edit: (inout Matrix, inout Matrix) -> Void,
      _ normalization: ActivationNormalization = .none
    ) throws {
      var (x, y) = (PairedTrainingTests.inputs, PairedTrainingTests.targets)
      edit(&x, &y)
      try Self.run(Transcoder.self, TranscoderConfiguration(k: 3), on: x, targets: y) {
        $0.data.normalization = normalization
        $0.batchTokens = 300
      }
    }
    for normalization in [ActivationNormalization.none, .expectedAverageOnlyIn] {
      let input = try #require(throws: FileError.self) {
        try run({ x, _ in x[7, 5] = .nan }, normalization)
      }
      #expect(
        input == .notFiniteActivations(ElementPlace("inputs", row: 7, column: 5), found: "nan"))
      let target = try #require(throws: FileError.self) {
        try run({ _, y in y[7, 0] = .infinity }, normalization)
      }
      #expect(
        target == .notFiniteActivations(ElementPlace("targets", row: 7, column: 0), found: "inf"))
    }
    #expect(
      refusedOption { try run({ _, y in y.scale(by: 0) }, .unitMeanSquaredNorm) }
        == "normalization")
  }

  @Test func sizesMustFit() throws {
    func run(_ inputs: Matrix, _ targets: Matrix) throws {
      try Self.run(Transcoder.self, TranscoderConfiguration(k: 3), on: inputs, targets: targets)
    }
    let (x, y) = (PairedTrainingTests.inputs, PairedTrainingTests.targets)
    #expect(throws: ShapeError("targets", "rows", expected: 300, found: 299)) {
      try run(x, Matrix(rows: 299, columns: 2))
    }
    #expect(throws: ShapeError("inputs", "columns or more", expected: 1, found: 0)) {
      try run(Matrix(rows: 300, columns: 0), y)
    }
    #expect(throws: ShapeError("targets", "columns or more", expected: 1, found: 0)) {
      try run(x, Matrix(rows: 300, columns: 0))
    }
  }

  @Test func checkpointsOfOtherTargets() throws {
    let options = PairedTrainingTests.options(.expectedAverageOnlyIn)
    let (x, y) = (PairedTrainingTests.inputs, PairedTrainingTests.targets)
    let configuration = TranscoderConfiguration(k: 3)
    var run = try TrainingRun<Transcoder>(
      configuration, latentCount: 16, on: x, targets: y, options: options)
    _ = try run.step()
    let checkpoint = run.checkpoint()
    func setting(
      _ source: Matrix, _ targets: Matrix?, _ edit: (inout TrainingCheckpoint) -> Void = { _ in }
    ) throws -> String? {
      var edited = checkpoint
      edit(&edited)
      do {
        _ = try TrainingRun<Transcoder>(
          configuration, latentCount: 16, on: source, targets: targets, options: options,
          from: edited)
        return nil
      } catch FileError.invalidSetting(_, let setting, _, _) {
        return setting
      }
    }
    #expect(try setting(x, y) == nil)
    #expect(try setting(x, nil) == "targetWidth")
    #expect(try setting(x, x) == "targetWidth")
    #expect(try setting(y, y) == "width")
    #expect(try setting(x, y) { $0.targetScaling = nil } == "targetScaling")
    for scale in [0, -1, .nan, .infinity] as [Double] {
      #expect(
        try setting(x, y) { $0.targetScaling = .factor(scale) } == "targetScaling.factor")
    }
    let other = ActivationScaling.centered(factor: 1, center: [0])
    #expect(try setting(x, y) { $0.targetScaling = other } == "targetScaling.kind")
  }
}
