/// A source's activations as a run trains on them: shuffled, known to be finite, normalised.
///
/// Which rows a batch has depends on the source, the seed and the sizes alone, so that autoencoders of
/// all kinds and sizes see the same ones.
struct ScaledBatches: Sendable {
  /// What activations are put through.
  let scaling: ActivationScaling
  /// In the stream of activations: after the last batch.
  var position: ShuffledActivations.Position { batches.position }

  private var batches: ReadAheadBatches
  private let steps: Int

  /// Batches from the beginning; fits the normalisation.
  ///
  /// - Throws: ``InvalidOption`` for settings that make no sense, ``TrainingError`` if activations are
  ///   not finite, and what keeps them from being read.
  init(_ source: any ActivationSource, options: TrainingOptions) throws {
    try InvalidOption.check("steps", options.steps, in: 1...Int.max)
    let stream = try ShuffledActivations(
      source, seed: options.seeds.order, bufferTokens: options.bufferTokens)
    batches = try ReadAheadBatches(stream, batchTokens: options.batchTokens)
    scaling = try ScaledBatches.scaling(for: source, options)
    steps = options.steps
  }

  /// Batches that go on from a position.
  ///
  /// - Throws: as for a new run.
  init(
    _ source: any ActivationSource, options: TrainingOptions, scaling: ActivationScaling,
    from position: ShuffledActivations.Position
  ) throws {
    batches = try ReadAheadBatches(
      ShuffledActivations(source, from: position), batchTokens: options.batchTokens)
    self.scaling = scaling
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
    switch scaling {
    case .identity: return batch
    case .factor(let factor):
      // In place: a copy of the batch is memory.
      batch.scale(by: Float(factor))
      return batch
    case .whitening, .layerNorm, .constantNorm: return try scaling.scale(batch).activations
    }
  }

  /// The normalisation that options ask for, with its numbers.
  private static func scaling(
    for source: any ActivationSource, _ options: TrainingOptions
  ) throws -> ActivationScaling {
    let normalization = options.normalization
    guard normalization.needsStatistics else { return try normalization.scaling() }
    let statistics = try ActivationStatistics(
      source, rows: options.scaleTokens, includesCovariance: normalization.needsCovariance)
    guard statistics.meanNorm.isFinite else {
      throw TrainingError.notFinite(step: 0, term: "the activations")
    }
    guard statistics.meanNorm > 0 else {
      throw InvalidOption(
        "normalization", expected: "activations that are not all 0", found: "norms of 0")
    }
    return try normalization.scaling(fittedTo: statistics)
  }
}

extension ActivationScaling {
  /// f, where the same factor is all there is to it; else 1.
  var sharedFactor: Double { if case .factor(let factor) = self { factor } else { 1 } }
}

extension TrainingOptions {
  /// What comes of ``seed``: the order of the activations' rows, and the weights.
  var seeds: (order: UInt64, weights: RandomGenerator) {
    var generator = RandomGenerator(seed: seed)
    return (generator.next(), generator)
  }
}
