import SAECore
import SAEMetrics

/// Measures autoencoders on held-out text.
enum StudyMeasuring {
  /// Latents with fewer firings are too rare to be classified.
  static let leastFirings = 10
  /// Tokens that the description length is measured on, at most.
  static let codedTokens = 16_384

  /// The measurements of one autoencoder that need no model.
  static func measure(
    _ autoencoder: any SparseAutoencoder, on text: HeldOutText
  ) throws -> AutoencoderMeasurement {
    let evaluated = try evaluate(autoencoder, text)
    let evaluation = evaluated.evaluation()
    let reconstruction = evaluation.reconstruction
    var measurement = AutoencoderMeasurement()
    measurement.tokens = reconstruction.tokens
    measurement.contexts = evaluation.contexts
    measurement.fractionOfVarianceExplained = reconstruction.fractionOfVarianceExplained
    measurement.fractionOfVarianceExplainedInterval =
      evaluation.intervals.fractionOfVarianceExplained
    measurement.l0 = evaluation.sparsity.l0
    measurement.meanSquaredError = reconstruction.meanSquaredError
    measurement.cosineSimilarity = reconstruction.cosineSimilarity
    measurement.aliveFraction = evaluation.sparsity.aliveFraction
    measurement.denseFraction = evaluation.sparsity.denseFraction
    measurement.linearUnexplained = evaluation.darkMatter?.linearFractionOfVarianceUnexplained
    measurement.nonlinearUnexplained =
      evaluation.darkMatter?.nonlinearFractionOfVarianceUnexplained
    measurement.errorDetermination = evaluation.darkMatter?.pooledErrorDetermination
    measurement.densityHistogram =
      evaluated.sparsity.value.logDensityHistogram(edges: AutoencoderMeasurement.densityEdges) ?? []
    if let kinds = try kinds(autoencoder, on: text) {
      let told = kinds.compactMap { $0 }.filter { $0 != .rare }
      if !told.isEmpty {
        let count = Double(told.count)
        measurement.trivialFraction = Double(told.count { $0 == .trivial }) / count
        measurement.conceptualFraction = Double(told.count { $0 == .conceptual }) / count
      }
    }
    if let code = try code(autoencoder, text) {
      measurement.bitsPerToken = code.bitsPerToken
      measurement.bins = code.bins
    }
    return measurement
  }

  private static func evaluate(
    _ autoencoder: any SparseAutoencoder, _ text: HeldOutText
  ) throws -> DictionaryEvaluator {
    var regression = LinearErrorRegression(width: text.fitting.width)
    for begin in stride(from: 0, to: text.fitting.tokens, by: 4096) {
      let activations = try text.fitting.matrix(
        rows: begin..<min(begin + 4096, text.fitting.tokens))
      try regression.update(
        activations: activations, reconstruction: autoencoder.reconstruct(activations))
    }
    let prediction = text.fitting.tokens > 0 ? try regression.fit() : nil
    var evaluator = DictionaryEvaluator(
      name: "", width: text.source.width, latentCount: autoencoder.latentCount,
      // A fit on few tokens would call noise linear.
      linearPart: prediction.flatMap { $0.hasEnoughTokens ? $0 : nil })
    for rows in text.batches() {
      try update(&evaluator, autoencoder, text, rows)
    }
    return evaluator
  }

  private static func update(
    _ evaluator: inout DictionaryEvaluator, _ autoencoder: some SparseAutoencoder,
    _ text: HeldOutText, _ rows: Range<Int>
  ) throws {
    try evaluator.update(
      autoencoder, text.source.matrix(rows: rows), contexts: Array(text.contexts[rows]),
      mask: Array(text.mask[rows]))
  }

  /// The kind of each latent; nil for latents that never fired, or without token ids.
  static func kinds(
    _ autoencoder: any SparseAutoencoder, on text: HeldOutText
  ) throws -> [LatentKind?]? {
    try identity(autoencoder, on: text)?.latents.map { $0.map(\.kind) }
  }

  static func identity(
    _ autoencoder: any SparseAutoencoder, on text: HeldOutText
  ) throws -> (latents: [LatentIdentity?], frequentCoverage: Double?)? {
    guard let ids = text.tokenIDs else { return nil }
    var metrics = TokenIdentityMetrics(latentCount: autoencoder.latentCount)
    for rows in text.batches() {
      try metrics.update(
        autoencoder.encode(text.source.matrix(rows: rows)), tokenIDs: Array(ids[rows]),
        mask: Array(text.mask[rows]))
    }
    let value = metrics.value()
    let trivial = Set(value.trivialLatents)
    let latents = value.latents.enumerated().map { index, latent in
      latent.map { found in
        LatentIdentity(
          kind: found.firings < leastFirings
            ? .rare
            : trivial.contains(index)
              ? .trivial
              : found.topTokenShare < 0.5 && found.frequentTokenShare < 0.5
                ? .conceptual : .lexical,
          topTokenShare: found.topTokenShare)
      }
    }
    return (latents, value.frequentTokenCoverage)
  }

  /// The relation of a latent's firings to token ids.
  struct LatentIdentity: Sendable {
    let kind: LatentKind
    let topTokenShare: Double
  }

  private static func code(
    _ autoencoder: any SparseAutoencoder, _ text: HeldOutText
  ) throws -> DescriptionLengthMetrics.Code? {
    var batches: [(activations: Matrix, latents: SparseLatents)] = []
    for begin in stride(from: 0, to: min(codedTokens, text.contexts.count), by: 4096) {
      let rows = begin..<min(begin + 4096, text.contexts.count)
      let counted = rows.filter { text.mask[$0] }.map { $0..<$0 + 1 }
      guard !counted.isEmpty else { continue }
      let activations = try text.source.matrix(rows: counted)
      batches.append((activations, try autoencoder.encode(activations)))
    }
    return try DescriptionLengthMetrics.shortestCode(
      of: autoencoder, batches, bins: [4, 8, 16, 32, 64, 128], tolerance: 0.05)
  }

  /// The known features that a dictionary has found.
  static func recovery(
    _ autoencoder: any SparseAutoencoder, _ truth: StudyTruth, domain: HeldOutText
  ) throws -> Recovery {
    let cosines = try DictionarySimilarity(truth.features, autoencoder.decoder).maximumCosines
      .map { $0 ?? 0 }
    func found(_ features: Range<Int>) -> Double? {
      features.isEmpty
        ? nil : Double(cosines[features].count { $0 > 0.9 }) / Double(features.count)
    }
    var metrics = try GroundTruthMetrics(decoder: autoencoder.decoder, features: truth.features)
    for rows in domain.batches() {
      try metrics.update(
        autoencoder.encode(domain.source.matrix(rows: rows)),
        truth: truth.domainFeatures[tokens: rows], mask: Array(domain.mask[rows]))
    }
    let own = cosines[truth.domainOnly]
    return Recovery(
      domainOnlyFound: found(truth.domainOnly), commonFound: found(truth.common),
      broadOnlyFound: found(truth.broadOnly),
      domainOnlyMeanMaximumCosine: own.isEmpty ? nil : own.reduce(0, +) / Double(own.count),
      f1: metrics.value.f1)
  }
}
