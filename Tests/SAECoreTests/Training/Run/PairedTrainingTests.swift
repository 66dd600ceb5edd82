import SAETestSupport
import Testing

@testable import SAECore

/// Transcoders trained by runs on inputs with targets.
@Suite struct PairedTrainingTests {
  /// Of very different lengths, far from 0, and of other widths.
  static let inputs: Matrix = {
    var rows = Matrix.random(300, 6, seed: 31)
    rows.scale(by: 5)
    rows.addToRows([4, -3, 0, 8, 1, 2])
    return rows
  }()
  static let targets: Matrix = {
    var rows = inputs.multiplied(by: Matrix.random(6, 4, seed: 32))
    rows.scale(by: 0.01)
    rows.add(Matrix.random(300, 4, seed: 33), times: 0.02)
    return rows
  }()

  static func options(_ normalization: ActivationNormalization) -> TrainingOptions {
    var options = TrainingOptions(steps: 12)
    options.batchTokens = 50
    options.data.bufferTokens = 120
    options.schedule.learningRate = 2e-2
    options.revival.deadLatentRule = .tokensIncludingBatch(100)
    options.data.normalization = normalization
    options.seed = 9
    return options
  }

  static let normalizations: [ActivationNormalization] = [
    .none, .centered, .expectedAverageOnlyIn, .unitMeanSquaredNorm,
  ]

  /// A loop of its own over the trainer, which draws numbers of rows and looks the rows up.
  @Test(arguments: normalizations, [false, true])
  func isTheLoopWrittenByHand(
    _ normalization: ActivationNormalization, hasSkipConnection: Bool
  ) throws {
    let options = Self.options(normalization)
    let configuration = TranscoderConfiguration(k: 3, hasSkipConnection: hasSkipConnection)
    func scaling(_ rows: Matrix) throws -> ActivationScaling {
      try normalization.scaling(fittedTo: ActivationNormalizationTests.statistics([rows]))
    }
    let (scale, targetScale) = (try scaling(Self.inputs), try scaling(Self.targets))
    var stream = try ShuffledActivations(
      Matrix(rows: 300, columns: 1) { row, _ in Float(row) }, seed: options.seeds.order,
      bufferTokens: options.data.bufferTokens)
    func batch() throws -> (inputs: Matrix, targets: Matrix) {
      let rows = try stream.next(50).array.map { Int($0) }
      return (
        try scale.scale(Self.inputs.gatheringRows(rows)).activations,
        try targetScale.scale(Self.targets.gatheringRows(rows)).activations
      )
    }
    var (x, y) = try batch()
    var generator = options.seeds.weights
    let model = try Transcoder(
      parameters: configuration.initialParameters(
        inputs: x, outputs: y, latentCount: 16, using: &generator),
      configuration: configuration)
    var trainer = Trainer(
      model,
      schedule: try LearningRateSchedule(
        peak: 2e-2, totalSteps: options.steps, warmUpSteps: options.steps / 20,
        decaySteps: options.steps / 5),
      deadLatents: DeadLatents(latentCount: 16, rule: .tokensIncludingBatch(100)))

    var run = try TrainingRun<Transcoder>(
      configuration, latentCount: 16, on: Self.inputs, targets: Self.targets, options: options)
    #expect(run.scaling == scale && run.targetScaling == targetScale)
    #expect(run.targetScale == targetScale.sharedFactor)
    #expect(run.trainer.model.parameters == model.parameters)
    for _ in 0..<options.steps {
      let expected = try trainer.train(on: x, target: y)
      let report = try #require(try run.step())
      #expect(CheckpointTests.bits(report) == CheckpointTests.bits(expected))
      (x, y) = try batch()
    }
    #expect(try run.step() == nil)
    #expect(run.trainer.state == trainer.state)
    #expect(trainer.model.parameters[.decoder].array.contains { $0 != 0 })
  }

