/// The settings of a ``TopKAutoencoder``. Defaults are the recommended ones; each library's own
/// conventions are ``dictionaryLearning(k:)``, ``saeLens(k:)`` and ``sparsify(k:)``.
public struct TopKConfiguration: SelectingConfiguration {
  /// Latents that may be active on a token.
  public var k: Int
  public var subtractsDecoderBias = true
  public var rescalesByDecoderNorm = false
  public var reconstructionLoss = ReconstructionLoss.squaredErrorPerToken
  public var auxiliaryLoss: AuxiliaryLoss? = AuxiliaryLoss()
  public var decoderConstraint = DecoderConstraint.unitRowsAfterStep
  /// A further reconstruction from more latents than k.
  public var multiTopK: MultiTopK?

  public init(k: Int) { self.k = k }

  /// dictionary_learning's conventions, which are the defaults.
  public static func dictionaryLearning(k: Int) -> TopKConfiguration { TopKConfiguration(k: k) }

  /// SAELens' conventions for training.
  public static func saeLens(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.followSAELens()
    return configuration
  }

  /// sparsify's conventions, with its auxiliary loss off.
  public static func sparsify(k: Int) -> TopKConfiguration {
    var configuration = TopKConfiguration(k: k)
    configuration.followSparsify()
    return configuration
  }
}
