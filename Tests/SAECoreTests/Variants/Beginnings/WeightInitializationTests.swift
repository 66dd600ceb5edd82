import SAETestSupport
import Testing

@testable import SAECore

@Suite struct WeightInitializationTests {
  static let all: [WeightInitialization] = [
    .saeLens, .uniformEntries(rowNorm: 1), .randomDirections(rowNorm: 0.1),
    .randomDirections(rowNorm: 1), .encoderFirst, .scaledTranspose,
  ]

  func norms(_ matrix: Matrix) -> [Double] {
    (0..<matrix.rows).map { row in
      (0..<matrix.columns).reduce(0.0) {
        $0 + Double(matrix[row, $1]) * Double(matrix[row, $1])
      }.squareRoot()
    }
  }

  @Test(arguments: all) func shapesNormsAndBiases(_ mode: WeightInitialization) throws {
    var generator = RandomGenerator(seed: 1)
    let (width, latents) = (13, 130)
    let parameters = try mode.parameters(
      inputDimension: width, latentCount: latents, using: &generator)
    #expect(parameters.names == [.encoder, .encoderBias, .decoder, .decoderBias])
    #expect(parameters[.encoder].shape.description == "130 × 13")
    #expect(parameters[.encoderBias] == Matrix(rows: 1, columns: latents))
    #expect(parameters[.decoderBias] == Matrix(rows: 1, columns: width))
    let expected: Double?
    switch mode {
    case .uniformEntries(let norm), .randomDirections(let norm):
      expected = norm
      #expect(parameters[.encoder] == parameters[.decoder])
    case .encoderFirst:
      expected = 1
      let bound = Float(1 / Double(width).squareRoot())
      #expect(parameters[.encoder].array.allSatisfy { abs($0) <= bound })
      #expect(parameters[.encoder].array.contains { abs($0) > 0.95 * bound })
      let lengths = norms(parameters[.encoder])
      let rescaled = Matrix(rows: latents, columns: width) {
        parameters[.encoder][$0, $1] / Float(lengths[$0])
      }
      #expect(relativeDifference(rescaled.array, parameters[.decoder].array) < 1e-6)
    case .scaledTranspose:
      expected = nil
      let bound = Float(1 / Double(width).squareRoot())
      #expect(parameters[.decoder].array.allSatisfy { abs($0) <= bound })
      var scaled = parameters[.decoder]
      scaled.scale(by: 0.1)
      #expect(parameters[.encoder] == scaled)
    }
    guard let expected else { return }
    for norm in norms(parameters[.decoder]) {
      #expect(abs(norm / expected - 1) < 1e-6)
    }
  }

  /// Rows are drawn anew for each latent: no two directions agree, and none is preferred.
  @Test(arguments: all) func directionsAreSpread(_ mode: WeightInitialization) throws {
    var generator = RandomGenerator(seed: 2)
    let (width, latents) = (8, 200)
    let decoder = try mode.parameters(
      inputDimension: width, latentCount: latents, using: &generator)[.decoder]
    let lengths = norms(decoder)
    for i in 0..<latents {
      for j in 0..<i {
        let dot = (0..<width).reduce(0.0) { $0 + Double(decoder[i, $1]) * Double(decoder[j, $1]) }
        #expect(abs(dot / lengths[i] / lengths[j]) < 0.999)
      }
    }
    for column in 0..<width {
      let mean =
        (0..<latents).reduce(0.0) { $0 + Double(decoder[$1, column]) / lengths[$1] } / 200
      // Standard deviation 1 / √(8 · 200) = 0.025.
      #expect(abs(mean) < 0.1)
    }
  }

  /// Entries of a unit row in a random direction have a fourth moment of 3 / (n (n + 2)); those of
  /// scaled uniform entries one near 9/5 / n².
  @Test func gaussianAndUniformDiffer() throws {
    var generator = RandomGenerator(seed: 3)
    func fourthMoment(_ mode: WeightInitialization) throws -> Double {
      let decoder = try mode.parameters(
        inputDimension: 10, latentCount: 1000, using: &generator)[.decoder]
      return decoder.array.reduce(0.0) { $0 + Double($1 * $1 * $1 * $1) } / 10_000
    }
    #expect(abs(try fourthMoment(.randomDirections(rowNorm: 1)) - 0.025) < 0.002)
    #expect(abs(try fourthMoment(.uniformEntries(rowNorm: 1)) - 0.018) < 0.002)
  }

  @Test(arguments: all) func theSameBitsForAnyNumberOfThreads(_ mode: WeightInitialization) throws {
    func draw(threads: Int, seed: UInt64) throws -> ParameterSet {
      try Threads.withCount(threads) {
        var generator = RandomGenerator(seed: seed)
        return try mode.parameters(inputDimension: 5, latentCount: 301, using: &generator)
      }
    }
    let one = try draw(threads: 1, seed: 4)
    for threads in [2, 5] { #expect(try draw(threads: threads, seed: 4) == one) }
    #expect(try draw(threads: 1, seed: 5) != one)
  }

  @Test func transcoders() throws {
    var generator = RandomGenerator(seed: 6)
    let parameters = try WeightInitialization.transcoderParameters(
      inputDimension: 4, outputDimension: 6, latentCount: 9, using: &generator)
    #expect(parameters[.encoder].shape.description == "9 × 4")
    #expect(parameters[.encoder].array.allSatisfy { abs($0) <= 0.5 && $0 != 0 })
    #expect(parameters[.decoder] == Matrix(rows: 9, columns: 6))
    #expect(parameters[.decoderBias] == Matrix(rows: 1, columns: 6))
  }

  @Test func sizesAndNormsThatMakeNoSense() {
    func refused(_ mode: WeightInitialization, _ width: Int, _ latents: Int) -> String? {
      refusedOption {
        var generator = RandomGenerator(seed: 1)
        return try mode.parameters(
          inputDimension: width, latentCount: latents, using: &generator)
      }
    }
    #expect(refused(.saeLens, 0, 4) == "inputDimension")
    #expect(refused(.encoderFirst, 4, 0) == "latentCount")
    #expect(refused(.saeLens, 1 << 40, 1 << 31) == "latentCount")
    #expect(refused(.uniformEntries(rowNorm: 0), 4, 4) == "rowNorm")
    #expect(refused(.randomDirections(rowNorm: .nan), 4, 4) == "rowNorm")
    #expect(
      refusedOption {
        var generator = RandomGenerator(seed: 1)
        return try WeightInitialization.transcoderParameters(
          inputDimension: 4, outputDimension: 0, latentCount: 4, using: &generator)
      } == "outputDimension")
  }
}
