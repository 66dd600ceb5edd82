/// A training run from activations to an autoencoder that works on them as they are.
///
///     var run = try TrainingRun<TopKAutoencoder>(
///       TopKConfiguration(k: 32), latents: 4096, on: activations,
///       options: TrainingOptions(steps: 2000))
///     while let report = try run.step() { print(report.step, report.loss) }
///     let autoencoder = try run.finished()
///
/// Equal sources, settings and seeds give equal bits for any number of threads.
public struct TrainingRun<Model: TrainableAutoencoder>: Sendable {
  public let options: TrainingOptions
  /// What activations are multiplied by before training.
  public let scale: Double
  public private(set) var trainer: Trainer<Model>

  private let schedule: LearningRateSchedule
  private var stream: ShuffledActivations
  /// Drawn to begin b_dec, and trained on first.
  private var firstBatch: Matrix?

  /// Begins a run: measures the scale, draws the weights, takes b_dec from the first batch.
  ///
  /// - Throws: ``InvalidOption`` for settings that make no sense, ``ShapeError`` if they do not fit
  ///   each other, ``TrainingError`` if activations are not finite, and what keeps activations from
  ///   being read.
  public init(
    _ configuration: Model.Configuration, latents: Int, on source: any ActivationSource,
    options: TrainingOptions
  ) throws {
    try InvalidOption.check("latents", latents, in: 1...Int(UInt32.max))
    try InvalidOption.check("steps", options.steps, in: 1...Int.max)
    try InvalidOption.check("batchTokens", options.batchTokens, in: 1...Int.max)
    schedule = try options.schedule(
      peak: options.learningRate ?? configuration.learningRate(latentCount: latents))
    var generator = RandomGenerator(seed: options.seed)
    let weights = options.weightInitialization ?? configuration.weightInitialization
    var parameters = try weights.parameters(
      inputDimension: source.width, latentCount: latents, using: &generator)
    stream = try ShuffledActivations(
      source, seed: generator.next(), bufferTokens: options.bufferTokens)
    scale =
      options.scalesActivations
      ? try TrainingRun.measureScale(of: source, tokens: options.scaleTokens) : 1
    let first = try TrainingRun.batch(&stream, options.batchTokens, scale: scale, step: 0)
    let bias = options.decoderBiasInitialization ?? configuration.decoderBiasInitialization
    parameters[.decoderBias] = try bias.bias(for: first)
    firstBatch = first
    let model = try Model(
      parameters: configuration.initialParameters(parameters, batch: first),
      configuration: configuration)
    trainer = Trainer(
      model, optimizer: options.optimizer.optimizer(for: model.parameters),
      clipping: options.clippingNorm.map { .globalNorm($0) } ?? .none,
      deadLatents: DeadLatents(latentCount: latents, rule: options.deadLatentRule))
    self.options = options
  }

  /// Makes the next step; nil when all have been made.
  ///
  /// - Throws: ``TrainingError`` if something is not finite, and what keeps activations from being
  ///   read.
  public mutating func step() throws -> StepReport? {
    guard trainer.step < options.steps else { return nil }
    let batch: Matrix
    if let firstBatch {
      batch = firstBatch
      self.firstBatch = nil
    } else {
      batch = try TrainingRun.batch(
        &stream, options.batchTokens, scale: scale, step: trainer.step)
    }
    return try trainer.train(on: batch, learningRate: schedule.rate(at: trainer.step))
  }

  /// The autoencoder as it is now, for activations as the source has them: the scale is folded into
  /// the weights.
  public func finished() throws -> Model { try trainer.finishedModel.foldingScale(scale) }

  private static func batch(
    _ stream: inout ShuffledActivations, _ tokens: Int, scale: Double, step: Int
  ) throws -> Matrix {
    var batch = try stream.next(tokens)
    guard batch.isFinite() else {
      throw TrainingError.notFinite(step: step, term: "the activations")
    }
    if scale != 1 { batch.scale(by: Float(scale)) }
    return batch
  }

  /// √width / (mean norm), over rows from evenly spaced parts of the source.
  private static func measureScale(
    of source: any ActivationSource, tokens: Int
  ) throws -> Double {
    let counted = max(1, min(tokens, source.tokens))
    let piece = 1024
    let pieces = (counted + piece - 1) / piece
    var sum = 0.0
    for index in 0..<pieces {
      let first = index * source.tokens / pieces
      let end = min((index + 1) * source.tokens / pieces, first + piece)
      let rows = try source.matrix(rows: first..<end)
      sum += rows.rowNorms().reduce(0) { $0 + Double($1) } / Double(end - first)
    }
    guard sum.isFinite else { throw TrainingError.notFinite(step: 0, term: "the activations") }
    guard sum > 0 else {
      throw InvalidOption(
        "scalesActivations", expected: "activations that are not all 0", found: "norms of 0")
    }
    return Double(source.width).squareRoot() * Double(pieces) / sum
  }
}
