public import SAECore

extension DomainReport {
  /// An autoencoder and what to call it.
  public struct Candidate: Sendable {
    /// What the autoencoder is called in the report.
    public let name: String
    /// The autoencoder, for raw activations.
    public let autoencoder: any SparseAutoencoder

    /// `autoencoder` under `name`.
    public init(_ name: String, _ autoencoder: any SparseAutoencoder) {
      self.name = name
      self.autoencoder = autoencoder
    }
  }

  /// Measures two families of autoencoders on the same tokens and compares them.
  ///
  /// - Parameters:
  ///   - domain: trained on the domain.
  ///   - broad: trained on general text.
  ///   - evaluation: tokens held out from all trainings.
  ///   - contexts: the context of each of them, never descending; blocks of 128 tokens without.
  ///   - mask: for each of them whether it counts; all do if there is none.
  ///   - fitting: other tokens, to fit the linear part of the errors on; without them the dark
  ///     matter is not measured.
  ///   - penalty: of that fit.
  ///   - batch: tokens at a time.
  ///   - bootstrap: how intervals are made.
  /// - Returns: the report.
  /// - Throws: `ShapeError` if something does not fit, ``LinearErrorFailure``,
  ///   ``DomainReportError``, and what keeps activations from being read.
  public static func measure(
    domain: [Candidate], broad: [Candidate], evaluation: some ActivationSource,
    contexts: [Int]? = nil, mask: [Bool]? = nil, fitting: (any ActivationSource)? = nil,
    penalty: Double = 1e-6, batch: Int = 4096, bootstrap: BlockBootstrap = BlockBootstrap()
  ) throws -> DomainReport {
    precondition(batch > 0, "batches of \(batch) tokens never end")
    if let mask {
      try CountedTokens.check("mask", "tokens", expected: evaluation.tokens, found: mask.count)
    }
    if let contexts {
      try CountedTokens.check(
        "contexts", "tokens", expected: evaluation.tokens, found: contexts.count)
    }
    func measured(_ candidate: Candidate) throws -> DictionaryEvaluation {
      let autoencoder = candidate.autoencoder
      var evaluator = DictionaryEvaluator(
        name: candidate.name, width: evaluation.width, latentCount: autoencoder.latentCount,
        linearPart: try fitting.map { try fit(autoencoder, $0, penalty, batch) })
      for range in ranges(evaluation.tokens, batch) {
        try evaluator.update(
          autoencoder, evaluation.matrix(rows: range), contexts: contexts.map { Array($0[range]) },
          mask: mask.map { Array($0[range]) })
      }
      return evaluator.evaluation(bootstrap)
    }
    return try DomainReport(domain: domain.map(measured), broad: broad.map(measured))
  }

  private static func fit(
    _ autoencoder: any SparseAutoencoder, _ source: any ActivationSource, _ penalty: Double,
    _ batch: Int
  ) throws -> LinearErrorPrediction {
    var regression = LinearErrorRegression(width: source.width)
    for range in ranges(source.tokens, batch) {
      let activations = try source.matrix(rows: range)
      try regression.update(
        activations: activations, reconstruction: autoencoder.reconstruct(activations))
    }
    return try regression.fit(penalty: penalty)
  }

  private static func ranges(_ count: Int, _ size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }
}
