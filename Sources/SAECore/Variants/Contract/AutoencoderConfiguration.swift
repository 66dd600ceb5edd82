/// The settings of a variant, and the beginning of its training.
///
/// Checkpoints hold settings as they are encoded, and a run goes on with those that mean the same. A
/// configuration that can be decoded as well need not be given again
/// (``TrainingRun/init(from:on:targets:)``). A property that is added to one has to be a key that older files
/// may lack.
public protocol AutoencoderConfiguration: Sendable, Equatable, Encodable {
  /// The variant that it configures.
  associatedtype Model: TrainableAutoencoder where Model.Configuration == Self

  /// The recommended beginning of the weights.
  var weightInitialization: WeightInitialization { get }
  /// The recommended beginning of b_dec.
  var decoderBiasInitialization: DecoderBiasInitialization { get }
  /// The recommended peak learning rate for a number of latents and of steps:
  /// 2·10⁻⁴ √(2¹⁴ / latents) √(128 000 / steps) by default, the last factor between 1 and 4.
  func learningRate(latentCount: Int, steps: Int) -> Double
  /// Active latents of a token that training aims at; nil, by default, where it aims at no number.
  var targetL0: Double? { get }

  /// Throws for settings that make no sense; none by default. A run asks before anything is read or
  /// drawn, so that settings are written without `try`.
  ///
  /// - Throws: ``OptionError`` with the setting's name.
  func check() throws(OptionError)

  /// Floats of all parameters, at least: of W_enc and W_dec by default. A product that no `Int` can hold
  /// is the largest.
  func parameterCount(_ sizes: TrainingSizes) -> Int
  /// Other floats that a step holds, at least; none by default.
  func workspaceCount(_ sizes: TrainingSizes, batchTokens: Int) -> Int

  /// The parameters a run begins with, from weights and biases: where a variant has others, they
  /// come in here.
  ///
  /// - Parameters:
  ///   - weights: W_enc, b_enc, W_dec and b_dec as they were drawn.
  ///   - batch: the first batch, tokens × width, in the scale that the model is trained in.
  func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet

  /// The parameters of a transcoder that a run on inputs with targets begins with. By default there
  /// are none.
  ///
  /// - Parameters:
  ///   - inputs: of the first batch, tokens × input width, in the scale that the model is trained in.
  ///   - outputs: the targets of the same tokens, tokens × output width.
  ///   - latentCount: the number of latents.
  ///   - generator: equal states give equal weights.
  /// - Throws: ``OptionError`` if the variant has no targets, or for sizes that make no sense.
  func initialParameters(
    inputs: Matrix, outputs: Matrix, latentCount: Int, using generator: inout RandomGenerator
  ) throws -> ParameterSet
}

extension AutoencoderConfiguration {
  public var targetL0: Double? { nil }

  public func check() throws(OptionError) {}

  public func learningRate(latentCount: Int, steps: Int) -> Double {
    AutomaticLearningRate.adam(latentCount: latentCount, steps: steps)
  }

  public func parameterCount(_ sizes: TrainingSizes) -> Int {
    MemoryEstimate.product(
      sizes.latentCount, MemoryEstimate.sum(sizes.inputDimension, sizes.outputDimension))
  }

  public func workspaceCount(_ sizes: TrainingSizes, batchTokens: Int) -> Int { 0 }

  public func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet { weights }

  public func initialParameters(
    inputs: Matrix, outputs: Matrix, latentCount: Int, using generator: inout RandomGenerator
  ) throws -> ParameterSet {
    throw OptionError.targets(for: Self.self)
  }
}

extension OptionError {
  /// The weights of a variant cannot take a normalization.
  static func unfoldable(
    _ name: String, _ normalization: ActivationNormalization, for type: Any.Type
  ) -> OptionError {
    OptionError(
      "normalization", expected: "another than \(name) for a \(type)",
      found: normalization.rawValue)
  }

  /// Targets were given to a variant that reconstructs its own input.
  static func targets(for type: Any.Type) -> OptionError {
    OptionError(
      "activations", expected: "no targets for a \(type)", found: "inputs with targets")
  }
}
