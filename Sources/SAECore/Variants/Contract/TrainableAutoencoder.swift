/// An autoencoder that can be trained: it owns its activation function, its loss and the gradients;
/// optimizer, schedules, constraints and dead-latent counting are the trainer's.
public protocol TrainableAutoencoder: SparseAutoencoder {
  /// The variant's settings.
  associatedtype Configuration: AutoencoderConfiguration

  /// The name of the variant in checkpoints: by default that of the type. A type that is renamed keeps
  /// the name that its checkpoints have.
  static var variantName: String { get }

  /// The settings it has.
  var configuration: Configuration { get }

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if they do not fit each other or the settings.
  init(parameters: ParameterSet, configuration: Configuration) throws(ShapeError)

  /// The parameters that the optimizer changes.
  var parameters: ParameterSet { get set }

  /// The constraint that keeps decoder rows at unit norm, if there is one.
  var decoderConstraint: DecoderConstraint { get }

  /// Loss and gradients of a batch; overwrites `gradients`, which has the names and shapes of
  /// ``parameters``.
  ///
  /// Gradients are those of the total loss as it stands, before any constraint or clipping.
  ///
  /// - Throws: ``ShapeError`` if the batch does not fit.
  mutating func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass

  /// Throws unless the losses honor ``TrainingBatch/errorWeights`` with the settings as they are. By
  /// default none do.
  func checkErrorWeights() throws(OptionError)

  /// Called after each step, so that a variant can update state besides parameters, such as a running
  /// threshold. Does nothing by default.
  ///
  /// - Parameters:
  ///   - pass: the results of the step's forward and backward pass.
  ///   - step: steps made before this one.
  mutating func finishStep(_ pass: TrainingPass, step: Int)

  /// State that a variant keeps from step to step besides ``parameters``, by names without dots. Empty by
  /// default.
  var trainingState: [String: [Double]] { get }

  /// Goes on from a ``trainingState``. By default there must be nothing in it.
  ///
  /// - Throws: ``ShapeError`` if something is missing or has the wrong size.
  mutating func restore(_ trainingState: [String: [Double]]) throws(ShapeError)

  /// The autoencoder for activations as they are, of one trained on activations times `scale`. By
  /// default as ``ParameterSet/foldScalingFactor(_:targetFactor:)`` does.
  ///
  /// - Throws: ``OptionError`` if the parameters are not understood, ``ShapeError`` as the initializer
  ///   does.
  func foldingScale(_ scale: Double) throws -> Self

  /// The autoencoder for activations as they are, of one trained on activations less `center`. By
  /// default there is none.
  ///
  /// - Parameter center: a number for each dimension of the input.
  /// - Throws: ``OptionError`` if the variant has no such form, ``ShapeError`` as the initializer
  ///   does.
  func foldingCenter(_ center: [Double]) throws -> Self

  /// The same of one trained on inputs less `center` and targets less `targetCenter`. By default there
  /// is none: only a transcoder has targets.
  ///
  /// - Throws: as ``foldingCenter(_:)`` does.
  func foldingCenter(_ center: [Double], targetCenter: [Double]) throws -> Self

  /// The autoencoder for activations as they are, of one trained on inputs times `scale` and targets
  /// times `targetScale`. By default there is none: only a transcoder has targets.
  ///
  /// - Throws: ``OptionError`` if the variant has no targets, ``ShapeError`` as the initializer does.
  func foldingScale(_ scale: Double, targetScale: Double) throws -> Self

  /// The autoencoder for activations as they are, of one trained on whitened ones. By default there
  /// is none.
  ///
  /// - Throws: ``OptionError`` if the variant has no such form, ``ShapeError`` as the initializer
  ///   does.
  func foldingWhitening(_ whitening: Whitening) throws -> Self
}

extension TrainableAutoencoder {
  public static var variantName: String { "\(Self.self)" }

