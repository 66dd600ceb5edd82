/// The standard sparse autoencoder:
///
///     h = W_enc (x − b_dec) + b_enc      z = max(h, 0)      x̂ = W_decᵀ z + b_dec
///
/// Source: Bricken et al. 2023, "Towards Monosemanticity"; its penalty as ``ActivationPenalty`` says.
public struct ReLUAutoencoder: ThresholdingAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_enc (1 × latents), b_dec (1 × width).
  public var parameters: ParameterSet
  public let configuration: ReLUConfiguration
  public var annealing: PAnnealing.State?

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other.
  public init(
    parameters: ParameterSet, configuration: ReLUConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes(vectors: [.encoderBias])
    self.parameters = parameters
    self.configuration = configuration
    annealing = configuration.annealing.map { PAnnealing.State($0) }
  }

  public func unit(for batch: TrainingBatch, _ inputs: Matrix) -> some ThresholdingUnit {
    ReLUUnit(bias: parameters[.encoderBias].array)
  }

  public func latents(of inputs: Matrix) -> SparseLatents {
    let bias = parameters[.encoderBias].array
    return preActivations(of: inputs, bias: bias, above: bias.map { _ in 0 })
  }
}

/// z = max(h, 0), whose gradient is passed where z is above 0: where the penalty's is.
struct ReLUUnit: ThresholdingUnit {
  let bias: [Float]
  let bounds: [Float]
  private var sums: [Double] = []

  init(bias: [Float]) {
    self.bias = bias
    bounds = [Float](repeating: 0, count: bias.count)
  }

  func makeCodes(of hidden: inout LatentElements, _ codes: inout [LatentElements]) {
    hidden.rectify(addingBias: bias)
    swap(&hidden, &codes[0])
  }

  mutating func passGradients(
    _ hidden: inout LatentElements, _ codes: inout [LatentElements],
    _ gradients: inout [LatentElements]
  ) {
    sums += gradients[0].sumsByLatent()
  }

  /// Rounded: to this, and not to the sum in double, an auxiliary loss is added.
  var inputSums: [Double] { sums.map { Double(Float($0)) } }

  func finish(
    _ inputSums: inout [Double], into gradients: inout ParameterSet
  ) -> [LossTerm] {
    gradients[.encoderBias] = .rowVector(inputSums)
    return []
  }
}
