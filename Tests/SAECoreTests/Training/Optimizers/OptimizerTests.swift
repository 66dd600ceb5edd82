import SAETestSupport
import Testing

@testable import SAECore

@Suite struct OptimizerTests {
  /// Singular values by the eigenvalues of X Xᵀ, in double.
  static func singularValues(_ matrix: Matrix) throws -> [Double] {
    let n = min(matrix.rows, matrix.columns)
    let square =
      matrix.rows <= matrix.columns
      ? Matrix.product(matrix.view, matrix.transposed)
      : Matrix.product(matrix.transposed, matrix.view)
    let eigen = try #require(
      SymmetricEigenvectors(square.array.map { Double($0) }, dimension: n))
    return eigen.values.map { max($0, 0).squareRoot() }
  }

  @Test(arguments: [(5, 9), (9, 5), (6, 6), (2, 40)])
  func orthogonalizedMatricesHaveSingularValuesNearOne(_ rows: Int, _ columns: Int) throws {
    let matrix = Matrix.random(rows, columns, seed: UInt64(rows * 100 + columns))
    let found = matrix.orthogonalized()
    // The polynomial maps what is above a hundredth of the norm into this range in five steps.
    let before = try Self.singularValues(matrix)
    let norm = matrix.sumOfSquares().squareRoot()
    for (value, was) in zip(try Self.singularValues(found), before) where was > norm / 100 {
      #expect(value > 0.65 && value < 1.25, "\(value) of \(was / norm)")
    }
    // The same singular vectors: Oᵀ X is symmetric.
    let product = Matrix.product(found.transposed, matrix.view)
    #expect(relativeDifference(product.array, Matrix(product.transposed).array) < 1e-5)
    #expect(Matrix(rows: 3, columns: 4).orthogonalized() == Matrix(rows: 3, columns: 4))
  }

  /// Two steps against the formula in double, and vectors against Adam alone.
  @Test func muonByItsFormula() throws {
    let (rows, columns) = (4, 6)
    let start: ParameterSet = [
      .encoder: .random(rows, columns, seed: 1), .encoderBias: .random(1, rows, seed: 2),
    ]
    let gradients: [ParameterSet] = (0..<2).map {
      [
        .encoder: .random(rows, columns, seed: UInt64(3 + $0)),
        .encoderBias: .random(1, rows, seed: UInt64(5 + $0)),
      ]
    }
    var (parameters, muon) = (start, Muon(for: start))
    var (vectors, adam): (ParameterSet, Adam) = (
      [.encoderBias: start[.encoderBias]], Adam(for: [.encoderBias: start[.encoderBias]])
    )
    var w = start[.encoder].array.map { Double($0) }
    var m = [Double](repeating: 0, count: w.count)
    for gradient in gradients {
      muon.update(
        &parameters, gradients: gradient, learningRate: 0.01, gradientScale: 0.5,
        decoderRowGuard: nil)
      adam.update(
        &vectors, gradients: gradient, learningRate: 0.01, gradientScale: 0.5,
        decoderRowGuard: nil)
      let g = gradient[.encoder].array.map { 0.5 * Double($0) }
      m = zip(m, g).map { 0.95 * $0 + 0.05 * $1 }
      let u = zip(m, g).map { 0.95 * $0 + 0.05 * $1 }
      let o = Self.newtonSchulz(u, rows, columns)
      w = zip(w, o).map { $0 * (1 - 0.01 * 0.1) - 0.2 * 0.01 * 6.0.squareRoot() * $1 }
    }
    #expect(relativeDifference(parameters[.encoder].array.map { Double($0) }, w) < 1e-5)
    #expect(parameters[.encoderBias] == vectors[.encoderBias])
  }

  /// The iteration by plain loops in double, for a matrix that is wider than high.
  static func newtonSchulz(_ u: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    let norm = u.reduce(0) { $0 + $1 * $1 }.squareRoot() + 1e-7
    var x = u.map { $0 / norm }
    for _ in 0..<5 {
      var a = [Double](repeating: 0, count: rows * rows)
      for i in 0..<rows {
        for j in 0..<rows {
          for k in 0..<columns { a[i * rows + j] += x[i * columns + k] * x[j * columns + k] }
        }
      }
      var b = a.map { -4.775 * $0 }
      for i in 0..<rows {
        for j in 0..<rows {
          for k in 0..<rows { b[i * rows + j] += 2.0315 * a[i * rows + k] * a[k * rows + j] }
        }
      }
      var next = x.map { 3.4445 * $0 }
      for i in 0..<rows {
        for j in 0..<columns {
          for k in 0..<rows { next[i * columns + j] += b[i * rows + k] * x[k * columns + j] }
        }
      }
      x = next
    }
    return x
  }

  /// a / (1 − dᵗ) of the parameters before each update.
  @Test func averageByItsFormula() throws {
    var parameters: ParameterSet = [.decoder: .random(3, 4, seed: 7)]
    var averaged = try AveragedOptimizer(
      Adam(for: parameters), decay: 0.9, for: parameters)
    var plain = (parameters: parameters, adam: Adam(for: parameters))
    #expect(averaged.averagedParameters(parameters) == parameters)
    var sum = [Double](repeating: 0, count: 12)
    for step in 0..<5 {
      sum = zip(sum, parameters[.decoder].array).map { 0.9 * $0 + 0.1 * Double($1) }
      let gradients: ParameterSet = [.decoder: .random(3, 4, seed: UInt64(10 + step))]
      averaged.update(
        &parameters, gradients: gradients, learningRate: 0.1, gradientScale: 1,
        decoderRowGuard: nil)
      plain.adam.update(
        &plain.parameters, gradients: gradients, learningRate: 0.1, gradientScale: 1,
        decoderRowGuard: nil)
    }
    #expect(parameters == plain.parameters)
    var weight = 1.0
    for _ in 0..<5 { weight *= 0.9 }
    let expected = sum.map { $0 / (1 - weight) }
    let found = averaged.averagedParameters(parameters)[.decoder].array.map { Double($0) }
    #expect(relativeDifference(found, expected) < 1e-6)
  }

  @Test func runsTakeEveryOptimizer() throws {
    let source = Matrix.random(300, 6, seed: 8)
    var options = TrainingOptions(steps: 40)
    options.batchTokens = 64
    options.schedule.decaySteps = 0
    func losses(_ edit: (inout TrainingOptions) -> Void) throws -> (first: Double, last: Double) {
      var options = options
      edit(&options)
      var run = try TrainingRun<TopKAutoencoder>(
        .dictionaryLearning(k: 3), latentCount: 24, on: source, options: options)
      var found: [Double] = []
      while let report = try run.step() { found.append(report.loss) }
      return (found[0], found[39])
    }
    let muon = try losses { $0.optimizer.algorithm = .muon() }
    #expect(muon.last < 0.9 * muon.first)
    // Without a rate, that of the optimizer: Muon's does not depend on the latents.
    var chosen = options
    chosen.optimizer.algorithm = .muon()
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 3), latentCount: 24, on: source, options: chosen)
    var rate = 0.0
    while let report = try run.step() { rate = report.learningRate }
    #expect(rate == AutomaticLearningRate.muon)
    // What is finished is an average, what is trained is not.
    var averaging = options
    averaging.optimizer.averagingDecay = 0.99
    averaging.data.normalization = .none
    var averaged = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 3), latentCount: 24, on: source, options: averaging)
    while try averaged.step() != nil {}
    #expect(try averaged.folded().parameters != averaged.trainer.model.parameters)
    averaging.optimizer.averagingDecay = nil
    var plain = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 3), latentCount: 24, on: source, options: averaging)
    while try plain.step() != nil {}
    #expect(averaged.trainer.model.parameters == plain.trainer.model.parameters)
  }

  @Test func settingsThatMakeNoSense() throws {
    let source = Matrix.random(64, 4, seed: 9)
    func refused(_ edit: (inout TrainingOptions) -> Void) -> String? {
      var options = TrainingOptions(steps: 4)
      options.batchTokens = 32
      edit(&options)
      return refusedOption {
        try TrainingRun<TopKAutoencoder>(
          TopKConfiguration(k: 1), latentCount: 8, on: source, options: options)
      }
    }
    #expect(refused { _ in } == nil)
    for decay in [-0.1, 1, .nan] {
      #expect(refused { $0.optimizer.averagingDecay = decay } == "averagingDecay")
    }
    #expect(refused { $0.optimizer.algorithm = .muon(momentum: 1) } == "momentum")
    #expect(refused { $0.optimizer.algorithm = .muon(weightDecay: -.infinity) } == "weightDecay")
    #expect(refused { $0.optimizer.algorithm = .adam(beta1: 1) } == "beta1")
    #expect(refused { $0.optimizer.algorithm = .adam(epsilon: .nan) } == "epsilon")
    #expect(
      refused {
        $0.optimizer.averagingDecay = 0.9
        $0.revival.resampling = .anthropic
      } == "resampling")
  }
}
