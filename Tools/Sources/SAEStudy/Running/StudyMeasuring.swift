import SAECore
import SAEMetrics

/// Measures autoencoders on held-out text, in one pass that encodes each token once.
struct StudyMeasuring {
  /// Latents with fewer firings are too rare to tell what they are about.
  static let leastFirings = 10
  /// Tokens that the description length is measured on, at most.
  static let codedTokens = 16_384

  /// What was measured without a model.
  let measurement: AutoencoderMeasurement
  /// Tokens on which each latent fired.
  let firings: [Int]
  /// What was found of a known truth, if there is one.
  let recovery: Recovery?

  /// Measures one autoencoder.
  ///
  /// - Parameters:
  ///   - autoencoder: for activations as they are.
  ///   - text: what to measure on.
  ///   - truth: the features that the text's activations are made of, if they are known.
  init(
    _ autoencoder: any SparseAutoencoder, on text: HeldOutText, truth: StudyTruth? = nil
  ) throws {
    var identity = text.tokenIDs.map { _ in
      TokenIdentityMetrics(latentCount: autoencoder.latentCount)
    }
    var known = try truth.map {
      try GroundTruthMetrics(decoder: autoencoder.decoder, features: $0.features)
    }
    var coded: [EncodedBatch] = []
    let evaluation = try Self.evaluate(autoencoder, text) { rows, batch in
      try identity?.update(batch)
      if let truth {
        try known?.update(
          batch.latents, truth: truth.domainFeatures[tokens: rows], mask: batch.mask)
      }
      guard rows.lowerBound < Self.codedTokens else { return }
      let some = batch[tokens: 0..<min(rows.count, Self.codedTokens - rows.lowerBound)].counted()
      if some.tokens > 0 { coded.append(some) }
    }
    var measurement = AutoencoderMeasurement(evaluation)
    measurement.add(identity.map { Self.latents($0.value).map { $0?.kind } })
    let code = try DescriptionLengthMetrics.shortestCode(
      of: autoencoder, coded, bins: [4, 8, 16, 32, 64, 128], tolerance: 0.05)
    measurement.bitsPerToken = code?.bitsPerToken
    measurement.bins = code?.bins
    self.measurement = measurement
    firings = evaluation.sparsity.firingCounts
    let f1 = known.map { $0.value.f1 }
    recovery = try truth.map { try Self.recovery(autoencoder, $0, f1: f1 ?? nil) }
  }

  private static func evaluate(
    _ autoencoder: any SparseAutoencoder, _ text: HeldOutText,
    _ body: (_ rows: Range<Int>, _ batch: EncodedBatch) throws -> Void
  ) throws -> Evaluation {
    var linearPart: LinearErrorPrediction?
    if text.fitting.tokens > 0 {
      let prediction = try LinearErrorPrediction(of: autoencoder, on: text.fitting)
      // A fit on few tokens would call noise linear.
      linearPart = prediction.hasEnoughTokens ? prediction : nil
    }
    return try SAEMetrics.evaluate(
      autoencoder, on: text.source, mask: text.mask, tokenIDs: text.tokenIDs,
      linearPart: linearPart, forEachBatch: body)
  }

  /// What a latent's firings say about token ids.
  struct LatentIdentity: Sendable {
    let kind: LatentKind
    let topTokenShare: Double
  }

  /// What each latent is about; none for latents that never fired.
  static func latents(_ value: TokenIdentityMetrics.Value) -> [LatentIdentity?] {
    let trivial = Set(value.trivialLatents)
    return value.latents.enumerated().map { index, latent in
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
  }

  /// What a dictionary has found of a known truth.
  private static func recovery(
    _ autoencoder: any SparseAutoencoder, _ truth: StudyTruth, f1: Double?
  ) throws -> Recovery {
    let cosines = try DictionarySimilarity(truth.features, autoencoder.decoder).maximumCosines
      .map { $0 ?? 0 }
    func found(_ features: Range<Int>) -> Double? {
      features.isEmpty
        ? nil : Double(cosines[features].count { $0 > 0.9 }) / Double(features.count)
    }
    let own = cosines[truth.domainOnly]
    return Recovery(
      domainOnlyFound: found(truth.domainOnly), commonFound: found(truth.common),
      broadOnlyFound: found(truth.broadOnly),
      domainOnlyMeanMaximumCosine: own.isEmpty ? nil : own.reduce(0, +) / Double(own.count),
      f1: f1)
  }
}

extension AutoencoderMeasurement {
  /// The part of an evaluation that a study keeps.
  fileprivate init(_ evaluation: Evaluation) {
    tokens = evaluation.tokens
    contexts = evaluation.contexts
    fractionOfVarianceExplained = evaluation.fractionOfVarianceExplained.value
    fractionOfVarianceExplainedInterval = evaluation.fractionOfVarianceExplained.interval
    l0 = evaluation.l0.value
    meanSquaredError = evaluation.meanSquaredError.value
    cosineSimilarity = evaluation.cosineSimilarity.value
    aliveFraction = evaluation.sparsity.aliveFraction
    denseFraction = evaluation.sparsity.fractionOfLatents(denserThan: 0.1)
    linearUnexplained = evaluation.darkMatter?.linearFractionOfVarianceUnexplained
    nonlinearUnexplained = evaluation.darkMatter?.nonlinearFractionOfVarianceUnexplained
    errorRSquared = evaluation.darkMatter?.pooledErrorRSquared
    densityHistogram =
      evaluation.sparsity.logDensityHistogram(edges: AutoencoderMeasurement.densityEdges) ?? []
  }

  /// Adds what latents are about, if token ids are known.
  fileprivate mutating func add(_ kinds: [LatentKind?]?) {
    let told = (kinds ?? []).compactMap { $0 }.filter { $0 != .rare }
    guard !told.isEmpty else { return }
    let count = Double(told.count)
    trivialFraction = Double(told.count { $0 == .trivial }) / count
    conceptualFraction = Double(told.count { $0 == .conceptual }) / count
  }
}
