import SAECore
import SAETestSupport
import Testing

// Two variants of somebody else's: nothing but the package's public interface is used.

/// Keeps the k largest latents of each half of the dictionary: a selection is all it says.
struct HalvesAutoencoder: SelectingAutoencoder {
  struct Configuration: SelectingConfiguration {
    typealias Model = HalvesAutoencoder

    var k: Int
    var subtractsDecoderBias = true
    var rescalesByDecoderNorm = true
    var reconstructionLoss = ReconstructionLoss.squaredErrorPerToken
    var auxiliaryLoss: AuxiliaryLoss?
    var decoderConstraint = DecoderConstraint.none
  }

  var parameters: ParameterSet
  let configuration: Configuration

  init(parameters: ParameterSet, configuration: Configuration) throws(ShapeError) {
    self.parameters = parameters
    self.configuration = configuration
  }

  func select(_ scores: LatentScores) -> SparseLatents {
    let half = scores.latentCount / 2
    let latents = 0..<scores.latentCount
    func largest(_ range: Range<Int>) -> Matrix {
      // What is kept out has a bias below everything.
      LatentScores(
        activations: scores.activations, encoder: scores.encoder,
        bias: latents.map { range.contains($0) ? scores.bias[$0] : -.infinity },
        scale: scores.scale
      ).largest(configuration.k).dense()
    }
    var both = largest(0..<half)
    both.add(largest(half..<scores.latentCount))
    return SparseLatents(dense: both)
  }
}

/// A tied autoencoder, x̂ = Wᵀ ReLU(W x) + b, with loss and gradients of its own.
struct TiedAutoencoder: TrainableAutoencoder {
  struct Configuration: AutoencoderConfiguration {
    typealias Model = TiedAutoencoder

    var weightInitialization: WeightInitialization { .uniformEntries(rowNorm: 0.5) }
    var decoderBiasInitialization: DecoderBiasInitialization { .mean }
    func learningRate(latentCount: Int, steps: Int) -> Double { 1e-2 }

    func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet {
      [.decoder: weights[.decoder], .decoderBias: weights[.decoderBias]]
    }
  }

  var parameters: ParameterSet
  let configuration: Configuration
  var decoderConstraint: DecoderConstraint { .none }
  var inputDimension: Int { parameters[.decoder].columns }
  var latentCount: Int { parameters[.decoder].rows }

  init(parameters: ParameterSet, configuration: Configuration) throws(ShapeError) {
    self.parameters = parameters
    self.configuration = configuration
  }

  func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    SparseLatents(dense: codes(activations))
  }

  func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    output(latents.dense())
  }

  private func codes(_ x: Matrix) -> Matrix {
    let products = Matrix.product(x.view, parameters[.decoder].transposed)
    return Matrix(rows: x.rows, columns: latentCount) { max(0, products[$0, $1]) }
  }

  private func output(_ codes: Matrix) -> Matrix {
    var result = codes.multiplied(by: parameters[.decoder])
    result.add(
      Matrix(rows: codes.rows, columns: inputDimension) { parameters[.decoderBias][0, $1] })
    return result
  }

  func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    let codes = codes(batch.activations)
    var error = output(codes)
    error.add(batch.target, times: -1)
    let squares = error.array.reduce(0.0) { $0 + Double($1) * Double($1) }
    let factor = 1 / Double(batch.activations.rows)
    error.scale(by: Float(2 * factor))
    let back = Matrix.product(error.view, parameters[.decoder].transposed)
    let gated = Matrix(rows: codes.rows, columns: latentCount) {
      codes[$0, $1] > 0 ? back[$0, $1] : 0
    }
    gradients[.decoder].setProduct(codes.transposed, error.view)
    gradients[.decoder].addProduct(gated.transposed, batch.activations.view)
    gradients[.decoderBias] = Matrix(
      rows: 1, columns: inputDimension, values: error.columnSums().map { Float($0) })
    return TrainingPass(
      losses: [LossTerm("reconstruction", factor * squares)],
      latents: SparseLatents(dense: codes), totalSquaredError: squares, deadCount: 0)
  }
}

/// Variants from outside the package train by its trainer.
@Suite struct OutsideVariantTests {
  private func activations() -> Matrix {
    let directions = Matrix.random(12, 8, seed: 1)
    var generator = RandomGenerator(seed: 2)
    let codes = Matrix(rows: 512, columns: 12) { _, _ in
      generator.uniform() < 0.2 ? Float(generator.uniform()) : 0
    }
    return codes.multiplied(by: directions)
  }

  private func losses<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration
  ) throws -> [Double] where Model.Configuration.Model == Model {
    var options = TrainingOptions(steps: 60)
    options.batchTokens = 64
    options.data.normalization = .none
    options.schedule.learningRate = 1e-2
    var run = try TrainingRun<Model>(
      configuration, latentCount: 16, on: activations(), options: options)
    var losses: [Double] = []
    while let report = try run.step() { losses.append(report.loss) }
    return losses
  }

  private func mean(_ losses: ArraySlice<Double>) -> Double {
    losses.reduce(0, +) / Double(losses.count)
  }

  @Test func aSelectionOfItsOwn() throws {
    let losses = try losses(
      HalvesAutoencoder.self, HalvesAutoencoder.Configuration(k: 2))
    #expect(mean(losses.suffix(5)) < 0.7 * mean(losses.prefix(5)))
  }

  @Test func lossAndGradientsOfItsOwn() throws {
    let losses = try losses(TiedAutoencoder.self, TiedAutoencoder.Configuration())
    #expect(mean(losses.suffix(5)) < 0.5 * mean(losses.prefix(5)))
  }
}
