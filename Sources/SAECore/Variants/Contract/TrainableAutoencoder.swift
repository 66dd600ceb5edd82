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
