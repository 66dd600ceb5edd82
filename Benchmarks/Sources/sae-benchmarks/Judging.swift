import ArgumentParser
import SAECore
import SAEMetrics

/// What it costs to judge a dictionary by everything else than reconstruction and sparsity.
struct JudgingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judging",
    abstract:
      "The cost of judging a dictionary, metric by metric, and what each of them says of it.",
    discussion: """
      Two dictionaries are the known features of synthetic activations, each with noise of its own. \
      Contexts are 32 tokens long; the class that is probed for are the contexts in which the most \
      frequent feature is strongest.
      """)

  @Option var width = 128
  @Option var features = 256
  @Option(help: "Active features of a token.") var l0 = 5.0
  @Option(help: "Tokens to measure on; as many again are for fits.") var tokens = 16_384
  @Option(help: "Noise of the dictionaries' rows, as a share of their length.") var noise = 0.1
  @Option var seed: UInt64 = 0

  /// Times and values, in the order of the measurements.
  private struct Log {
    var rows = [["metric", "ms", "value"]]

    mutating func measure<Value>(
      _ name: String, _ show: (Value) -> Double?, _ body: () throws -> Value
    ) rethrows -> Value {
      var value: Value?
      let time = try seconds { value = try body() }
      guard let value else { preconditionFailure("a measurement has a value") }
      rows.append([name, short(time * 1e3), show(value).map { short($0) } ?? "–"])
      return value
    }
  }

  func run() throws {
    let world = try SyntheticActivations(
      SyntheticOptions(width: width, featureCount: features, l0: l0), seed: seed)
    let held = world.sample(0..<tokens)
    let fitting = world.sample(tokens..<2 * tokens).activations
    let models = try [1, 2].map { try dictionary(world.features, seed: seed + $0) }
    let mask = TokenMask(contexts: (0..<tokens).map { $0 / 32 })
    let ids = (0..<tokens).map { held.features.topLatent(of: $0) ?? features }
    var log = Log()
    let report = try log.measure("domain report", { $0.comparisons.first?.meanGap }) {
      try DomainReport.measure(
        domain: [.init("one", models[0])], broad: [.init("other", models[1])],
        on: held.activations, mask: mask, fitting: fitting)
    }
    var batches: [EncodedBatch] = []
    let evaluation = try log.measure("evaluation", { $0.fractionOfVarianceExplained.value }) {
      try evaluate(models[0], on: held.activations, mask: mask, tokenIDs: ids) {
        batches.append($1)
      }
    }
    precondition(
      evaluation.reconstruction == report.domain[0].reconstruction, "one pass is like another")
    try streams(batches, held.features, models[0], world.features, &log)
    try dictionaries(models, world.features, &log)
    try probes(batches, models[0], mask, &log)
    printTable(log.rows)
  }

  /// The features as encoder and decoder, each row with noise.
  private func dictionary(_ features: Matrix, seed: UInt64) throws -> TopKAutoencoder {
    var random = SystemSeeded(state: seed)
    let size = Float(noise) / Float(width).squareRoot()
    let rows = Matrix(rows: features.rows, columns: features.columns) {
      features[$0, $1] + size * random.gaussian()
    }
    return try TopKAutoencoder(
      parameters: [
        .encoder: rows, .encoderBias: Matrix(rows: 1, columns: rows.rows), .decoder: rows,
        .decoderBias: Matrix(rows: 1, columns: width),
      ], configuration: TopKConfiguration(k: max(1, Int(l0))))
  }

  /// Metrics that go through all tokens.
  private func streams(
    _ batches: [EncodedBatch], _ truth: SparseLatents, _ model: TopKAutoencoder,
    _ features: Matrix, _ log: inout Log
  ) throws {
    func pass<Judge: Metric>(_ metric: Judge) throws -> Judge.Value {
      var metric = metric
      for batch in batches { try metric.update(batch) }
      return metric.value
    }
    var reconstruction = ReconstructionMetrics(width: width)
    for batch in batches { try reconstruction.update(batch) }
    let mean = reconstruction.activationMean ?? []
    _ = try log.measure("variance explained per token", { $0 }) {
      try pass(PerTokenVarianceExplained(mean: mean))
    }
    _ = try log.measure("token identity", { $0.trivialFraction }) {
      try pass(TokenIdentityMetrics(latentCount: model.latentCount))
    }
    _ = try log.measure("error norms by token and norm", { $0.tokenMeanRSquared }) {
      var baselines = ErrorNormBaselines()
      for (index, batch) in batches.enumerated() {
        try baselines.update(batch, isTraining: index % 2 == 0)
      }
      return baselines
    }
    _ = try log.measure("shortest code", { $0?.bitsPerToken }) {
      try DescriptionLengthMetrics.shortestCode(of: model, batches, tolerance: 0.05)
    }
    _ = try log.measure("code with bins of 0.1", { $0.bitsPerToken }) {
      try pass(
        DescriptionLengthMetrics(latentCount: model.latentCount, quantization: .width(0.1)))
    }
    _ = try log.measure("recovery of features", { $0.value.f1 }) {
      var metrics = try GroundTruthMetrics(decoder: model.decoder, features: features)
      var first = 0
      for batch in batches {
        try metrics.update(batch.latents, truth: truth[tokens: first..<first + batch.tokens])
        first += batch.tokens
      }
      return metrics
    }
    _ = try log.measure("examples", { Double($0.strongestExamples(of: 0).count) }) {
      var examples = LatentExamples(latentCount: model.latentCount)
      var context = 0
      for batch in batches {
        for first in stride(from: 0, to: batch.tokens, by: 32) {
          let rows = first..<min(first + 32, batch.tokens)
          try examples.update(
            batch.latents[tokens: rows], tokens: Array((batch.tokenIDs ?? [])[rows]),
            context: context)
          context += 1
        }
      }
      return examples
    }
  }

  /// Metrics of dictionaries alone.
  private func dictionaries(
    _ models: [TopKAutoencoder], _ features: Matrix, _ log: inout Log
  ) throws {
    let rows = models.map(\.decoder)
    _ = try log.measure("geometry", { $0.meanMaximumDecoderCosine }) {
      try DictionaryGeometry(decoder: rows[0], encoder: models[0].encoder)
    }
    _ = try log.measure("similarity", { $0.meanMaximumCosine }) {
      try DictionarySimilarity(rows[0], rows[1])
    }
    _ = try log.measure("matching", { $0.meanCosine }) { try DictionaryMatching(rows[0], rows[1]) }
    _ = try log.measure("matching among candidates", { $0?.matchedFraction() }) {
      try CandidateMatching(rows[0], rows[1])
    }
    _ = try log.measure("stability", { $0.meanCosine }) {
      try SeedStability(rows + [features])
    }
  }

  /// Metrics of a concept: contexts that hold the most of one latent.
  private func probes(
    _ batches: [EncodedBatch], _ model: TopKAutoencoder, _ mask: TokenMask, _ log: inout Log
  ) throws {
    let latents = try SparseLatents.concatenating(batches.map(\.latents))
    let pooled = try log.measure("pooling", { Double($0.rows) }) {
      try SparseProbe.pool(latents, mask: mask)
    }
    let strongest = (0..<pooled.columns).max { pooled.sum($0) < pooled.sum($1) } ?? 0
    let middle = pooled.sum(strongest) / Float(max(1, pooled.rows))
    let labels = (0..<pooled.rows).map { pooled[$0, strongest] > middle }
    let found = try log.measure("sparse probe", { $0.map { Double($0.latents.count) } }) {
      try SparseProbe(examples: pooled, labels: labels, k: 5)
    }
    guard let probe = found else { return }
    let clean = try log.measure("its scores", { $0.rocArea }) {
      try probe.scores(pooled, labels: labels)
    }
    let direction = (0..<width).map { Double(model.decoder[strongest, $0]) }
    let effects = try log.measure("effects of latents", { $0?.max() }) {
      try LatentEffects.targeted(
        examples: pooled, labels: labels, probe: direction, decoder: model.decoder)
    }
    let spurious = try LatentEffects.spurious(
      examples: pooled, labels: labels, probe: direction, decoder: model.decoder)
    func accuracy(without effects: [Double]) throws -> Double {
      let ablated = latents.ablating(Set(LatentEffects.largest(effects, count: 2)))
      let examples = try SparseProbe.pool(ablated, mask: mask)
      return try probe.scores(examples, labels: labels).counts.accuracy ?? 0
    }
    let full = clean.counts.accuracy ?? 0
    // Beside a second class that nothing touches.
    _ = try log.measure("targeted perturbation", { $0.score }) {
      let own = try accuracy(without: effects ?? [])
      return TargetedPerturbation(clean: [full, full], ablated: [[own, full], [full, full]])
    }
    // As if those latents had been a bias, without which a probe is always right.
    _ = try log.measure("spurious correlation removal", { $0 }) {
      InterventionScores.spuriousCorrelationRemoval(
        clean: 1, original: full, changed: try accuracy(without: spurious ?? []))
    }
    _ = try log.measure("absorption", { $0.meanFraction }) {
      let main = FeatureAbsorption.mainLatentCount(f1: [clean.counts.f1 ?? 0]) ?? 1
      return try FeatureAbsorption(
        activations: batches[0].activations, latents: batches[0].latents, decoder: model.decoder,
        probe: direction.map { Float($0) }, mainLatents: Set(probe.latents.prefix(main)))
    }
  }
}

extension SparseLatents {
  /// The latent of a token with the largest activation; nil if none is active.
  fileprivate func topLatent(of token: Int) -> Int? {
    entries(of: token).max { values[$0] < values[$1] }.map { Int(indices[$0]) }
  }
}

extension Matrix {
  /// The sum of a column.
  fileprivate func sum(_ column: Int) -> Float {
    (0..<rows).reduce(0) { $0 + self[$1, column] }
  }
}
