/// A sparse autoencoder whose latents are means of normal distributions, sampled while it is trained:
///
///     h = W_enc (x − b_dec) + b_enc      μ = max(h, 0) or h      z = μ + σ ε      x̂ = W_decᵀ z + b_dec
///     loss = (1/tokens) Σ ‖x̂ − y‖² + β (1/tokens) Σ ½ (σ² + μ² − 1 − log σ²)
///
/// ε is standard normal; σ is 1, or log σ² = W_var (x − b_dec) + b_var is learned. With a k only the
/// largest k of a token's samples decode. Afterward ε is 0.
///
/// Every latent of every token is sampled, so training takes matrices of tokens × latents; published
/// results are worse than those of TopK. It is here for comparison.
///
/// Source: rebuilt from descriptions of variational sparse autoencoders (vSAE, 2025) and the objective
/// of Kingma and Welling 2014, arXiv 1312.6114; there was no released code to compare with.
public struct VariationalAutoencoder: SparseAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_enc (1 × latents), b_dec (1 × width), and with learned
  /// variances W_var (latents × width) and b_var (1 × latents).
  public var parameters: ParameterSet
  public let configuration: VariationalConfiguration

  public var inputDimension: Int { parameters[.encoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other or the settings.
  public init(
    parameters: ParameterSet, configuration: VariationalConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes()
    if let k = configuration.k { try parameters.checkSelection(of: k) }
    if configuration.learnsVariance {
      let (encoder, variance) = (parameters[.encoder], parameters[.variance])
      try ShapeError.check("W_var", "rows", expected: encoder.rows, found: variance.rows)
      try ShapeError.check("W_var", "columns", expected: encoder.columns, found: variance.columns)
      try ShapeError.check(
        "b_var", "numbers", expected: encoder.rows, found: parameters[.varianceBias].count)
    }
    self.parameters = parameters
    self.configuration = configuration
  }

  /// Encodes activations into their latents' means.
  ///
  /// - Parameter activations: tokens × width.
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    let scores = LatentScores(
      activations: activations.subtractingFromRows(parameters[.decoderBias].array),
      encoder: parameters[.encoder], bias: parameters[.encoderBias].array)
    guard configuration.isRectified else {
      return scores.largest(configuration.k ?? latentCount, .any)
    }
    guard let k = configuration.k else { return scores.above(0) }
    return scores.largest(k)
  }
}

/// The settings of a ``VariationalAutoencoder``.
public struct VariationalConfiguration: AutoencoderConfiguration {
  public typealias Model = VariationalAutoencoder

  /// Samples of a token that decode; nil for all.
  public var k: Int?
  /// β at each step.
  public var divergence: CoefficientSchedule
  /// Whether μ is max(h, 0), and h otherwise.
  public var isRectified: Bool
  /// Whether σ is learned, and 1 otherwise.
  public var learnsVariance: Bool
  /// Equal seeds give equal samples at equal steps.
  public var seed: UInt64

  /// The divergence multiplied by `divergence`; with a `k`, only that many samples of a token decode. The
  /// other settings have their defaults unless given.
  public init(
    k: Int? = nil, divergence: CoefficientSchedule, isRectified: Bool = true,
    learnsVariance: Bool = false, seed: UInt64 = 0
  ) {
    self.k = k
    self.divergence = divergence
    self.isRectified = isRectified
    self.learnsVariance = learnsVariance
    self.seed = seed
  }

  public var weightInitialization: WeightInitialization { .smallRows }
  public var decoderBiasInitialization: DecoderBiasInitialization { .geometricMedian }

  public func check() throws(OptionError) { try divergence.check("divergence") }

  /// W_enc, W_dec, and W_var where variances are learned.
  public func parameterCount(_ sizes: TrainingSizes) -> Int {
    MemoryEstimate.product(
      sizes.latentCount, MemoryEstimate.product(learnsVariance ? 3 : 2, sizes.inputDimension))
  }

  /// Samples and means of every latent of every token.
  public func workspaceCount(_ sizes: TrainingSizes, batchTokens: Int) -> Int {
    MemoryEstimate.product(2, MemoryEstimate.product(batchTokens, sizes.latentCount))
  }

  /// Learned variances begin at 1: W_var and b_var at 0.
  public func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet {
    guard learnsVariance else { return weights }
    let encoder = weights[.encoder]
    return ParameterSet(
      names: weights.names + [.variance, .varianceBias],
      matrices: weights.names.map { weights[$0] } + [
        Matrix(rows: encoder.rows, columns: encoder.columns),
        Matrix(rows: 1, columns: encoder.rows),
      ])
  }
}

extension ParameterName {
  /// W_var, latents × width: makes the logarithms of latents' variances.
  public static let variance = ParameterName(rawValue: "W_var")
  /// b_var, 1 × latents.
  public static let varianceBias = ParameterName(rawValue: "b_var")
}

extension VariationalConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .optional("k", \.k, absent: nil),
      .required("divergence", \.divergence),
      .optional("isRectified", \.isRectified, absent: true),
      .optional("learnsVariance", \.learnsVariance, absent: false),
      .optional("seed", \.seed, absent: 0),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: VariationalConfiguration(divergence: .one))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
