import Foundation
import SAECore
import SAETestSupport
import Testing

/// Gradients against central differences in double, over random shapes and away from kinks; small
/// random models that the threshold family's tests share.
@Suite struct ThresholdGradientTests {
  /// Random weights: rows of norm about 1, biases small.
  static func weights(
    latents: Int, width: Int, vectors: [ParameterName], seed: UInt64
  ) -> ParameterSet {
    func vector(_ count: Int, _ seed: UInt64) -> Matrix {
      var matrix = Matrix.random(1, count, seed: seed)
      matrix.scale(by: 0.3)
      return matrix
    }
    var pairs: [(ParameterName, Matrix)] = []
    for (name, salt) in [(ParameterName.encoder, UInt64(1)), (.decoder, 2)] {
      var matrix = Matrix.random(latents, width, seed: seed + salt)
      matrix.scale(by: 1 / Float(width).squareRoot())
      pairs.append((name, matrix))
    }
    pairs.append((.decoderBias, vector(width, seed + 3)))
    for (index, name) in vectors.enumerated() {
      pairs.append((name, vector(latents, seed + 4 + UInt64(index))))
    }
    return ParameterSet(named: pairs)
  }

  static let shapes: [(tokens: Int, width: Int, latents: Int)] = [
    (1, 1, 1), (3, 5, 8), (7, 4, 11), (9, 6, 5), (2, 8, 14),
  ]

  static func one(_ value: Double) -> CoefficientSchedule {
    CoefficientSchedule(finalValue: value)
  }

  /// Σ or root of the powers, as the penalty defines it, mean over tokens.
  static func plainPenalty(
    _ penalty: ActivationPenalty, _ activations: [[Double]], _ norms: [Double]
  ) -> Double {
    let sums = activations.map { row in
      zip(row, norms).reduce(0) {
        let w = $1.0 * (penalty.weightsByDecoderNorm ? $1.1 : 1)
        return $0 + (w > 0 ? pow(w, penalty.exponent) : 0)
      }
    }
    let values = penalty.form == .powers ? sums : sums.map { pow($0, 1 / penalty.exponent) }
    return values.reduce(0, +) / Double(activations.count)
  }

  static let penalties: [ActivationPenalty] = [
    .weightedL1, .plainL1,
    ActivationPenalty(.norm, exponent: 0.5, weightsByDecoderNorm: true),
    ActivationPenalty(.norm, exponent: 2, weightsByDecoderNorm: false),
    ActivationPenalty(.powers, exponent: 0.7, weightsByDecoderNorm: false),
    ActivationPenalty(.powers, exponent: 1.5, weightsByDecoderNorm: true),
  ]

  @Test(arguments: shapes.indices) func reLU(_ index: Int) throws {
    let shape = Self.shapes[index]
    var tried = 0
    for (round, penalty) in Self.penalties.enumerated() {
      for subtracts in [true, false] {
        let seed = UInt64(1000 * index + 10 * round + (subtracts ? 5 : 0))
        let parameters = Self.weights(
          latents: shape.latents, width: shape.width, vectors: [.encoderBias], seed: seed)
        let x = Matrix.random(shape.tokens, shape.width, seed: seed + 99)
        let plain = plainRows(x)
        func hidden(_ p: PlainParameters) -> [[Double]] {
          p.products(plain, subtractsBias: subtracts).map {
            zip($0, p.vector(.encoderBias)).map { $0 + $1 }
          }
        }
        let nearest = hidden(PlainParameters(parameters)).joined().reduce(1) { min($0, abs($1)) }
        // Near 0 a power below 1 is steep, and differences are of no use.
        guard nearest > (penalty.exponent < 1 ? 1e-2 : 1e-3) else { continue }
        tried += 1
        var configuration = ReLUConfiguration(coefficient: Self.one(0.7))
        configuration.penalty = penalty
        configuration.subtractsDecoderBias = subtracts
        var model = try ReLUAutoencoder(parameters: parameters, configuration: configuration)
        func loss(_ p: PlainParameters) -> Double {
          let z = hidden(p).map { $0.map { max($0, 0) } }
          return plainMeanSquare(p.errors(z, plain)) + 0.7 * Self.plainPenalty(penalty, z, p.norms)
        }
        var gradients = parameters.zeros()
        let pass = try model.computeGradients(
          of: TrainingBatch(
            activations: x, deadLatents: DeadLatents(latentCount: shape.latents, rule: .never)),
          into: &gradients)
        let total = loss(PlainParameters(parameters))
        #expect(abs(pass.totalLoss - total) <= 1e-5 * total)
        expectCentralDifferences(gradients, at: parameters, loss)
      }
    }
    #expect(tried > 0)
  }

  /// The auxiliary reconstruction's decoder is constant for the differences where it is frozen.
  @Test(arguments: shapes.indices) func gated(_ index: Int) throws {
    let shape = Self.shapes[index]
    var tried = 0
    for (round, penalty) in Self.penalties.enumerated() {
      for trains in [true, false] {
        let seed = UInt64(2000 * index + 10 * round + (trains ? 5 : 0))
        let parameters = Self.weights(
          latents: shape.latents, width: shape.width,
          vectors: [.gateBias, .magnitudeBias, .magnitudeScale], seed: seed)
        let x = Matrix.random(shape.tokens, shape.width, seed: seed + 99)
        let plain = plainRows(x)
        let subtracts = round % 2 == 0
        func gates(_ p: PlainParameters) -> [[Double]] {
          p.products(plain, subtractsBias: subtracts).map {
            zip($0, p.vector(.gateBias)).map { $0 + $1 }
          }
        }
        func magnitudes(_ p: PlainParameters) -> [[Double]] {
          p.products(plain, subtractsBias: subtracts).map { row in
            row.indices.map {
              row[$0] * exp(p.vector(.magnitudeScale)[$0]) + p.vector(.magnitudeBias)[$0]
            }
          }
        }
        let start = PlainParameters(parameters)
        let nearest = (gates(start) + magnitudes(start)).joined().reduce(1) { min($0, abs($1)) }
        guard nearest > (penalty.exponent < 1 ? 1e-2 : 1e-3) else { continue }
        tried += 1
        var configuration = GatedConfiguration(coefficient: Self.one(0.7))
        configuration.penalty = penalty
        configuration.auxiliaryTrainsDecoder = trains
        configuration.subtractsDecoderBias = subtracts
        var model = try GatedAutoencoder(parameters: parameters, configuration: configuration)
        func loss(_ p: PlainParameters) -> Double {
          let (g, m) = (gates(p), magnitudes(p))
          let z = zip(g, m).map { zip($0, $1).map { $0 > 0 ? max($1, 0) : 0 } }
          let a = g.map { $0.map { max($0, 0) } }
          return plainMeanSquare(p.errors(z, plain))
            + plainMeanSquare((trains ? p : start).errors(a, plain))
            + 0.7 * Self.plainPenalty(penalty, a, p.norms)
        }
        var gradients = parameters.zeros()
        let pass = try model.computeGradients(
          of: TrainingBatch(
            activations: x, deadLatents: DeadLatents(latentCount: shape.latents, rule: .never)),
          into: &gradients)
        let total = loss(start)
        #expect(abs(pass.totalLoss - total) <= 1e-5 * total)
        expectCentralDifferences(gradients, at: parameters, loss)
      }
    }
    #expect(tried > 0)
  }
}
