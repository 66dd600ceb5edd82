/// The settings of a ``MixtureAutoencoder``.
public struct MixtureConfiguration: AutoencoderConfiguration {
  public typealias Model = MixtureAutoencoder

  /// Latents that may be active on a token.
  public var k: Int
  /// Groups that the latents stand in.
  public var experts: Int
  /// Experts that see a token.
  public var activeExperts: Int
  /// Whether experts have a learned feature scale.
  public var scalesFeatures: Bool
  /// Whether latents are multiplied by their expert's probability, without which the router has no
  /// gradient from the reconstruction.
  public var weighsByProbability: Bool
  /// α of α · width · experts · Σ q_e P_e, q_e the share of tokens that expert e sees, P_e its mean
  /// probability. This term keeps experts equally busy.
  public var balanceCoefficient: Double
  /// The router's first weights are drawn from it.
  public var seed: UInt64

  /// `k` latents per token from `activeExperts` of `experts` experts; `scalesFeatures` is Scale SAE's. The other
  /// settings have their defaults unless given.
  public init(
    k: Int, experts: Int, activeExperts: Int, scalesFeatures: Bool,
    weighsByProbability: Bool = true, balanceCoefficient: Double = 0.01, seed: UInt64 = 0
  ) {
    self.k = k
    self.experts = experts
    self.activeExperts = activeExperts
    self.scalesFeatures = scalesFeatures
    self.weighsByProbability = weighsByProbability
    self.balanceCoefficient = balanceCoefficient
    self.seed = seed
  }

  public var weightInitialization: WeightInitialization { .uniformEntries(rowNorm: 1) }
  public var decoderBiasInitialization: DecoderBiasInitialization { .geometricMedian }

  /// The router begins uniform in ±1/√width, its bias as b_dec does, the feature scales at 0.
  public func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet {
    let width = batch.columns
    let bound = 1 / Float(max(1, width)).squareRoot()
    var generator = RandomGenerator(seed: seed)
    let router = Matrix(rows: experts, columns: width) { _, _ in
      generator.uniform(in: -bound..<bound)
    }
    let names: [ParameterName] = [.encoder, .decoder, .decoderBias]
    var matrices = names.map { weights[$0] }
    matrices += [router, weights[.decoderBias]]
    if scalesFeatures { matrices.append(Matrix(rows: 1, columns: experts)) }
    return ParameterSet(
      names: names + [.router, .routerBias] + (scalesFeatures ? [.featureScale] : []),
      matrices: matrices)
  }
}

extension MixtureConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .required("k", \.k),
      .required("experts", \.experts),
      .required("activeExperts", \.activeExperts),
      .required("scalesFeatures", \.scalesFeatures),
      .optional("weighsByProbability", \.weighsByProbability, absent: true),
      .optional("balanceCoefficient", \.balanceCoefficient, absent: 0.01),
      .optional("seed", \.seed, absent: 0),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(
      from: decoder,
      into: MixtureConfiguration(k: 1, experts: 1, activeExperts: 1, scalesFeatures: false))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
