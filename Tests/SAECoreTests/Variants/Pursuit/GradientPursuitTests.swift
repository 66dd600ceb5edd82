import SAECore
import SAETestSupport
import Testing

@Suite struct GradientPursuitTests {
  /// The algorithm over dense arrays in double.
  static func plain(
    _ x: [Double], _ dictionary: [[Double]], iterations: Int
  ) -> [Double] {
    var weights = [Double](repeating: 0, count: dictionary.count)
    var support: Set<Int> = []
    func residual() -> [Double] {
      var r = x
      for (latent, weight) in weights.enumerated() {
        for d in r.indices { r[d] -= weight * dictionary[latent][d] }
      }
      return r
    }
    for _ in 0..<iterations {
      let r = residual()
      let products = dictionary.map { plainDot($0, r) }
      let best = products.indices.reduce(0) { products[$1] > products[$0] ? $1 : $0 }
      if products[best] > 0 { support.insert(best) }
      var direction = [Double](repeating: 0, count: x.count)
      for latent in support {
        for d in direction.indices { direction[d] += products[latent] * dictionary[latent][d] }
      }
      let square = plainDot(direction, direction)
      let length = square > 0 ? plainDot(direction, r) / square : 0
      for latent in support { weights[latent] += length * products[latent] }
      weights = weights.map { max($0, 0) }
    }
    return weights
  }

  @Test(arguments: [1, 2, 5, 9]) func againstPlainLoops(_ iterations: Int) throws {
    let dictionary = Matrix.random(24, 7, seed: 1)
    let bias = Matrix.random(1, 7, seed: 2).array
    let x = Matrix.random(40, 7, seed: 3)
    let pursuit = try GradientPursuit(decoder: dictionary, bias: bias, iterations: iterations)
    let found = try pursuit.encode(x).dense()
    let rows = (0..<24).map { latent in (0..<7).map { Double(dictionary[latent, $0]) } }
    for token in 0..<40 {
      let centered = (0..<7).map { Double(x[token, $0]) - Double(bias[$0]) }
      let expected = Self.plain(centered, rows, iterations: iterations)
      let row = (0..<24).map { Double(found[token, $0]) }
      #expect(relativeDifference(row, expected) < 1e-4, "token \(token)")
      #expect(row.count { $0 != 0 } <= iterations)
    }
    for threads in [1, 3] {
      let again = try Threads.withCount(threads) { try pursuit.encode(x).dense() }
      #expect(again == found)
    }
  }

  /// Over an orthonormal dictionary it is the largest coordinates; a token that is the bias has none.
  @Test func orthonormalDictionary() throws {
    let identity = Matrix(rows: 4, columns: 4) { $0 == $1 ? 1 : 0 }
    let bias: [Float] = [1, 1, 1, 1]
    let x = Matrix(rows: 2, columns: 4, values: [4, 1, 3, -5, 1, 1, 1, 1])
    let pursuit = try GradientPursuit(decoder: identity, bias: bias, iterations: 2)
    let found = try pursuit.encode(x)
    #expect(found.entryCount == 2)
    #expect(relativeDifference(found.dense().array, [3, 0, 2, 0, 0, 0, 0, 0]) < 1e-6)
    #expect(
      relativeDifference(try pursuit.reconstruct(x).array, [4, 1, 3, 1, 1, 1, 1, 1]) < 1e-6)
  }

  /// What the name promises: at the same number of latents it explains more than the encoder that the
  /// dictionary was trained with.
  @Test func explainsMoreThanATrainedEncoder() throws {
    let source = Matrix.random(600, 8, seed: 4)
    var options = TrainingOptions(steps: 150)
    options.batchTokens = 128
    options.schedule.learningRate = 3e-3
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 3), latentCount: 32, on: source, options: options)
    while try run.step() != nil {}
    let model = try run.folded()
    let pursuit = try GradientPursuit(
      decoder: model.decoder, bias: model.parameters[.decoderBias].array, iterations: 3)
    func error(_ autoencoder: some SparseAutoencoder) throws -> Double {
      zip(try autoencoder.reconstruct(source).array, source.array)
        .reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    }
    #expect(try error(pursuit) < error(model))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let dictionary = Matrix.random(4, 3, seed: 5)
    #expect(throws: ShapeError.self) {
      try GradientPursuit(decoder: dictionary, bias: [0], iterations: 1)
    }
    #expect(throws: ShapeError.self) {
      try GradientPursuit(decoder: dictionary, bias: [0, 0, 0], iterations: 0)
    }
    let pursuit = try GradientPursuit(decoder: dictionary, bias: [0, 0, 0], iterations: 1)
    #expect(throws: ShapeError.self) { try pursuit.encode(Matrix(rows: 1, columns: 2)) }
    #expect(try pursuit.encode(Matrix(rows: 0, columns: 3)).tokens == 0)
  }
}
