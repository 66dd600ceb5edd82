extension SelectingAutoencoder {
  public func checkErrorWeights() throws(OptionError) {
    try OptionError.checkErrorWeights(
      configuration.reconstructionLoss, auxiliaryLoss: configuration.auxiliaryLoss)
  }

  /// The loss is the reconstruction error, and the auxiliary loss if there are dead latents.
  public func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    var step = try SelectionStep(self, batch)
    let latents = select(step.scores, step: batch.step)
    let pass = step.addReconstruction(step.code(of: latents), into: &gradients)
    step.addAuxiliary(during: latents, error: pass.error, into: &gradients)
    return step.finish(latents, totalSquaredError: pass.totalSquaredError, into: &gradients)
  }
}

/// One training step of a selecting autoencoder: its loss terms, and the gradients as they add up.
struct SelectionStep<Model: SelectingAutoencoder> {
  let model: Model
  let batch: TrainingBatch
  let scores: LatentScores
  /// The factor of Σ‖x̂ − y‖² in the loss.
  let reconstructionFactor: Double
  /// The gradient of b_enc.
  var encoderBias: [Float]
  /// Σ over tokens of the gradient of x̂.
  var outputSums: [Double]
  var losses: [LossTerm] = []
  private var deadCount = 0

  /// - Throws: ``ShapeError`` if the batch does not fit the model.
  init(_ model: Model, _ batch: TrainingBatch) throws(ShapeError) {
    self.model = model
    self.batch = batch
    try model.check(batch)
    scores = try model.scores(of: batch.activations)
    reconstructionFactor = model.configuration.reconstructionLoss.factor(for: batch.target)
    encoderBias = [Float](repeating: 0, count: model.latentCount)
    outputSums = [Double](repeating: 0, count: model.outputDimension)
  }

  /// The code that is decoded: latents without the scale of their scores.
  func code(of latents: SparseLatents) -> SparseLatents {
    model.code(of: latents, scale: scores.scale)
  }

  /// Adds weight · factor · Σ‖x̂ − y‖² for the x̂ of a code; the first one overwrites the gradients of
  /// the weight matrices.
  ///
  /// - Parameters:
  ///   - target: y, the batch's unless something else is part of the reconstruction.
  ///   - reachesEncoder: whether the encoder gets a gradient.
  mutating func addReconstruction(
    _ code: SparseLatents, target: Matrix? = nil, weight: Double = 1,
    named name: String = "reconstruction", reachesEncoder: Bool = true,
    into gradients: inout ParameterSet
  ) -> ReconstructionPass {
    let isFirst = losses.isEmpty
    let pass = code.reconstructionPass(
      decoder: model.decoder, bias: model.parameters[.decoderBias].array,
      target: target ?? batch.target
    ).weighted(by: batch.errorWeights, code)
    let factor = weight * reconstructionFactor
    let slope = Float(2 * factor)
    let occurrences = code.occurrencesByLatent()
    occurrences.sumRows(
      pass.error, coefficients: code.values.map { slope * $0 }, into: &gradients[.decoder],
      accumulate: !isFirst)
    if reachesEncoder {
      let preActivationGradients = pass.projections.map { slope * $0 }
      occurrences.sumRows(
        scores.activations, coefficients: preActivationGradients, into: &gradients[.encoder],
        accumulate: !isFirst)
      add(occurrences.sumCoefficients(preActivationGradients))
    }
    for (column, sum) in pass.error.columnSums().enumerated() {
      outputSums[column] += Double(slope) * sum
    }
    losses.append(LossTerm(name, factor * pass.squares.weighted))
    return pass
  }

  /// Adds to the gradient of b_enc.
  mutating func add(_ encoderBiasSums: [Float]) {
    for latent in encoderBias.indices { encoderBias[latent] += encoderBiasSums[latent] }
  }

  /// The latents that count as firing where a selection of so many places per token has more of them than
  /// positive scores.
  func firing(_ latents: SparseLatents, places: Int) -> SparseLatents? {
    batch.deadLatents.rule.firing == .selected ? latents.fillingPlaces(places) : nil
  }

  /// Adds the auxiliary loss of all dead latents, if there are any.
  mutating func addAuxiliary(
    during latents: SparseLatents, error: Matrix, into gradients: inout ParameterSet
  ) {
    guard let auxiliary = model.configuration.auxiliaryLoss else { return }
    let dead = batch.deadLatents.indices(during: latents)
    guard !dead.isEmpty else { return }
    let value = addAuxiliary(auxiliary, dead: dead, error: error, into: &gradients)
    losses.append(LossTerm("auxiliary", value))
  }

  /// Adds the auxiliary loss's gradients for some dead latents and returns its value.
  mutating func addAuxiliary(
    _ auxiliary: AuxiliaryLoss, dead: [Int], error: Matrix, into gradients: inout ParameterSet
  ) -> Double {
    deadCount += dead.count
    return auxiliary.addGradients(
      dead: dead, scores: scores, comparesMagnitudes: model.comparesMagnitudes,
      decoder: model.decoder, error: error, target: batch.target, into: &gradients,
      encoderBias: &encoderBias, outputSums: &outputSums)
  }

  /// Writes the gradients of the biases. That of b_dec is the sum of the reconstruction's, less the part
  /// through the input's centering: Σ_b G_h W_encᵀ is the sum of the encoder's rows weighted by the
  /// gradient of b_enc.
  func finish(
    _ latents: SparseLatents, firing: SparseLatents? = nil, totalSquaredError: Double,
    into gradients: inout ParameterSet
  ) -> TrainingPass {
    gradients[.encoderBias] = Matrix(rows: 1, columns: encoderBias.count, values: encoderBias)
    var decoderBias = outputSums.map { Float($0) }
    if model.configuration.subtractsDecoderBias {
      let through = model.parameters[.encoder].weightedRowSum(encoderBias)
      for column in decoderBias.indices { decoderBias[column] -= through[column] }
    }
    gradients[.decoderBias] = Matrix(rows: 1, columns: decoderBias.count, values: decoderBias)
    return TrainingPass(
      losses: losses, latents: latents, totalSquaredError: totalSquaredError, deadCount: deadCount,
      firing: firing)
  }
}
