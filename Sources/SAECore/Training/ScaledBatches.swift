/// A source's activations as a run trains on them: shuffled, known to be finite, normalised.
///
/// Which rows a batch has depends on the source, the seed and the sizes alone, so that autoencoders of
/// all kinds and sizes see the same ones.
struct ScaledBatches: Sendable {
  /// What activations are put through.
  let scaling: ActivationScaling
  /// What targets are multiplied by; nil where there are none.
  let targetScale: Double?
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
    try source.checkWidths()
    let stream = try ShuffledActivations(
      source, seed: options.seeds.order, bufferTokens: options.bufferTokens)
    batches = try ReadAheadBatches(stream, batchTokens: options.batchTokens)
    (scaling, targetScale) =
      source.hasTargets
      ? try ScaledBatches.scales(ofPairs: source, options)
      : (try ScaledBatches.scaling(for: source, options), nil)
    steps = options.steps
  }

  /// Batches that go on from a position.
  ///
  /// - Throws: as for a new run.
  init(
    _ source: any ActivationSource, options: TrainingOptions, scaling: ActivationScaling,
    targetScale: Double?, from position: ShuffledActivations.Position
  ) throws {
    batches = try ReadAheadBatches(
      ShuffledActivations(source, from: position), batchTokens: options.batchTokens)
    self.scaling = scaling
    self.targetScale = targetScale
    steps = options.steps
  }

  /// The next batch.
  ///
  /// - Parameter step: steps already made.
  /// - Throws: ``TrainingError`` if activations are not finite, and what keeps them from being read.
  mutating func next(step: Int) throws -> ScaledBatch {
    var rows = try batches.next(readsAhead: step + 1 < steps)
    guard let targetScale else {
      let weights = try scale(&rows, step: step)
      return ScaledBatch(activations: rows, target: nil, errorWeights: weights)
    }
    var (inputs, targets) = batches.source.split(rows)
    _ = try scale(&inputs, step: step)
    guard targets.isFinite() else {
      throw TrainingError.notFinite(step: step, term: "the targets")
    }
    if targetScale != 1 { targets.scale(by: Float(targetScale)) }
    return ScaledBatch(activations: inputs, target: targets)
  }

  /// - Returns: ``ScaledActivations/errorWeights`` where each token has a scale of its own.
  private func scale(_ activations: inout Matrix, step: Int) throws -> [Float]? {
    guard activations.isFinite() else {
      throw TrainingError.notFinite(step: step, term: "the activations")
    }
    switch scaling {
    case .identity: break
    // In place: a copy of the batch is memory.
    case .factor(let factor): activations.scale(by: Float(factor))
    case .whitening: activations = try scaling.scale(activations).activations
    case .layerNorm, .constantNorm:
      let scaled = try scaling.scale(activations)
      activations = scaled.activations
      return scaled.errorWeights
    }
    return nil
  }

  /// The normalisation that options ask for, with its numbers.
  private static func scaling(
    for source: any ActivationSource, _ options: TrainingOptions
  ) throws -> ActivationScaling {
    let normalization = options.normalization
    guard normalization.needsStatistics else { return try normalization.scaling() }
    return try normalization.scaling(
      of: "activations",
      ActivationStatistics(
        source, rows: options.scaleTokens, includesCovariance: normalization.needsCovariance))
  }

  /// The same for inputs and targets, each with a factor of its own.
  private static func scales(
    ofPairs source: any ActivationSource, _ options: TrainingOptions
  ) throws -> (ActivationScaling, targetScale: Double) {
    let normalization = options.normalization
    switch normalization {
    case .none: return (.identity, 1)
    case .expectedAverageOnlyIn, .unitMeanSquaredNorm: break
    case .covarianceWhitening, .layerNorm, .constantNormRescale:
      throw InvalidOption(
        "normalization", expected: "one factor or none for inputs with targets",
        found: normalization.rawValue)
    }
    let (inputs, targets) = try ActivationStatistics.ofPairs(source, rows: options.scaleTokens)
    return (
      try normalization.scaling(of: "activations", inputs),
      try normalization.scaling(of: "targets", targets).sharedFactor
    )
  }
}

extension ActivationNormalization {
  /// The normalisation fitted to what a run is to train on.
  fileprivate func scaling(
    of subject: String, _ statistics: ActivationStatistics
  ) throws -> ActivationScaling {
    guard statistics.meanNorm.isFinite else {
      throw TrainingError.notFinite(step: 0, term: "the \(subject)")
    }
    guard statistics.meanNorm > 0 else {
      throw InvalidOption(
        "normalization", expected: "\(subject) that are not all 0", found: "norms of 0")
    }
    return try scaling(fittedTo: statistics)
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
