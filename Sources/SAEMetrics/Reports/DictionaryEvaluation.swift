public import SAECore

/// What is measured of one autoencoder on one set of tokens.
public struct DictionaryEvaluation: Sendable, Equatable, Codable {
  /// What the dictionary is called in tables.
  public var name: String
  /// The number of its latents.
  public var latentCount: Int
  /// Contexts, or blocks of tokens, that were counted.
  public var contexts: Int
  /// How well it reconstructs.
  public var reconstruction: ReconstructionMetrics.Value
  /// How many latents it needs for that.
  public var sparsity: SparsitySummary
  /// Of what is measured, by resampling contexts.
  public var intervals = EvaluationIntervals()
  /// How much of the error is linear, if that was measured.
  public var darkMatter: DarkMatterMetrics.Value?
  /// What splicing does to a model, if that was measured.
  public var lossRecovered: LossRecoveredMetrics.Value?
  /// Share of latents that are about frequent tokens, if that was measured.
  public var trivialFraction: Double?
}

/// The numbers of ``SparsityMetrics/Value`` that are not one a latent.
public struct SparsitySummary: Sendable, Equatable, Codable {
  /// Tokens counted.
  public var tokens: Int
  /// Tokens left out because a latent was NaN or infinite.
  public var nonFiniteTokens: Int
  /// Mean number of latents that fire in a token; nil without tokens.
  public var l0: Double?
  /// Its median; nil without tokens.
  public var medianL0: Int?
  /// Mean sum of the latents' magnitudes in a token; nil without tokens.
  public var l1: Double?
  /// Share of the latents that fired on at least one of the tokens.
  public var aliveFraction: Double?
  /// Share of the latents with a density above 0.1.
  public var denseFraction: Double?

  /// The part of `value` that fits a table.
  public init(_ value: SparsityMetrics.Value) {
    tokens = value.tokens
    nonFiniteTokens = value.nonFiniteTokens
    l0 = value.l0
    medianL0 = value.l0Quantile(0.5)
    l1 = value.l1
    aliveFraction = value.aliveFraction
    denseFraction = value.fractionOfLatents(denserThan: 0.1)
  }
}

/// Runs an autoencoder over tokens and measures it.
public struct DictionaryEvaluator: Sendable {
  /// What the dictionary is called in tables.
  public let name: String
  /// Accumulated measures of reconstruction.
  public private(set) var reconstruction: ReconstructionMetrics
  /// Accumulated measures of sparsity.
  public private(set) var sparsity: SparsityMetrics
  /// Accumulated measures of the error's linear part, where a prediction was given.
  public private(set) var darkMatter: DarkMatterMetrics?
  private var blocks = BlockSums()
  private var seen = 0
  private var lastContext: Int?

  /// Tokens of a block, where contexts are not given.
  static let blockLength = 128

  /// - Parameters:
  ///   - name: of the autoencoder.
  ///   - width: columns of the activations.
  ///   - latentCount: d_sae.
  ///   - linearPart: the linear part of its error, fitted on other tokens, if the dark matter is to
  ///     be measured.
  public init(
    name: String, width: Int, latentCount: Int, linearPart: LinearErrorPrediction? = nil
  ) {
    self.name = name
    reconstruction = ReconstructionMetrics(width: width)
    sparsity = SparsityMetrics(latentCount: latentCount)
    darkMatter = linearPart.map(DarkMatterMetrics.init)
  }

  /// Encodes, decodes and adds a batch.
  ///
  /// - Parameters:
  ///   - autoencoder: of activations in the model's own scale.
  ///   - activations: tokens × width.
  ///   - contexts: the context of each token, never descending, also from one batch to the next; blocks
  ///     of 128 tokens without.
  ///   - mask: for each token whether it counts; all do if there is none.
  /// - Throws: `ShapeError` if something does not fit, or contexts descend; nothing is added then.
  public mutating func update(
    _ autoencoder: some SparseAutoencoder, _ activations: Matrix, contexts: [Int]? = nil,
    mask: [Bool]? = nil
  ) throws(ShapeError) {
    if let contexts {
      try CountedTokens.check(
        "contexts", "tokens", expected: activations.rows, found: contexts.count)
      try CountedTokens.checkAscending(contexts, after: lastContext)
    }
    let rows = try CountedTokens.rows(activations.rows, mask: mask).map { Int($0) }
    // Masked tokens never reach the autoencoder: they may hold anything.
    let counted =
      rows.count == activations.rows
      ? activations
      : Matrix(rows: rows.count, columns: activations.columns) { activations[rows[$0], $1] }
    let latents = try autoencoder.encode(counted)
    let reconstructed = try autoencoder.reconstruct(counted, from: latents)
    try CountedTokens.check(counted, reconstructed, width: reconstruction.width)
    if let darkMatter {
      try CountedTokens.check(counted, reconstructed, width: darkMatter.prediction.width)
    }
    try sparsity.update(latents, contexts: contexts.map { all in rows.map { all[$0] } })
    lastContext = contexts?.last ?? lastContext
    let unexplained = darkMatter?.add(
      counted, reconstructed, rows: (0..<UInt32(rows.count)).map { $0 })
    let keys = rows.map {
      contexts?[$0] ?? (seen + $0) / DictionaryEvaluator.blockLength
    }
    var begin = 0
    while begin < rows.count {
      let end = keys[begin...].firstIndex { $0 != keys[begin] } ?? rows.count
      let products = reconstruction.add(
        counted, reconstructed, rows: (UInt32(begin)..<UInt32(end)).map { $0 })
      blocks.add(
        keys[begin], products, latents, rows: begin..<end, unexplained: unexplained,
        runningSums: reconstruction.shiftedSums)
      begin = end
    }
    seen += activations.rows
  }

  /// What has been measured so far.
  public func evaluation(_ bootstrap: BlockBootstrap = BlockBootstrap()) -> DictionaryEvaluation {
    DictionaryEvaluation(
      name: name, latentCount: sparsity.latentCount, contexts: blocks.count,
      reconstruction: reconstruction.value, sparsity: SparsitySummary(sparsity.value),
      intervals: blocks.intervals(bootstrap, hasLinearPart: darkMatter != nil),
      darkMatter: darkMatter?.value)
  }
}
