import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

/// Every metric of one fixed sample, taken in batches of odd sizes.
@Suite(.enabled(if: RecordedBits.isPresent, "\(RecordedBits.reason)"))
struct RecordedMetricTests {
  private static let sample = RecordedSample()
  private static let cuts = [0..<1, 1..<70, 70..<257, 257..<600]

  private static func expectRecorded(_ name: String, _ value: Any) throws {
    let hash = BitHash(value)
    let name = "metrics/\(name)"
    #expect("\(hash)" == (try RecordedBits.expected(name, found: hash)), "\(name)")
  }

  @Test func reconstruction() throws {
    let sample = Self.sample
    var metrics = ReconstructionMetrics(width: RecordedSample.width)
    for cut in Self.cuts {
      try metrics.update(
        EncodedBatch(
          activations: sample.activations(cut), reconstruction: sample.reconstruction(cut),
          mask: sample.mask[cut]))
    }
    let value = metrics.value
    try Self.expectRecorded("reconstruction", value)
    var shares = PerTokenVarianceExplained(
      mean: [Double](repeating: 0.25, count: RecordedSample.width))
    try shares.update(
      EncodedBatch(activations: sample.activations, reconstruction: sample.reconstruction))
    try Self.expectRecorded("per-token", shares.value as Any)
  }

  @Test func sparsity() throws {
    let sample = Self.sample
    var metrics = SparsityMetrics(latentCount: RecordedSample.latents)
    for cut in Self.cuts {
      try metrics.update(EncodedBatch(latents: sample.latents(cut), mask: sample.mask[cut]))
    }
    let value = metrics.value
    try Self.expectRecorded("sparsity", value)
    try Self.expectRecorded("sparsity-summary", RecordedSparsity(value))
    let histogram = metrics.value.logDensityHistogram(edges: [-3, -2, -1, 0])
    try Self.expectRecorded("sparsity-histogram", histogram as Any)
  }

  @Test func darkMatter() throws {
    let sample = Self.sample
    var regression = LinearErrorRegression(width: RecordedSample.width)
    for cut in Self.cuts {
      try regression.update(
        EncodedBatch(
          activations: sample.activations(cut), reconstruction: sample.reconstruction(cut)))
    }
    let prediction = try regression.fit()
    try Self.expectRecorded("linear-part", try prediction.linearPart(sample.activations))
    var metrics = DarkMatterMetrics(prediction: prediction)
    var baselines = ErrorNormBaselines()
    for (index, cut) in Self.cuts.enumerated() {
      try metrics.update(
        EncodedBatch(
          activations: sample.activations(cut), reconstruction: sample.reconstruction(cut),
          mask: sample.mask[cut]))
      try baselines.update(
        EncodedBatch(
          activations: sample.activations(cut), reconstruction: sample.reconstruction(cut),
          tokenIDs: Array(sample.ids[cut])), isTraining: index % 2 == 0)
    }
    try Self.expectRecorded("dark-matter", metrics.value)
    try Self.expectRecorded(
      "error-norms",
      [baselines.tokenMeanRSquared, baselines.activationNormRSquared])
  }

  @Test func descriptionLength() throws {
    let sample = Self.sample
    var ranges = LatentRanges(latentCount: RecordedSample.latents)
    try ranges.update(EncodedBatch(latents: sample.latents))
    for (name, quantization) in [
      ("bins", LatentQuantization.bins(7, ranges)), ("width", .width(0.3)),
    ] {
      var metrics = DescriptionLengthMetrics(
        latentCount: RecordedSample.latents, quantization: quantization)
      for cut in Self.cuts { try metrics.update(EncodedBatch(latents: sample.latents(cut))) }
      try Self.expectRecorded("description-length-\(name)", metrics.value)
    }
    let code = try DescriptionLengthMetrics.shortestCode(
      of: sample.model,
      Self.cuts.map { try EncodedBatch(encoding: sample.activations($0), by: sample.model) },
      tolerance: 0.05)
    try Self.expectRecorded("shortest-code", code as Any)
  }

  @Test func dictionaries() throws {
    let (a, b) = (Self.sample.model.parameters, Self.sample.other.parameters)
    let (first, second) = (a[.decoder], b[.decoder])
    try Self.expectRecorded(
      "geometry", DictionaryGeometry(decoder: first, encoder: a[.encoder]))
    try Self.expectRecorded("similarity", DictionarySimilarity(first, second))
    try Self.expectRecorded("matching", DictionaryMatching(first, second))
    try Self.expectRecorded(
      "matching-magnitudes", DictionaryMatching(first, second, measure: .absoluteCosine))
    try Self.expectRecorded(
      "matching-pairs",
      DictionaryMatching(a: (a[.encoder], first), b: (b[.encoder], second)))
    try Self.expectRecorded("stability", SeedStability([first, second], threshold: 0.2))
    let candidates = try CandidateMatching(first, second, candidates: 9)
    try Self.expectRecorded("candidates", candidates as Any)
    var truth = try GroundTruthMetrics(decoder: first, features: second)
    try truth.update(Self.sample.latents, truth: Self.sample.otherLatents)
    try Self.expectRecorded("ground-truth", truth.value)
  }