  @Test(arguments: normalizations, [false, true])
  func finishedTranscodersWorkOnRawActivations(
    _ normalization: ActivationNormalization, hasSkipConnection: Bool
  ) throws {
    var configuration = TranscoderConfiguration(k: 3, hasSkipConnection: hasSkipConnection)
    configuration.rescalesByDecoderNorm = hasSkipConnection
    var run = try TrainingRun<Transcoder>(
      configuration, latentCount: 16, on: Self.inputs, targets: Self.targets,
      options: Self.options(normalization))
    while try run.step() != nil {}
    let model = run.trainer.averagedModel
    let x = try run.scaling.scale(Self.inputs).activations
    let latents = try model.encode(x)
    let expected = try #require(run.targetScaling).scale(Self.targets)
      .restored(model.reconstruct(x, from: latents))
    let finished = try run.folded()
    #expect(
      relativeDifference(try finished.reconstruct(Self.inputs).array, expected.array) < 2e-5)
    #expect(try finished.encode(Self.inputs).indices == latents.indices)
    // The same by the factors that anybody can fold.
    var folded = model.parameters
    try folded.foldScalingFactor(run.scale, targetFactor: run.targetScale)
    for name in folded.names where normalization != .centered {
      #expect(relativeDifference(finished.parameters[name].array, folded[name].array) < 1e-6)
    }
    let stored: any StorableAutoencoder = try run.autoencoder()
    #expect(try stored.reconstruct(Self.inputs) == finished.reconstruct(Self.inputs))
  }

  @Test(arguments: [false, true])
  func finishedTranscodersAreReadAsTheyWereWritten(hasSkipConnection: Bool) throws {
    let y = Self.targets.multiplied(by: Matrix.random(4, 6, seed: 34))
    var run = try TrainingRun<Transcoder>(
      TranscoderConfiguration(k: 3, hasSkipConnection: hasSkipConnection), latentCount: 16,
      on: Self.inputs, targets: y,
      options: Self.options(.expectedAverageOnlyIn))
    while try run.step() != nil {}
    let finished = try run.folded()
    let folder = try ScratchFolder()
    try finished.archive().write(to: folder.file("t"), as: .sparsify)
    let read = try Transcoder.load(folder.file("t"))
    #expect(try read.reconstruct(Self.inputs) == finished.reconstruct(Self.inputs))
  }

  @Test func biasesBeginAtTheTargets() throws {
    func begun(_ bias: DecoderBiasInitialization?) throws -> ParameterSet {
      var options = Self.options(.none)
      options.batchTokens = 300
      options.data.bufferTokens = 300
      options.beginning.decoderBias = bias
      return try TrainingRun<Transcoder>(
        TranscoderConfiguration(k: 3), latentCount: 16, on: Self.inputs, targets: Self.targets,
        options: options
      ).trainer.model.parameters
    }
    let mean = Self.targets.columnSums().map { Float($0 / 300) }
    #expect(relativeDifference(try begun(nil)[.decoderBias].array, mean) < 1e-6)
    #expect(
      relativeDifference(
        try begun(.geometricMedian)[.decoderBias].array, Self.targets.geometricMedian()) < 1e-5)
    #expect(try begun(.zeros)[.decoderBias].array == [0, 0, 0, 0])
    #expect(try begun(nil)[.decoder] == Matrix(rows: 16, columns: 4))
  }

  @Test func runsGoOnToTheSameBits() throws {
    let rows = CheckpointTests.source
    let targets = Matrix.random(700, 4, seed: 12)
    try CheckpointTests().goesOn(
      Transcoder.self, TranscoderConfiguration(k: 3), on: rows, targets: targets)
    try CheckpointTests().goesOn(
      Transcoder.self, .sparsify(k: 3, hasSkipConnection: true),
      on: ReadAheadActivations(rows, batchTokens: 256), targets: targets)
  }

  @Test func sweepsAndThreadsGiveTheSameBits() throws {
    let options = Self.options(.expectedAverageOnlyIn)
    let configuration = TranscoderConfiguration(k: 3, hasSkipConnection: true)
    func alone() throws -> ParameterSet {
      var run = try TrainingRun<Transcoder>(
        configuration, latentCount: 16, on: Self.inputs, targets: Self.targets, options: options)
      while try run.step() != nil {}
      return try run.folded().parameters
    }
    let one = try Threads.withCount(1) { try alone() }
    #expect(try Threads.withCount(3) { try alone() } == one)

    func add(to sweep: inout TrainingSweep) throws -> TrainingSweep.Member<Transcoder> {
      try sweep.add(TranscoderConfiguration(k: 2), latentCount: 8)
      return try sweep.add(configuration, latentCount: 16)
    }
    var sweep = try TrainingSweep(on: Self.inputs, targets: Self.targets, options: options)
    _ = try add(to: &sweep)
    for _ in 0..<5 { _ = try sweep.step() }
    let folder = try ScratchFolder()
    try sweep.checkpoint().write(to: folder.file("s"))
    var resumed = try TrainingSweep(
      on: Self.inputs, targets: Self.targets, options: options,
      from: SweepCheckpoint(contentsOf: folder.file("s")))
    let member = try add(to: &resumed)
    while try resumed.step() != nil {}
    #expect(try resumed.folded(member).parameters == one)
    #expect(resumed.targetScaling == sweep.targetScaling)
  }

  /// Sparse features whose directions differ between input and target.
  @Test func learnsWhatTurnsInputsIntoTargets() throws {
    var generator = RandomGenerator(seed: 4)
    let features = Matrix(rows: 1200, columns: 12) { _, _ in
      generator.index(below: 6) == 0 ? Float(1 + generator.uniform()) : 0
    }
    let inputs = features.multiplied(by: Matrix.random(12, 16, seed: 5))
    let targets = features.multiplied(by: Matrix.random(12, 5, seed: 6))
    var options = TrainingOptions(steps: 400)
    options.batchTokens = 200
    options.schedule.learningRate = 1e-2
    /// FVE of rows that were not trained on, with targets of so many tokens later.
    func explained(later tokens: Int) throws -> Double {
      var run = try TrainingRun<Transcoder>(
        TranscoderConfiguration(k: 4), latentCount: 32,
        on: Matrix(inputs[rows: 0..<900]), targets: Matrix(targets[rows: tokens..<900 + tokens]),
        options: options)
      while try run.step() != nil {}
      let heldOut = Matrix(targets[rows: 1000..<1200])
      var error = try run.folded().reconstruct(Matrix(inputs[rows: 1000..<1200]))
      error.add(heldOut, times: -1)
      return 1 - error.sumOfSquares() / heldOut.totalVariance()
    }
    #expect(try explained(later: 0) > 0.8)
    #expect(try explained(later: 1) < 0.1)
  }
}
