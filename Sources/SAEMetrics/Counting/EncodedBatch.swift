public import SAECore

/// Tokens with their latents and reconstruction, encoded once: everything that a ``Metric`` looks at.
///
/// A batch may lack the latents, or activations and reconstruction. It then has 0 latents or a width of
/// 0, which metrics that look at them refuse.
public struct EncodedBatch: Sendable {
  /// x, tokens × width, in the model's own scale. Rows that do not count may hold anything.
  public let activations: Matrix
  /// z, tokens × latents.
  public let latents: SparseLatents
  /// x̂, tokens × width, in the scale of the activations.
  public let reconstruction: Matrix
  /// Which tokens count, and their contexts.
  public let mask: TokenMask
  /// The id of each token; nil where ids are not known.
  public let tokenIDs: [Int]?
  /// The tokens that count, ascending.
  let rows: [UInt32]

  /// Tokens, counted or not.
  public var tokens: Int { activations.rows }

  /// Takes what has been encoded.
  ///
  /// - Parameters:
  ///   - activations: tokens × width, in the model's own scale.
  ///   - latents: tokens × latents.
  ///   - reconstruction: tokens × width, in the scale of the activations.
  ///   - mask: which tokens count, and their contexts.
  ///   - tokenIDs: the id of each token.
  /// - Throws: `ShapeError` if numbers of tokens differ.
  public init(
    activations: Matrix, latents: SparseLatents, reconstruction: Matrix, mask: TokenMask = .all,
    tokenIDs: [Int]? = nil
  ) throws(ShapeError) {
    let tokens = activations.rows
    try ShapeError.check(
      "latent activations", "tokens", expected: tokens, found: latents.tokens)
    try ShapeError.check("reconstruction", "rows", expected: tokens, found: reconstruction.rows)
    if let tokenIDs {
      try ShapeError.check("token ids", "tokens", expected: tokens, found: tokenIDs.count)
    }
    self.init(
      activations, latents, reconstruction, mask: mask, tokenIDs: tokenIDs,
      rows: try mask.rows(of: tokens))
  }

  /// Takes activations and their reconstruction; the batch has no latents.
  ///
  /// - Throws: `ShapeError` if numbers of tokens differ.
  public init(
    activations: Matrix, reconstruction: Matrix, mask: TokenMask = .all, tokenIDs: [Int]? = nil
  ) throws(ShapeError) {
    try self.init(
      activations: activations,
      latents: SparseLatents(
        unchecked: 0, rowOffsets: [Int](repeating: 0, count: activations.rows + 1), indices: [],
        values: []),
      reconstruction: reconstruction, mask: mask, tokenIDs: tokenIDs)
  }

  /// Takes latents; activations and reconstruction have a width of 0.
  ///
  /// - Throws: `ShapeError` if numbers of tokens differ.
  public init(
    latents: SparseLatents, mask: TokenMask = .all, tokenIDs: [Int]? = nil
  ) throws(ShapeError) {
    let nothing = Matrix(rows: latents.tokens, columns: 0)
    try self.init(
      activations: nothing, latents: latents, reconstruction: nothing, mask: mask,
      tokenIDs: tokenIDs)
  }

  private init(
    _ activations: Matrix, _ latents: SparseLatents, _ reconstruction: Matrix, mask: TokenMask,
    tokenIDs: [Int]?, rows: [UInt32]
  ) {
    self.activations = activations
    self.latents = latents
    self.reconstruction = reconstruction
    self.mask = mask
    self.tokenIDs = tokenIDs
    self.rows = rows
  }

  /// Whether a token counts.
  public func counts(_ token: Int) -> Bool { mask.counts?[token] ?? true }

  /// Some of the tokens.
  ///
  /// - Precondition: they lie in the batch.
  public subscript(tokens range: Range<Int>) -> EncodedBatch {
    let mask = mask[range]
    let rows = rows.filter { range.contains(Int($0)) }.map { $0 - UInt32(range.lowerBound) }
    return EncodedBatch(
      Matrix(activations[rows: range]), latents[tokens: range],
      Matrix(reconstruction[rows: range]), mask: mask,
      tokenIDs: tokenIDs.map { Array($0[range]) }, rows: rows)
  }
}

