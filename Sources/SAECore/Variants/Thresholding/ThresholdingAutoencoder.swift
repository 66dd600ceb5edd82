/// An autoencoder whose latents are a function of their own pre-activations:
///
///     h = W_enc (x − b_dec) + bias      z = f(h)      x̂ = W_decᵀ z + b_dec
///
/// A variant defines f element by element, and where gradients go (``ThresholdingUnit``); loss, auxiliary
/// loss and the gradients of the weights come with the protocol, whether few or many latents are active.
///
/// ``TrainableAutoencoder/parameters`` are W_enc and W_dec (latents × width), b_dec (1 × width) and the
/// vectors of the variant.
public protocol ThresholdingAutoencoder: TrainableAutoencoder
where Configuration: ThresholdingConfiguration {
  /// The type that makes latents of pre-activations.
  associatedtype Unit: ThresholdingUnit

  /// The unit that makes latents in a step.
  ///
  /// - Parameters:
  ///   - batch: the batch of the step.
  ///   - inputs: its activations, b_dec subtracted if it is to be.
  mutating func unit(for batch: TrainingBatch, _ inputs: Matrix) -> Unit

  /// The latents of activations from which b_dec is subtracted if it is to be. By default those of a
  /// step's code that are not 0.
  func latents(of inputs: Matrix) -> SparseLatents

  /// Where the annealing of a penalty's exponent stands; nil where none is annealed, as by default.
  var annealing: PAnnealingState? { get set }
}

extension ThresholdingAutoencoder {
  public var inputDimension: Int { parameters[.encoder].columns }
  public var outputDimension: Int { parameters[.decoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }
  public var decoderConstraint: DecoderConstraint { configuration.decoderConstraint }

  public var annealing: PAnnealingState? {
    get { nil }
    set {}
  }

  /// Encodes activations into the latents that are active.
  ///
  /// - Parameter activations: tokens × width, in the scale the weights were trained on.
  /// - Throws: ``ShapeError`` if the width is not ``SparseAutoencoder/inputDimension``.
  /// - Complexity: O(tokens · width · latents) time; no tokens × latents matrix is made.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    return latents(of: centered(activations))
  }

  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    return latents.reconstruction(by: decoder, bias: parameters[.decoderBias].array)
  }

  public func latents(of inputs: Matrix) -> SparseLatents {
    var model = self
    let batch = TrainingBatch(
      activations: inputs, deadLatents: DeadLatents(latentCount: latentCount, rule: .never))
    let (entries, codes) = model.unit(for: batch, inputs).codes(
      of: inputs, encoder: parameters[.encoder])
    return entries.replacingValues(codes[0].values).droppingZeros()
  }

  /// x − b_dec, or x where the bias is not subtracted.
  func centered(_ activations: Matrix) -> Matrix {
    configuration.subtractsDecoderBias
      ? activations.subtractingFromRows(parameters[.decoderBias].array) : activations
  }

  /// Pre-activations above a bound for each latent.
  func preActivations(
    of inputs: Matrix, bias: [Float], above bounds: [Float]
  ) -> SparseLatents {
    .aboveThreshold(
      of: inputs, encoder: parameters[.encoder], bias: bias, thresholds: bounds)
  }
}

/// Training.
extension ThresholdingAutoencoder {
  public func checkErrorWeights() throws(OptionError) {
    try OptionError.checkErrorWeights(
      configuration.reconstructionLoss, auxiliaryLoss: configuration.auxiliaryLoss)
  }

  /// The loss is the reconstruction error, the sparsity term, the error of each further reconstruction,
  /// the auxiliary loss if it is asked for and there are dead latents, and a variant's own terms.
  public mutating func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try check(batch)
    let inputs = centered(batch.activations)
    let unit = unit(for: batch, inputs)
    let panels = LatentPanels(
      inputs: inputs, encoder: parameters[.encoder], bias: unit.bias, thresholds: unit.bounds)
    var step = ThresholdingStep(self, unit, batch, inputs)
    let pass =
      panels.isDense && !batch.deadLatents.rule.looksAtValues
      ? step.run(over: panels, into: &gradients) : step.runOverEntries(into: &gradients)
    annealing = step.annealing
    return pass
  }

  public var trainingState: [String: [Double]] { annealing.trainingState }

  public mutating func restore(_ trainingState: [String: [Double]]) throws(ShapeError) {
    try annealing.restore(trainingState)
  }

  public mutating func finishStep(_ pass: TrainingPass, step: Int) {
    annealing?.finishStep(step)
  }

  public func foldingCenter(_ center: [Double]) throws -> Self {
    try foldingCenter(center, subtractsDecoderBias: configuration.subtractsDecoderBias)
  }

  public func foldingWhitening(_ whitening: Whitening) throws -> Self {
    var folded = parameters
    try folded.foldWhitening(
      whitening, subtractsDecoderBias: configuration.subtractsDecoderBias)
    return try Self(parameters: folded, configuration: configuration)
  }
}

extension ThresholdingUnit {
  /// The entries of inputs, tokens × width, and their codes.
  func codes(
    of inputs: Matrix, encoder: Matrix
  ) -> (hidden: SparseLatents, codes: [LatentElements]) {
    let entries = SparseLatents.aboveThreshold(
      of: inputs, encoder: encoder, bias: bias, thresholds: bounds)
    var hidden = LatentElements(entries)
    var codes = Self.reconstructions.map { _ in LatentElements(like: hidden) }
    makeCodes(of: &hidden, &codes)
    return (entries, codes)
  }
}
