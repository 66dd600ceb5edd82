/// A mixture of experts: latents stand in groups, the experts, and a router says which few of them see
/// a token, so that the encoder's cost is that of these alone:
///
///     p = softmax(W_router (x − b_router))      f_i = p_e max(⟨W̃_enc,i, x − b_dec⟩, 0)
///     x̂ = W_decᵀ TopK(f) + b_dec
///
/// e is latent i's expert, and f_i is 0 unless e is among the ``MixtureConfiguration/activeExperts``
/// most probable ones. The k largest latents of all of a token's experts are kept. The factor p_e gives
/// the router its gradient.
///
/// With ``MixtureConfiguration/scalesFeatures`` an expert's encoder rows are moved apart: W̃ = W̄ +
/// (1 + ω)(W − W̄), W̄ their mean, ω ≥ 0 learned for each expert. Without, W̃ = W.
///
/// Source: Mudide et al. 2024, arXiv 2410.08201 (Switch SAE: one active expert), after its released
/// code; Xu et al. 2025 (Scale SAE: several active experts and feature scaling), rebuilt from its
/// description, with no code to compare with.
public struct MixtureAutoencoder: SparseAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_dec (1 × width), W_router (experts × width), b_router
  /// (1 × width), and with feature scaling omega (1 × experts).
  public var parameters: ParameterSet
  public let configuration: MixtureConfiguration

  public var inputDimension: Int { parameters[.encoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }

  /// W̃_enc.
  public var encoder: Matrix? { scaledEncoder() }

  /// Latents of an expert.
  public var expertSize: Int { latentCount / configuration.experts }

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other or the settings.
  public init(
    parameters: ParameterSet, configuration: MixtureConfiguration
  ) throws(ShapeError) {
    let encoder = parameters[.encoder]
    let experts = configuration.experts
    try ShapeError.check("W_dec", "rows", expected: encoder.rows, found: parameters[.decoder].rows)
    for name in [ParameterName.decoder, .router] {
      try ShapeError.check(
        "\(name)", "columns", expected: encoder.columns, found: parameters[name].columns)
    }
    for name in [ParameterName.decoderBias, .routerBias] {
      try ShapeError.check(
        "\(name)", "numbers", expected: encoder.columns, found: parameters[name].count)
    }
    try ShapeError.check("W_router", "rows", expected: experts, found: parameters[.router].rows)
    guard experts > 0, encoder.rows % experts == 0 else {
      throw ShapeError(
        "experts", "latents to be a multiple of it", expected: encoder.rows, found: experts)
    }
    guard (1...experts).contains(configuration.activeExperts) else {
      throw ShapeError(
        "activeExperts", "or fewer, and at least 1", expected: experts,
        found: configuration.activeExperts)
    }
    try parameters.checkSelection(of: configuration.k)
    try ShapeError.check(
      "omega", "numbers", expected: configuration.scalesFeatures ? experts : 0,
      found: parameters.contains(.featureScale) ? parameters[.featureScale].count : 0)
    self.parameters = parameters
    self.configuration = configuration
  }

  /// Encodes activations; a tie goes to the lower index, among experts as well.
  ///
  /// - Parameter activations: tokens × width.
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try routedPass(activations).latents
  }
}

extension ParameterName {
  /// W_router, experts × width.
  public static let router = ParameterName(rawValue: "W_router")
  /// b_router, 1 × width: subtracted from the router's input.
  public static let routerBias = ParameterName(rawValue: "b_router")
  /// omega, 1 × experts: how much further an expert's encoder rows are moved apart.
  public static let featureScale = ParameterName(rawValue: "omega")
}
