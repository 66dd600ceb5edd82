/// A source's activations as a run trains on them: shuffled, known to be finite, normalized.
///
/// Which rows a batch has depends on the source, the seed and the sizes alone, so that autoencoders of
/// all kinds and sizes see the same ones.
struct ScaledBatches: Sendable {
  /// What activations are put through.
  let scaling: ActivationScaling
  /// What targets are put through; nil where there are none.
  let targetScaling: ActivationScaling?
  /// In the stream of activations: after the last batch.
  var position: ShuffledActivations.Position { batches.position }

  /// The sample by which the source is known again.
  let sample: ActivationSample

  private(set) var batches: ReadAheadBatches
  private let rows: TrainingRows
  private let steps: Int

  /// Batches from the beginning; fits the normalization.
  ///
  /// - Throws: ``OptionError`` for settings that make no sense, ``FileError`` for activations that
  ///   are not finite, and what keeps them from being read.
  init(_ rows: TrainingRows, options: TrainingOptions) throws {
    try OptionError.check("steps", options.steps, in: 1...Int.max)
    self.rows = rows
    sample = try ActivationSample(rows)
    let stream = try ShuffledActivations(
      rows, seed: options.seeds.order, bufferTokens: options.data.bufferTokens)
    batches = try ReadAheadBatches(stream, batchTokens: options.batchTokens)
    (scaling, targetScaling) = try ScaledBatches.scalings(for: rows, options)
    steps = options.steps
  }

  /// Batches that go on from where a run stood.
  ///
  /// - Throws: ``FileError`` if the source holds other activations, and as for a new run.
  init(
    _ rows: TrainingRows, options: TrainingOptions, from checkpoint: TrainingCheckpoint
  ) throws {
    self.rows = rows
    sample = try checkpoint.check(rows)
    batches = try ReadAheadBatches(
      ShuffledActivations(rows, from: checkpoint.position), batchTokens: options.batchTokens)
    scaling = checkpoint.scaling
    targetScaling = checkpoint.targetScaling
    steps = options.steps
  }

  /// The next batch.
  ///
  /// - Parameter step: steps already made.
  /// - Throws: ``FileError``, and what keeps activations from being read.
  mutating func next(step: Int) throws -> ScaledBatch {
    try scaled(batches.next(readsAhead: step + 1 < steps), step: step)
  }

  /// Rows of the source as they are trained on.
  func scaled(_ rows: Matrix, step: Int) throws -> ScaledBatch {
    var rows = rows
    guard let targetScaling else {
      let weights = try Self.put(&rows, through: scaling)
      return ScaledBatch(activations: rows, target: nil, errorWeights: weights)
    }
    var (inputs, targets) = self.rows.split(rows)
    _ = try Self.put(&inputs, through: scaling)
    _ = try Self.put(&targets, through: targetScaling)
    return ScaledBatch(activations: inputs, target: targets)
  }

  /// - Returns: ``ScaledActivations/errorWeights`` where each token has a scale of its own.
  private static func put(
    _ activations: inout Matrix, through scaling: ActivationScaling
  ) throws -> [Float]? {
    switch scaling {
    case .identity: break
    // In place: a copy of the batch is memory.
    case .factor(let factor): activations.scale(by: Float(factor))
    case .centered(let factor, let center): activations.center(at: center, times: factor)
    case .whitening: activations = try scaling.scale(activations).activations
    case .layerNorm, .constantNorm:
      let scaled = try scaling.scale(activations)
      activations = scaled.activations
      return scaled.errorWeights
    }
    return nil
  }

  /// The normalization that options ask for, with its numbers; for targets with numbers of their own.
  private static func scalings(
    for rows: TrainingRows, _ options: TrainingOptions
  ) throws -> (ActivationScaling, targets: ActivationScaling?) {
    let normalization = options.data.normalization
    if rows.targets != nil { try normalization.checkTakesTargets() }
    guard normalization.needsStatistics else {
      let scaling = try normalization.scaling()
      return (scaling, rows.targets == nil ? nil : scaling)
    }
    let (inputs, targets) = try ActivationStatistics.ofPairs(
      rows, count: options.data.scaleTokens, includesCovariance: normalization.needsCovariance,
      includesDistances: normalization.needsDistances)
    return (
      try normalization.scaling(of: "activations", inputs),
      rows.targets == nil ? nil : try normalization.scaling(of: "targets", targets)
    )
  }
}

extension ActivationNormalization {
  /// Throws unless the normalization fits inputs with targets.
  fileprivate func checkTakesTargets() throws(OptionError) {
    switch self {
    case .none, .centered, .expectedAverageOnlyIn, .unitMeanSquaredNorm: return
    case .covarianceWhitening, .layerNorm, .constantNormRescale:
      throw OptionError(
        "normalization", expected: "one factor or none for inputs with targets", found: rawValue)
    }
  }

  /// The normalization fitted to what a run is to train on.
  fileprivate func scaling(
    of subject: String, _ statistics: ActivationStatistics
  ) throws -> ActivationScaling {
    guard statistics.meanNorm.isFinite else {
      throw TrainingError.notFinite(step: 0, term: "the \(subject)")
    }
    guard statistics.meanNorm > 0 else {
      throw OptionError(
        "normalization", expected: "\(subject) that are not all 0", found: "norms of 0")
    }
    if let distance = statistics.meanDistance, !(distance > 0) {
      throw OptionError(
        "normalization", expected: "\(subject) that are not all the same for \(rawValue)",
        found: "distances of \(distance)")
    }
    // The factor and its inverse become part of the weights.
    for size in [statistics.meanNorm, statistics.meanDistance ?? statistics.meanNorm]
    where !(1e-30...1e30).contains(size) {
      throw OptionError(
        "normalization",
        expected: "\(subject) of norms between 1e-30 and 1e30, since weights of others have no "
          + "room in single precision; multiply them by a factor before",
        found: "\(significant(size))")
    }
    return try scaling(fittedTo: statistics)
  }
}

extension ActivationScaling {
  /// f, where all tokens and dimensions have the same factor; else 1.
  var sharedFactor: Double {
    switch self {
    case .factor(let factor), .centered(let factor, _): factor
    case .identity, .whitening, .layerNorm, .constantNorm: 1
    }
  }
}

extension TrainingOptions {
  /// The seeds that follow from ``seed``: one of the order of rows, one of the weights.
  var seeds: (order: UInt64, weights: RandomGenerator) {
    var generator = RandomGenerator(seed: seed)
    return (generator.next(), generator)
  }
}
