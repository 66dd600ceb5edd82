/// A source's activations as a run trains on them: shuffled, known to be finite, times a scale.
///
/// Which rows a batch has depends on the source, the seed and the sizes alone, so that autoencoders of
/// all kinds and sizes see the same ones.
struct ScaledBatches: Sendable {
  /// What activations are multiplied by.
  let scale: Double
  /// In the stream of activations: after the last batch.
  var position: ShuffledActivations.Position { batches.position }

  private var batches: ReadAheadBatches
  private let steps: Int

  /// Batches from the beginning; measures the scale.
  ///
  /// - Throws: ``InvalidOption`` for settings that make no sense, ``TrainingError`` if activations are
  ///   not finite, and what keeps them from being read.
  init(_ source: any ActivationSource, options: TrainingOptions) throws {
    try InvalidOption.check("steps", options.steps, in: 1...Int.max)
    let stream = try ShuffledActivations(
      source, seed: options.seeds.order, bufferTokens: options.bufferTokens)
    batches = try ReadAheadBatches(stream, batchTokens: options.batchTokens)
    scale =
      options.scalesActivations
      ? try ScaledBatches.measureScale(of: source, tokens: options.scaleTokens) : 1
    steps = options.steps
  }

  /// Batches that go on from a position.
  ///
  /// - Throws: as for a new run.
  init(
    _ source: any ActivationSource, options: TrainingOptions, scale: Double,
    from position: ShuffledActivations.Position
  ) throws {
    batches = try ReadAheadBatches(
      ShuffledActivations(source, from: position), batchTokens: options.batchTokens)
    self.scale = scale
    steps = options.steps
  }

  /// The next batch, tokens × width.
  ///
  /// - Parameter step: steps already made.
  /// - Throws: ``TrainingError`` if activations are not finite, and what keeps them from being read.
  mutating func next(step: Int) throws -> Matrix {
    var batch = try batches.next(readsAhead: step + 1 < steps)
    guard batch.isFinite() else {
      throw TrainingError.notFinite(step: step, term: "the activations")
    }
    if scale != 1 { batch.scale(by: Float(scale)) }
    return batch
  }

  /// What activations are to be multiplied by: √width / (mean norm), over some rows.
  private static func measureScale(
    of source: any ActivationSource, tokens: Int
  ) throws -> Double {
    let statistics = try ActivationStatistics(source, rows: tokens)
    guard statistics.meanNorm.isFinite else {
      throw TrainingError.notFinite(step: 0, term: "the activations")
    }
    guard statistics.meanNorm > 0 else {
      throw InvalidOption(
        "scalesActivations", expected: "activations that are not all 0", found: "norms of 0")
    }
    return Double(source.width).squareRoot() / statistics.meanNorm
  }
}

extension TrainingOptions {
  /// What comes of ``seed``: the order of the activations' rows, and the weights.
  var seeds: (order: UInt64, weights: RandomGenerator) {
    var generator = RandomGenerator(seed: seed)
    return (generator.next(), generator)
  }
}