  @Test func interpretation() throws {
    let sample = Self.sample
    var identity = TokenIdentityMetrics(
      latentCount: RecordedSample.latents, frequentCount: 5)
    var examples = LatentExamples(latentCount: RecordedSample.latents)
    for cut in Self.cuts {
      try identity.update(
        EncodedBatch(latents: sample.latents(cut), tokenIDs: Array(sample.ids[cut])))
      try examples.update(
        sample.latents(cut), tokens: Array(sample.ids[cut]), context: cut.lowerBound)
    }
    try Self.expectRecorded("token-identity", identity.value)
    try Self.expectRecorded(
      "examples", (0..<RecordedSample.latents).map { examples.strongestExamples(of: $0) })
    try Self.expectRecorded(
      "quantiles", (0..<RecordedSample.latents).map { examples.quantileExamples(of: $0) })
  }

  @Test func probing() throws {
    let sample = Self.sample
    let labels = sample.ids.map { $0 % 3 == 0 }
    let pooled = try SparseProbe.pool(
      sample.latents, mask: TokenMask(contexts: sample.mask.contexts))
    try Self.expectRecorded("pooled", pooled)
    let probe = try #require(try SparseProbe(examples: sample.activations, labels: labels, k: 4))
    try Self.expectRecorded("probe", probe)
    try Self.expectRecorded("probe-scores", try probe.scores(sample.activations, labels: labels))
    let absorption = try FeatureAbsorption(
      activations: sample.activations, latents: sample.latents,
      decoder: sample.model.parameters[.decoder], probe: sample.activations(3..<4).array,
      mainLatents: [0, 5])
    try Self.expectRecorded("absorption", absorption)
  }

  /// The metrics of one pass, with intervals by resampling, and the report of several autoencoders.
  @Test func reports() throws {
    let sample = Self.sample
    let report = try DomainReport.measure(
      domain: [.init("one", sample.model)], broad: [.init("other", sample.other)],
      on: sample.activations, mask: sample.mask, fitting: sample.activations, batchTokens: 150)
    try Self.expectRecorded("report", RecordedReport(report))
    let curve = ParetoCurve([
      .init(l0: 3, quality: 0.4), .init(l0: 9, quality: 0.6), .init(l0: 40, quality: 0.9),
    ])
    let flat = ParetoCurve([.init(l0: 2, quality: 0.5), .init(l0: 60, quality: 0.55)])
    try Self.expectRecorded(
      "pareto", [curve.quality(atL0: 5), curve.meanGap(to: flat), flat.quality(atL0: 30)])
  }
}

/// The numbers of sparsity that are not one per latent, in the order of the record.
private struct RecordedSparsity {
  let tokens: Int
  let nonFiniteTokens: Int
  let l0: Double?
  let medianL0: Int?
  let l1: Double?
  let aliveFraction: Double?
  let denseFraction: Double?

  init(_ value: SparsityMetrics.Value) {
    tokens = value.tokens
    nonFiniteTokens = value.nonFiniteTokens
    l0 = value.l0
    medianL0 = value.l0Quantile(0.5)
    l1 = value.l1
    aliveFraction = value.aliveFraction
    denseFraction = value.fractionOfLatents(denserThan: 0.1)
  }
}

/// A report in the order of the record, which has two places that were never filled.
private struct RecordedReport {
  struct Part {
    let name: String
    let latentCount: Int
    let contexts: Int
    let reconstruction: ReconstructionMetrics.Value
    let sparsity: RecordedSparsity
    let intervals: EvaluationIntervals
    let darkMatter: DarkMatterMetrics.Value?
    let empty: (Double?, Double?) = (nil, nil)

    init(_ evaluation: Evaluation) {
      name = evaluation.name
      latentCount = evaluation.latentCount
      contexts = evaluation.contexts
      reconstruction = evaluation.reconstruction
      sparsity = RecordedSparsity(evaluation.sparsity)
      intervals = evaluation.intervals
      darkMatter = evaluation.darkMatter
    }
  }

  let domain: [Part]
  let broad: [Part]
  let comparisons: [DomainReport.QualityComparison]

  init(_ report: DomainReport) {
    domain = report.domain.map(Part.init)
    broad = report.broad.map(Part.init)
    comparisons = report.comparisons
  }
}
