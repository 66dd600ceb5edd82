public import SAECore

/// Measures an autoencoder on activations, in one pass that encodes each token once.
///
/// ```swift
/// let evaluation = try evaluate(autoencoder, on: ActivationFiles("held-out/"))
/// print(evaluation.fractionOfVarianceExplained.value ?? .nan, evaluation.l0.value ?? .nan)
/// ```
///
/// - Parameters:
///   - autoencoder: of activations in the model's own scale.
///   - source: tokens that the autoencoder was not trained on. They are read in the source's blocks,
///     `batchTokens` at a time, or one block where it has more.
///   - name: what the autoencoder is called in tables.
///   - mask: which tokens of the source count, and their contexts; blocks of 128 tokens without
///     contexts.
///   - tokenIDs: the id of each token of the source, for metrics that look at them.
///   - linearPart: the linear part of the autoencoder's error, fitted on other tokens, if the dark matter
///     is to be measured: ``LinearErrorPrediction/init(of:on:mask:penalty:batchTokens:forEachBatch:)``.
///   - batchTokens: tokens that are encoded at a time.
///   - bootstrap: how intervals are made.
///   - body: called with the rows of the source and what they were encoded to, after they were
///     measured: feeds other metrics, and tells how far the pass is. What it throws ends the pass.
/// - Returns: what was measured.
/// - Throws: `ShapeError` if something does not fit, or contexts descend; what keeps activations from
///   being read, and what `body` throws.
/// - Complexity: the metrics' sums and a batch are held, whatever the number of tokens.
public func evaluate(
  _ autoencoder: some SparseAutoencoder, on source: some ActivationSource, name: String = "",
  mask: TokenMask = .all, tokenIDs: [Int]? = nil, linearPart: LinearErrorPrediction? = nil,
  batchTokens: Int = 4096, bootstrap: BlockBootstrap = BlockBootstrap(),
  forEachBatch body: (_ rows: Range<Int>, _ batch: EncodedBatch) throws -> Void = { _, _ in }
) throws -> Evaluation {
  var evaluator = Evaluator(
    name: name, width: source.width, latentCount: autoencoder.latentCount, linearPart: linearPart)
  try source.forEachEncodedBatch(
    by: autoencoder, mask: mask, tokenIDs: tokenIDs, batchTokens: batchTokens
  ) { rows, batch in
    try evaluator.update(batch)
    try body(rows, batch)
  }
  return evaluator.evaluation(bootstrap)
}

extension LinearErrorPrediction {
  /// Fits the linear part of an autoencoder's error, with an intercept, in one pass.
  ///
  /// - Parameters:
  ///   - autoencoder: of activations in the model's own scale.
  ///   - source: tokens to fit on, other than those to judge it on.
  ///   - mask: which tokens of the source count.
  ///   - penalty: α, as ``LinearErrorRegression/fit(penalty:intercept:)`` takes it.
  ///   - batchTokens: tokens that are encoded at a time.
  ///   - body: called with the rows of the source and what they were encoded to. What it throws ends
  ///     the pass.
  /// - Throws: `ShapeError` if something does not fit, `OptionError` if the linear part cannot be
  ///   fitted; what keeps activations from being read, and what `body` throws.
  public init(
    of autoencoder: some SparseAutoencoder, on source: some ActivationSource,
    mask: TokenMask = .all, penalty: Double = 1e-6, batchTokens: Int = 4096,
    forEachBatch body: (_ rows: Range<Int>, _ batch: EncodedBatch) throws -> Void = { _, _ in }
  ) throws {
    var regression = LinearErrorRegression(width: source.width)
    try source.forEachEncodedBatch(by: autoencoder, mask: mask, batchTokens: batchTokens) {
      try regression.update($1)
      try body($0, $1)
    }
    self = try regression.fit(penalty: penalty)
  }
}

extension ActivationSource {
  /// Encodes all rows once, in batches of whole blocks.
  fileprivate func forEachEncodedBatch(
    by autoencoder: some SparseAutoencoder, mask: TokenMask, tokenIDs: [Int]? = nil,
    batchTokens: Int, _ body: (_ rows: Range<Int>, _ batch: EncodedBatch) throws -> Void
  ) throws {
    precondition(batchTokens > 0, "batches of \(batchTokens) tokens never end")
    // Before anything is read.
    _ = try mask.rows(of: tokens)
    if let tokenIDs {
      try ShapeError.check("token ids", "tokens", expected: tokens, found: tokenIDs.count)
    }
    for rows in blocks.joined(upTo: batchTokens) {
      let batch = try EncodedBatch(
        encoding: matrix(rows: rows), by: autoencoder, mask: mask[rows],
        tokenIDs: tokenIDs.map { Array($0[rows]) })
      try body(rows, batch)
      release(rows)
    }
  }
}
