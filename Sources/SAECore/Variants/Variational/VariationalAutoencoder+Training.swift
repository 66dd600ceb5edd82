import Foundation

extension VariationalAutoencoder: TrainableAutoencoder {
  public var decoderConstraint: DecoderConstraint { .none }

  public func checkErrorWeights() throws(OptionError) {}

  /// The loss is the squared error per token of a sample, and the divergence.
  public func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try check(batch)
    let inputs = batch.activations.subtractingFromRows(parameters[.decoderBias].array)
    var sample = Sample(self, inputs, step: batch.step)
    let code = sample.code(k: configuration.k)
    let pass = code.reconstructionPass(
      decoder: decoder, bias: parameters[.decoderBias].array, target: batch.target
    ).weighted(by: batch.errorWeights, code)
    let factor = ReconstructionLoss.squaredErrorPerToken.factor(for: batch.target)
    let slope = Float(2 * factor)
    let weight = factor * configuration.divergence.value(at: batch.step)
    let divergence = sample.differentiate(
      code, pass.projections.map { slope * $0 }, divergenceWeight: weight)

    code.occurrencesByLatent().sumRows(
      pass.error, coefficients: code.values.map { slope * $0 }, into: &gradients[.decoder])
    var decoderBias = pass.error.columnSums().map { Float(Double(slope) * $0) }
    func add(_ slopes: Matrix, _ weights: ParameterName, _ bias: ParameterName) {
      gradients[weights].setProduct(slopes.transposed, inputs.view)
      let sums = slopes.columnSums().map { Float($0) }
      gradients[bias] = Matrix(rows: 1, columns: sums.count, values: sums)
      let through = parameters[weights].weightedRowSum(sums)
      for column in decoderBias.indices { decoderBias[column] -= through[column] }
    }
    add(sample.meanSlopes, .encoder, .encoderBias)
    if let slopes = sample.varianceSlopes { add(slopes, .variance, .varianceBias) }
    gradients[.decoderBias] = Matrix(rows: 1, columns: decoderBias.count, values: decoderBias)
    return TrainingPass(
      losses: [
        LossTerm("reconstruction", factor * pass.squares.weighted),
        LossTerm("divergence", weight * divergence),
      ], latents: code, totalSquaredError: pass.totalSquaredError, deadCount: 0)
  }

  public func foldingCenter(_ center: [Double]) throws -> VariationalAutoencoder {
    try foldingCenter(center, subtractsDecoderBias: true)
  }
}

/// Latents of a batch as they were sampled, each a matrix of tokens × latents.
private struct Sample {
  let isRectified: Bool
  /// h
  let preActivations: Matrix
  /// log σ², if it is learned.
  let logVariances: Matrix?
  /// ε
  let noise: Matrix
  /// z
  let values: Matrix
  /// The loss's gradient of h.
  private(set) var meanSlopes: Matrix
  /// The loss's gradient of log σ².
  private(set) var varianceSlopes: Matrix?

  init(_ model: VariationalAutoencoder, _ inputs: Matrix, step: Int) {
    func linear(_ weights: ParameterName, _ bias: ParameterName) -> Matrix {
      var result = Matrix.product(inputs.view, model.parameters[weights].transposed)
      result.addToRows(model.parameters[bias].array)
      return result
    }
    isRectified = model.configuration.isRectified
    let preActivations = linear(.encoder, .encoderBias)
    let logVariances =
      model.configuration.learnsVariance ? linear(.variance, .varianceBias) : nil
    var generator = RandomGenerator(
      seed: model.configuration.seed &+ UInt64(truncatingIfNeeded: step))
    let noise = Matrix.random(
      rows: inputs.rows, columns: model.latentCount, using: &generator
    ) { row, generator in
      for index in row.indices { row[index] = Float(generator.gaussian()) }
    }
    let rectified = isRectified
    var values = preActivations
    values.fillRows { token, row in
      let epsilon = noise.row(token)
      for latent in row.indices {
        let deviation = logVariances.map { exp($0[token, latent] / 2) } ?? 1
        let mean = rectified ? max(row[latent], 0) : row[latent]
        row[latent] = mean + deviation * epsilon[latent]
      }
    }
    self.preActivations = preActivations
    self.logVariances = logVariances
    self.noise = noise
    self.values = values
    meanSlopes = Matrix(rows: inputs.rows, columns: model.latentCount)
    varianceSlopes = logVariances.map { Matrix(rows: $0.rows, columns: $0.columns) }
  }

  /// What decodes: the k largest values of a token, or all.
  func code(k: Int?) -> SparseLatents {
    let all = SparseLatents(dense: values)
    return k.map { all.keepingLargest($0) } ?? all
  }

  /// Fills in the slopes from the code's gradients; returns the divergence, summed over all.
  mutating func differentiate(
    _ code: SparseLatents, _ codeSlopes: [Float], divergenceWeight: Double
  ) -> Double {
    let weight = Float(divergenceWeight)
    var divergence = 0.0
    var (means, variances) = (meanSlopes, varianceSlopes)
    for token in 0..<preActivations.rows {
      let pre = preActivations.row(token)
      var slopes = means.mutableRow(token)
      for entry in code.entries(of: token) {
        slopes[Int(code.indices[entry])] = codeSlopes[entry]
      }
      if let logVariances {
        let (logarithms, epsilon) = (logVariances.row(token), noise.row(token))
        for latent in slopes.indices {
          let variance = exp(logarithms[latent])
          variances?[token, latent] =
            slopes[latent] * epsilon[latent] * variance.squareRoot() / 2
            + weight * (variance - 1) / 2
          divergence += Double(variance - 1 - logarithms[latent]) / 2
        }
      }
      for latent in slopes.indices {
        let mean = isRectified ? max(pre[latent], 0) : pre[latent]
        divergence += Double(mean) * Double(mean) / 2
        slopes[latent] =
          isRectified && pre[latent] <= 0 ? 0 : slopes[latent] + weight * mean
      }
    }
    (meanSlopes, varianceSlopes) = (means, variances)
    return divergence
  }
}
