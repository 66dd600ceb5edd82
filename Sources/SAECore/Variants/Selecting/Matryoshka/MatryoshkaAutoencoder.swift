/// A BatchTopK autoencoder whose latents are ordered: nested prefixes of them each reconstruct alone,
/// so that the first latents take up general features and later ones need not.
///
///     x̂⁽ˡ⁾ = Σ_{i < prefix l} u_i W_dec,i + b_dec      loss = Σ_l weight_l ‖x̂⁽ˡ⁾ − x‖²
///
/// Latents are selected once, among all of them.
///
/// Source: Bussmann et al. 2025, arXiv 2503.17547, section 3.
public struct MatryoshkaAutoencoder: BatchSelectingAutoencoder, Equatable {
  public var parameters: ParameterSet
  public let configuration: MatryoshkaConfiguration
  public internal(set) var threshold: Double?
  /// Latents of each level, ascending; the last has all. All latents alone where levels are drawn in
  /// each step.
  public let prefixes: [Int]

  public init(
    parameters: ParameterSet, configuration: MatryoshkaConfiguration
  ) throws(ShapeError) {
    try self.init(parameters: parameters, configuration: configuration, threshold: nil)
  }

  /// An autoencoder of the given parameters.
  ///
  /// - Parameters:
  ///   - parameters: W_enc, b_enc, W_dec and b_dec.
  ///   - configuration: its settings.
  ///   - threshold: that latents exceed after training; nil if it was not trained.
  /// - Throws: ``ShapeError`` if shapes do not fit each other, levels do not ascend, or k is not
  ///   between 0 and the number of latents.
  public init(
    parameters: ParameterSet, configuration: MatryoshkaConfiguration, threshold: Double?
  ) throws(ShapeError) {
    try parameters.checkShapes()
    try parameters.checkSelection(ofMean: configuration.meanK)
    if configuration.selection == .token {
      try parameters.checkSelection(of: Int(configuration.meanK))
    }
    prefixes = try configuration.levels.prefixes(latentCount: parameters[.encoder].rows)
    self.parameters = parameters
    self.configuration = configuration
    self.threshold = threshold
  }

  public func select(_ scores: LatentScores) -> SparseLatents {
    select(scores, k: configuration.meanK)
  }

  public func select(_ scores: LatentScores, step: Int) -> SparseLatents {
    select(
      scores,
      k: configuration.annealing?.k(
        at: step, final: configuration.meanK, inputDimension: inputDimension,
        latentCount: latentCount) ?? configuration.meanK)
  }

  private func select(_ scores: LatentScores, k: Double) -> SparseLatents {
    switch configuration.selection {
    case .batch: scores.largestOfBatch(mean: k)
    case .token: scores.largest(Int(k))
    }
  }

  public mutating func finishStep(_ pass: TrainingPass, step: Int) {
    guard configuration.selection == .batch else { return }
    guard let latents = pass.latents else { return }
    threshold = configuration.thresholdAverage.updating(threshold, with: latents, step: step)
  }

  /// Encodes activations into the latents of some first levels, the others being inactive:
  /// dictionary_learning's `active_groups`.
  ///
  /// - Throws: ``ShapeError`` if there are not that many levels, or the width is not
  ///   ``SparseAutoencoder/inputDimension``.
  public func encode(_ activations: Matrix, levels: Int) throws(ShapeError) -> SparseLatents {
    try encode(activations).restricted(to: latents(ofLevels: levels))
  }

  /// What activations are reconstructed as from the latents of some first levels, tokens × width.
  ///
  /// - Throws: ``ShapeError`` if there are not that many levels, or a size is another.
  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents, levels: Int
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    return decoded(latents.restricted(to: try self.latents(ofLevels: levels)))
  }

  private func latents(ofLevels levels: Int) throws(ShapeError) -> Range<Int> {
    guard levels > 0, levels <= prefixes.count else {
      throw ShapeError(
        "levels", "or fewer, and at least 1", expected: prefixes.count, found: levels)
    }
    return 0..<prefixes[levels - 1]
  }
}

extension SparseLatents {
  /// The entries whose latents lie in a range.
  func restricted(to range: Range<Int>) -> SparseLatents {
    var offsets = [0]
    var indices: [UInt32] = []
    var values: [Float] = []
    for token in 0..<tokens {
      let entries = entries(of: token, latents: range)
      indices += self.indices[entries]
      values += self.values[entries]
      offsets.append(indices.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: indices, values: values)
  }
}