  /// The parameter of that name.
  public var decoder: Matrix { parameters[.decoder] }
  /// The parameter of that name, if there is one.
  public var encoder: Matrix? { parameters.contains(.encoder) ? parameters[.encoder] : nil }

  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    return latents.decoded(by: decoder, bias: parameters[.decoderBias].array)
  }

  public func checkErrorWeights() throws(OptionError) {
    throw OptionError(
      "takesLossInOriginalUnits", expected: "false for a \(Self.self)", found: "true")
  }

  public mutating func finishStep(_ pass: TrainingPass, step: Int) {}

  public var trainingState: [String: [Double]] { [:] }

  public mutating func restore(_ trainingState: [String: [Double]]) throws(ShapeError) {
    guard let name = trainingState.keys.min() else { return }
    throw ShapeError(name, "numbers", expected: 0, found: trainingState[name]?.count ?? 0)
  }

  public func foldingScale(_ scale: Double, targetScale: Double) throws -> Self {
    throw OptionError.targets(for: Self.self)
  }

  public func foldingCenter(_ center: [Double]) throws -> Self {
    throw OptionError.unfoldable("a center", .centered, for: Self.self)
  }

  public func foldingCenter(_ center: [Double], targetCenter: [Double]) throws -> Self {
    throw OptionError.targets(for: Self.self)
  }

  public func foldingWhitening(_ whitening: Whitening) throws -> Self {
    throw OptionError.unfoldable("a whitening", .covarianceWhitening, for: Self.self)
  }
}

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
  fileprivate static func targets(for type: Any.Type) -> OptionError {
    OptionError(
      "activations", expected: "no targets for a \(type)", found: "inputs with targets")
  }
}

/// The input of a training step.
public struct TrainingBatch: Sendable {
  /// Input, tokens × input width.
  public let activations: Matrix
  /// The activations to reconstruct, tokens × output width: the input, except for a transcoder.
  public let target: Matrix
  /// The weight of each token's ‖x̂ − y‖² in the loss; nil where all count alike.
  public let errorWeights: [Float]?
  /// How long before this batch each latent last fired.
  public let deadLatents: DeadLatents
  /// Steps already made.
  public let step: Int

  /// A batch of the given parts; see the properties.
  ///
  /// - Precondition: there is a weight for each token, if there are any.
  public init(
    activations: Matrix, target: Matrix? = nil, errorWeights: [Float]? = nil,
    deadLatents: DeadLatents, step: Int = 0
  ) {
    precondition(
      errorWeights == nil || errorWeights?.count == activations.rows,
      "\(errorWeights?.count ?? 0) weights for \(activations.rows) tokens")
    self.activations = activations
    self.target = target ?? activations
    self.errorWeights = errorWeights
    self.deadLatents = deadLatents
    self.step = step
  }
}

/// The results of a forward and backward pass besides the gradients.
public struct TrainingPass: Sendable {
  /// The terms of the loss as they enter the total, by name.
  public let losses: [LossTerm]
  /// The latents of the batch; nil where they were too many to be held.
  public let latents: SparseLatents?
  /// On how many tokens each latent was active.
  public let activity: LatentActivity
  /// The latents that count as firing: those of ``activity``, except where a step trains on more latents.
  public let firing: LatentActivity
  /// Those that ``firing`` was counted of; nil where they were too many to be held.
  let firingLatents: SparseLatents?
  /// Σ ‖x̂ − y‖² over the batch.
  public let totalSquaredError: Double
  /// Latents that took part in the auxiliary loss.
  public let deadCount: Int

  /// The results of a pass; `firing` where more latents than `latents` count as having fired.
  public init(
    losses: [LossTerm], latents: SparseLatents, totalSquaredError: Double, deadCount: Int,
    firing: SparseLatents? = nil
  ) {
    self.losses = losses
    self.latents = latents
    activity = LatentActivity(latents)
    self.firing = firing.map { LatentActivity($0) } ?? activity
    firingLatents = firing ?? latents
    self.totalSquaredError = totalSquaredError
    self.deadCount = deadCount
  }

  /// A pass whose latents were not held.
  public init(
    losses: [LossTerm], activity: LatentActivity, totalSquaredError: Double, deadCount: Int
  ) {
    self.losses = losses
    latents = nil
    self.activity = activity
    firing = activity
    firingLatents = nil
    self.totalSquaredError = totalSquaredError
    self.deadCount = deadCount
  }

  /// The loss that the gradients belong to.
  package var totalLoss: Double { losses.reduce(0) { $0 + $1.value } }
}

/// A term of the loss, with its coefficient already in it.
public struct LossTerm: Sendable, Equatable {
  /// The term's name in logs, such as `mse` or `auxiliary`.
  public let name: String
  /// The term as it enters the sum, its coefficient included.
  public let value: Double

  /// A term called `name`.
  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}
