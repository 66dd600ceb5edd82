public import SAECore

/// Feature absorption: a concept's latents stay inactive on tokens where a more specific latent has
/// taken over the concept's direction.
///
/// Source: Chanin et al. 2024, arXiv 2409.14507; the measure is SAEBench's, arXiv 2503.09532, whose
/// constants are the defaults.
public struct FeatureAbsorption: Sendable, Equatable, Codable {
  /// What counts as absorption.
  public struct Options: Sendable, Equatable, Codable {
    /// Least cosine with the probe of a latent that fully absorbs.
    public var fullCosine = 0.025
    /// Least cosine of a latent that absorbs in part.
    public var fractionCosine = 0.1
    /// Least share of the projection that absorbers make up.
    public var projectionShare = 0.4
    /// How many absorbers count.
    public var maximumAbsorbers = 3

    /// SAEBench's settings.
    public init() {}
  }

  /// x·p of each token.
  public let projections: [Double]
  /// The absorbed part of the concept, for each token.
  public let fractions: [Double]
  /// Whether one latent has taken over the concept whole.
  public let isFull: [Bool]

  /// Means over the tokens; undefined without any.
  public var meanFraction: Double? { mean(fractions) }
  /// The share of examples whose feature is wholly absorbed; nil without examples.
  package var fullRate: Double? {
    ratio(Double(isFull.count { $0 }), Double(isFull.count))
  }

  /// Measures one concept.
  ///
  /// - Parameters:
  ///   - activations: tokens of the concept that the probe gets right, tokens × width.
  ///   - latents: their latents.
  ///   - decoder: latents × width.
  ///   - probe: the concept's direction, of any length but 0.
  ///   - mainLatents: the latents that stand for the concept (``mainLatentCount(f1:jump:)``).
  ///   - options: constants of the measure.
  /// - Throws: `ShapeError` if something does not fit.
  public init(
    activations: Matrix, latents: SparseLatents, decoder: Matrix, probe: [Float],
    mainLatents: Set<Int>, options: Options = Options()
  ) throws(ShapeError) {
    try ShapeError.check(
      "activations", "columns", expected: probe.count, found: activations.columns)
    try ShapeError.check("decoder", "columns", expected: probe.count, found: decoder.columns)
    try ShapeError.check(
      "decoder", "rows", expected: latents.latentCount, found: decoder.rows)
    try ShapeError.check("latents", "tokens", expected: activations.rows, found: latents.tokens)
    let norm = probe.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    precondition(norm > 0, "a probe of length 0 has no direction")
    let unit = probe.map { Double($0) / norm }
    func product(_ row: Span<Float>) -> Double {
      row.indices.reduce(0.0) { $0 + Double(row[$1]) * unit[$1] }
    }
    let decoderNorms = UnitRows(decoder).norms
    let cosines = (0..<decoder.rows).map {
      ratio(product(decoder.row($0)), decoderNorms[$0]) ?? 0
    }
    let measured = (0..<latents.tokens).map { token in
      let terms = latents.entries(of: token).map { entry in
        let latent = Int(latents.indices[entry])
        return Contribution(
          latent: latent, activation: Double(latents.values[entry]), cosine: cosines[latent],
          isMain: mainLatents.contains(latent))
      }
      let projection = product(activations.row(token))
      return (
        projection, FeatureAbsorption.fraction(terms, projection, options),
        FeatureAbsorption.isFull(terms, projection, options)
      )
    }
    projections = measured.map(\.0)
    fractions = measured.map(\.1)
    isFull = measured.map(\.2)
  }

  /// What a latent adds to the concept's direction on a token.
  private struct Contribution {
    let latent: Int
    let activation: Double
    let cosine: Double
    let isMain: Bool
    var value: Double { activation * cosine }
  }

  private static func fraction(
    _ terms: [Contribution], _ projection: Double, _ options: Options
  ) -> Double {
    let main = terms.filter(\.isMain).reduce(0) { $0 + $1.value }
    let absorbers = terms.filter {
      !$0.isMain && $0.cosine >= options.fractionCosine && $0.value > 0
    }
    let absorbed = absorbers.map(\.value).sorted(by: >).prefix(options.maximumAbsorbers)
      .reduce(0, +)
    guard projection > 0, main < projection, absorbed / projection >= options.projectionShare
    else { return 0 }
    guard main > 0 else { return 1 }
    let needed = min(absorbed, projection - main)
    return needed / (needed + main)
  }

  private static func isFull(
    _ terms: [Contribution], _ projection: Double, _ options: Options
  ) -> Bool {
    guard projection > 0, terms.allSatisfy({ !$0.isMain || $0.activation < 1e-8 }),
      let best = terms.max(by: { $0.value < $1.value })
    else { return false }
    return best.cosine >= options.fullCosine && best.value / projection >= options.projectionShare
  }

  /// How many latents stand for a concept: k grows while the F1 of a probe on the k best latents
  /// exceeds the best so far by more than `jump`. One less is SAEBench's number of split features.
  ///
  /// - Parameters:
  ///   - f1: of probes on 1, 2, … latents.
  ///   - jump: what a further latent must add.
  /// - Returns: nil without probes.
  public static func mainLatentCount(f1: [Double], jump: Double = 0.03) -> Int? {
    guard var best = f1.first else { return nil }
    var count = 1
    for value in f1.dropFirst() {
      guard value > best + jump else { break }
      best = value
      count += 1
    }
    return count
  }
}
