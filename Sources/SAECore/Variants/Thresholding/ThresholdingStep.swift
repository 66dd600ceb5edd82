/// One training step of a thresholding autoencoder: its loss terms, and the gradients as they add up.
///
/// It runs over the entries of a batch (`ThresholdingStep+Entries`) or over panels of all latents
/// (`ThresholdingStep+Panels`); this file serves both.
struct ThresholdingStep<Model: ThresholdingAutoencoder> {
  typealias Unit = Model.Unit

  let model: Model
  var unit: Unit
  let batch: TrainingBatch
  /// x − b_dec
  let inputs: Matrix
  var annealing: PAnnealing.State?
  /// The factor of Σ‖x̂ − y‖² in the loss.
  let factor: Double
  /// λ in force, annealing included.
  let coefficient: Double
  /// Of the decoder rows where the penalty is weighted by them; else none.
  let norms: [Float]

  init(_ model: Model, _ unit: Unit, _ batch: TrainingBatch, _ inputs: Matrix) {
    self.model = model
    self.unit = unit
    self.batch = batch
    self.inputs = inputs
    annealing = model.annealing
    let configuration = model.configuration
    factor = configuration.reconstructionLoss.factor(for: batch.target)
    coefficient =
      configuration.coefficient.value(at: batch.step)
      * (model.annealing?.coefficientFactor ?? 1)
    norms =
      configuration.activationPenalty?.weightsByDecoderNorm ?? false
      ? model.decoder.rowNorms() : []
  }

  /// The codes whose reconstructions train W_dec and b_dec.
  var trainingCodes: Range<Int> { 0..<(unit.trainsDecoder ? Unit.reconstructions.count : 1) }

  /// A reconstruction of the batch, once the loss is known.
  struct Reconstruction {
    let squares: ErrorSquares
    /// Σ over tokens of x̂ − y, each token's times its weight.
    let outputSums: [Double]
  }

  /// Ends the step when the gradients of both weight matrices are there but for the auxiliary loss's.
  ///
  /// - Parameters:
  ///   - reconstructions: one of each code.
  ///   - outputSlope: the factor of their output sums.
  ///   - error: x̂ − y, times the tokens' weights.
  ///   - penalty: the value of an ``ActivationPenalty``, its coefficient in it.
  ///   - activity: the latents that count as firing in the batch.
  /// - Returns: the terms of the loss, and how many latents are dead.
  mutating func finish(
    _ reconstructions: [Reconstruction], outputSlope: Double, error: Matrix, penalty: Double?,
    activity: LatentActivity, into gradients: inout ParameterSet
  ) -> (losses: [LossTerm], deadCount: Int) {
    let terms = zip(Unit.reconstructions, reconstructions).map { name, reconstruction in
      LossTerm(name, factor * reconstruction.squares.weighted)
    }
    var losses = [terms[0], LossTerm("sparsity", penalty ?? unit.sparsity)] + terms[1...]
    var inputSums = unit.inputSums
    let auxiliary = addAuxiliary(error, activity, &inputSums, into: &gradients)
    losses += auxiliary.losses
    losses += unit.finish(&inputSums, into: &gradients)
    setDecoderBias(reconstructions, outputSlope, inputSums, in: &gradients)
    return (losses, max(unit.revivedCount, auxiliary.deadCount))
  }

  /// Adds the auxiliary loss of all dead latents, if it is asked for and there are any.
  private func addAuxiliary(
    _ error: Matrix, _ activity: LatentActivity, _ inputSums: inout [Double],
    into gradients: inout ParameterSet
  ) -> (losses: [LossTerm], deadCount: Int) {
    guard let auxiliary = model.configuration.auxiliaryLoss else { return ([], 0) }
    let dead = batch.deadLatents.indices(during: activity)
    guard !dead.isEmpty else { return ([], 0) }
    var sums = [Float](repeating: 0, count: model.latentCount)
    let value = auxiliary.addGradients(
      dead: dead,
      scores: LatentScores(
        activations: inputs, encoder: model.parameters[.encoder], bias: unit.bias),
      decoder: model.decoder, error: error, target: batch.target, into: &gradients,
      encoderBias: &sums)
    for latent in dead { inputSums[latent] += Double(sums[latent]) }
    return ([LossTerm("auxiliary", value)], dead.count)
  }

  /// The gradient of b_dec: that of the reconstructions, less the part through the input's centering,
  /// which is Σ_b G_h W_encᵀ, the sum of the encoder's rows weighted by Σ_b G_h.
  private func setDecoderBias(
    _ reconstructions: [Reconstruction], _ slope: Double, _ inputSums: [Double],
    in gradients: inout ParameterSet
  ) {
    var gradient = reconstructions[0].outputSums.map { Float(slope * $0) }
    if model.configuration.subtractsDecoderBias {
      let through = model.parameters[.encoder].weightedRowSum(inputSums.map { Float($0) })
      for column in gradient.indices { gradient[column] -= through[column] }
    }
    for code in trainingCodes.dropFirst() {
      for (column, sum) in reconstructions[code].outputSums.enumerated() {
        gradient[column] += Float(slope * sum)
      }
    }
    gradients[.decoderBias] = .rowVector(gradient)
  }
}
