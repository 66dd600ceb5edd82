/// The settings of a ``TopKAutoencoder``. Each library's own conventions are
/// ``dictionaryLearning(k:)``, ``saeLens(k:)``, ``sparsify(k:)`` and ``openAI(k:loss:)``.
///
/// The defaults are SAELens': on activations of a small Gemma-2 (256 wide, 2048 latents, k 32, two
/// million tokens) they explain 0.878 of the variance of tokens not trained on, dictionary_learning's
/// unit rows and auxiliary loss 0.870.
public struct TopKConfiguration: SelectingConfiguration {
  public typealias Model = TopKAutoencoder

  /// Latents that may be active on a token.
  public var k: Int
  public var subtractsDecoderBias: Bool
  public var rescalesByDecoderNorm: Bool
  public var reconstructionLoss: ReconstructionLoss
  public var auxiliaryLoss: AuxiliaryLoss?
  public var decoderConstraint: DecoderConstraint
  /// How a threshold in the place of k comes about, if one is wanted: dictionary_learning keeps one.
  public var thresholdAverage: ThresholdAverage?
  /// How k comes down to its value, if it begins higher.
  public var annealing: KAnnealing?
  /// A further reconstruction from more latents than k.
  public var multiTopK: MultiTopK?

  /// Keeps the `k` largest latents of each token; the other settings have their defaults unless given.
  public init(
    k: Int, subtractsDecoderBias: Bool = true, rescalesByDecoderNorm: Bool = true,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss(.rawScores, coefficient: 1),
    decoderConstraint: DecoderConstraint = .none, thresholdAverage: ThresholdAverage? = nil,
    annealing: KAnnealing? = nil, multiTopK: MultiTopK? = nil
  ) {
    self.k = k
    self.subtractsDecoderBias = subtractsDecoderBias
    self.rescalesByDecoderNorm = rescalesByDecoderNorm
    self.reconstructionLoss = reconstructionLoss
    self.auxiliaryLoss = auxiliaryLoss
    self.decoderConstraint = decoderConstraint
    self.thresholdAverage = thresholdAverage
    self.annealing = annealing
    self.multiTopK = multiTopK
  }
}

extension TopKConfiguration {
  public var targetL0: Double? { Double(k) }

  public func check() throws(OptionError) { try annealing?.check() }
}

extension TopKConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    SettingsFields(
      SettingsFields.selecting() + [
        .required("k", \.k),
        .optional("thresholdAverage", \.thresholdAverage, absent: nil),
        .optional("annealing", \.annealing, absent: nil),
        .optional("multiTopK", \.multiTopK, absent: nil),
      ])
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: TopKConfiguration(k: 1))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
