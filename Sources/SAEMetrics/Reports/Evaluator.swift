public import SAECore

/// Measures an autoencoder on tokens, batch by batch: everything that an ``Evaluation`` holds.
///
/// Each batch is encoded once, and feeds every metric. Batches of any size give the same bits.
public struct Evaluator: Sendable {
  /// What the dictionary is called in tables.
  public let name: String
  private var reconstruction: ReconstructionMetrics
  private var sparsity: SparsityMetrics
  /// Where a prediction was given.
  private var darkMatter: DarkMatterMetrics?
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
    name: String = "", width: Int, latentCount: Int, linearPart: LinearErrorPrediction? = nil
  ) {
    self.name = name
    reconstruction = ReconstructionMetrics(width: width)
    sparsity = SparsityMetrics(latentCount: latentCount)
    darkMatter = linearPart.map(DarkMatterMetrics.init)
  }

  /// Encodes and reconstructs activations, and adds them.
  ///
  /// - Parameters:
  ///   - autoencoder: of activations in the model's own scale.
  ///   - activations: tokens × width.
  ///   - mask: which tokens count, and their contexts; blocks of 128 tokens without contexts.
  ///   - tokenIDs: the id of each token, for other metrics of the batch.
  /// - Returns: what was encoded, to feed other metrics with.
  /// - Throws: `ShapeError` if something does not fit, or contexts descend; nothing is added then.
  @discardableResult
  public mutating func update(
    _ autoencoder: some SparseAutoencoder, _ activations: Matrix, mask: TokenMask = .all,
    tokenIDs: [Int]? = nil
  ) throws(ShapeError) -> EncodedBatch {
    try mask.checkAscending(after: lastContext)
    let batch = try EncodedBatch(
      encoding: activations, by: autoencoder, mask: mask, tokenIDs: tokenIDs)
    try update(batch)
    return batch
  }

  /// Adds the counted tokens of a batch.
  ///
  /// - Parameter batch: with activations, latents and reconstruction; blocks are of 128 tokens, counted
  ///   or not, where it has no contexts.
  /// - Throws: `ShapeError` if something does not fit, or contexts descend; nothing is added then.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.mask.checkAscending(after: lastContext)
    try batch.check(width: reconstruction.width)
    if let darkMatter { try batch.check(width: darkMatter.prediction.width) }
    try sparsity.update(batch)
    let contexts = batch.mask.contexts
    lastContext = contexts?.last ?? lastContext
    let unexplained = darkMatter?.add(batch)
    let rows = batch.rows
    let keys = rows.map { contexts?[Int($0)] ?? (seen + Int($0)) / Evaluator.blockLength }
    var begin = 0
    while begin < rows.count {
      let end = keys[begin...].firstIndex { $0 != keys[begin] } ?? rows.count
      let products = reconstruction.add(
        batch.activations, batch.reconstruction, rows: Array(rows[begin..<end]))
      blocks.add(
        keys[begin], products, batch.latents, rows: rows[begin..<end],
        unexplained: unexplained.map { $0[begin..<end] },
        runningSums: reconstruction.shiftedSums)
      begin = end
    }
    seen += batch.tokens
  }

  /// What has been measured so far.
  ///
  /// - Parameter bootstrap: how intervals are made.
  public func evaluation(_ bootstrap: BlockBootstrap = BlockBootstrap()) -> Evaluation {
    Evaluation(
      name: name, latentCount: sparsity.latentCount, contexts: blocks.count,
      reconstruction: reconstruction.value, sparsity: sparsity.value,
      intervals: blocks.intervals(bootstrap, hasLinearPart: darkMatter != nil),
      darkMatter: darkMatter?.value)
  }
}