extension EncodedBatch {
  /// Encodes activations once, and reconstructs them.
  ///
  /// Tokens that do not count never reach the autoencoder: they have no latents, and zeros as their
  /// reconstruction.
  ///
  /// - Parameters:
  ///   - activations: tokens × width, in the model's own scale.
  ///   - autoencoder: of such activations.
  ///   - mask: which tokens count, and their contexts.
  ///   - tokenIDs: the id of each token.
  /// - Throws: `ShapeError` if something does not fit.
  public init(
    encoding activations: Matrix, by autoencoder: some SparseAutoencoder, mask: TokenMask = .all,
    tokenIDs: [Int]? = nil
  ) throws(ShapeError) {
    let rows = try mask.rows(of: activations.rows).map { Int($0) }
    guard rows.count < activations.rows else {
      let (latents, reconstruction) = try autoencoder.run(activations)
      try self.init(
        activations: activations, latents: latents, reconstruction: reconstruction, mask: mask,
        tokenIDs: tokenIDs)
      return
    }
    let (latents, reconstruction) = try autoencoder.run(activations.gatheringRows(rows))
    try self.init(
      activations: activations, latents: latents.spread(to: rows, of: activations.rows),
      reconstruction: reconstruction.spread(to: rows, of: activations.rows), mask: mask,
      tokenIDs: tokenIDs)
  }

  /// The batch without the tokens that do not count.
  public func counted() -> EncodedBatch {
    guard rows.count < tokens else { return self }
    let rows = rows.map { Int($0) }
    var offsets = [0]
    var entries: [Int] = []
    for row in rows {
      entries += latents.entries(of: row)
      offsets.append(entries.count)
    }
    return EncodedBatch(
      activations.gatheringRows(rows),
      SparseLatents(
        unchecked: latents.latentCount, rowOffsets: offsets,
        indices: entries.map { latents.indices[$0] }, values: entries.map { latents.values[$0] }),
      reconstruction.gatheringRows(rows),
      mask: TokenMask(contexts: mask.contexts.map { all in rows.map { all[$0] } }),
      tokenIDs: tokenIDs.map { all in rows.map { all[$0] } },
      rows: (0..<UInt32(rows.count)).map { $0 })
  }

  /// Throws unless activations and reconstruction have a width.
  func check(width: Int) throws(ShapeError) {
    try ShapeError.check("activations", "columns", expected: width, found: activations.columns)
    try ShapeError.check(
      "reconstruction", "columns", expected: width, found: reconstruction.columns)
  }

  /// Throws unless there are so many latents.
  func check(latentCount: Int) throws(ShapeError) {
    try ShapeError.check(
      "latent activations", "latents", expected: latentCount, found: latents.latentCount)
  }

  /// The ids of the tokens.
  ///
  /// - Throws: `ShapeError` if there are none.
  func knownTokenIDs() throws(ShapeError) -> [Int] {
    guard let tokenIDs else {
      throw ShapeError("token ids", "tokens", expected: tokens, found: 0)
    }
    return tokenIDs
  }
}

extension SparseLatents {
  /// The same tokens in given rows of a batch, whose other tokens have no latents.
  fileprivate func spread(to rows: [Int], of count: Int) -> SparseLatents {
    var offsets = [0]
    offsets.reserveCapacity(count + 1)
    var next = 0
    for row in 0..<count {
      if next < rows.count, rows[next] == row { next += 1 }
      offsets.append(rowOffsets[next])
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: indices, values: values)
  }
}

extension Matrix {
  /// The same rows in given places of a matrix, whose other rows are 0.
  fileprivate func spread(to rows: [Int], of count: Int) -> Matrix {
    var result = Matrix(rows: count, columns: columns)
    for (index, row) in rows.enumerated() {
      result.copyRows(index..<index + 1, of: self, to: row)
    }
    return result
  }
}
