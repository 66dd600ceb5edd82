import SAETestSupport
import Testing

@testable import SAETensor

/// Decoding, projections and sums of rows against dense loops in double.
@Suite struct SparseProductsTests {
  struct Shape: Sendable {
    let tokens: Int
    let width: Int
    let latents: Int
  }

  /// Widths around the strips that the kernels keep in registers.
  static let shapes = [
    Shape(tokens: 1, width: 1, latents: 1), Shape(tokens: 4, width: 7, latents: 9),
    Shape(tokens: 33, width: 40, latents: 70), Shape(tokens: 20, width: 385, latents: 31),
    Shape(tokens: 6, width: 801, latents: 12), Shape(tokens: 0, width: 5, latents: 3),
  ]

  /// A bound for sums of n float32 products of magnitude Σ|ab|.
  static func bound(_ n: Int, _ magnitude: Double) -> Double {
    Double(n + 4) * 0x1p-24 * magnitude + 1e-30
  }

  @Test(arguments: shapes) func decodingAndItsErrors(_ shape: Shape) {
    let code = SparseLatents(
      dense: SparseLatentsTests.random(shape.tokens, shape.latents, seed: 4))
    let decoder = Matrix.random(shape.latents, shape.width, seed: 5)
    let bias = Matrix.random(1, shape.width, seed: 6).array
    let target = Matrix.random(shape.tokens, shape.width, seed: 7)
    let decoded = code.decoded(by: decoder, bias: bias)
    let pass = code.reconstructionPass(decoder: decoder, bias: bias, target: target)
    let dense = code.dense()
    for token in 0..<shape.tokens {
      var squares = 0.0
      for d in 0..<shape.width {
        var sum = Double(bias[d])
        var magnitude = abs(sum)
        for latent in 0..<shape.latents {
          let term = Double(dense[token, latent]) * Double(decoder[latent, d])
          sum += term
          magnitude += abs(term)
        }
        #expect(abs(Double(decoded[token, d]) - sum) <= Self.bound(shape.latents, magnitude))
        let error = Double(pass.error[token, d])
        #expect(
          abs(error - (sum - Double(target[token, d])))
            <= Self.bound(shape.latents, magnitude + abs(Double(target[token, d]))))
        squares += error * error
      }
      #expect(abs(Double(pass.squaredErrors[token]) - squares) <= Self.bound(shape.width, squares))
      for entry in code.entries(of: token) {
        var projection = 0.0
        var magnitude = 0.0
        for d in 0..<shape.width {
          let term = Double(pass.error[token, d]) * Double(decoder[Int(code.indices[entry]), d])
          projection += term
          magnitude += abs(term)
        }
        #expect(
          abs(Double(pass.projections[entry]) - projection) <= Self.bound(shape.width, magnitude))
      }
    }
  }

  @Test(arguments: shapes) func sumsOfRowsByLatent(_ shape: Shape) {
    let code = SparseLatents(
      dense: SparseLatentsTests.random(shape.tokens, shape.latents, seed: 8))
    let rows = Matrix.random(shape.tokens, shape.width, seed: 9)
    let coefficients = code.values.map { $0 * 0.5 }
    let occurrences = code.occurrencesByLatent()
    var result = Matrix(rows: shape.latents, columns: shape.width, repeating: 2)
    occurrences.sumRows(rows, coefficients: coefficients, into: &result, accumulate: true)
    var fresh = Matrix(rows: shape.latents, columns: shape.width, repeating: .nan)
    occurrences.sumRows(rows, coefficients: coefficients, into: &fresh)
    #expect(fresh.isFinite())
    let dense = code.dense()
    for latent in 0..<shape.latents {
      for d in 0..<shape.width {
        var sum = 0.0
        var magnitude = 2.0
        for token in 0..<shape.tokens {
          let term = 0.5 * Double(dense[token, latent]) * Double(rows[token, d])
          sum += term
          magnitude += abs(term)
        }
        let bound = Self.bound(shape.tokens, magnitude)
        #expect(abs(Double(fresh[latent, d]) - sum) <= bound)
        #expect(abs(Double(result[latent, d]) - 2 - sum) <= bound)
      }
    }
    let sums = occurrences.sumCoefficients(coefficients)
    for latent in 0..<shape.latents {
      let exact = occurrences.occurrences(of: latent).reduce(0.0) {
        $0 + Double(coefficients[Int(occurrences.entries[$1])])
      }
      #expect(sums[latent] == Float(exact))
    }
  }

  @Test(arguments: [2, 3, 7]) func bitsDoNotDependOnThreads(_ threads: Int) {
    let code = SparseLatents(dense: SparseLatentsTests.random(90, 120, seed: 1))
    let decoder = Matrix.random(120, 50, seed: 2)
    let bias = Matrix.random(1, 50, seed: 3).array
    let target = Matrix.random(90, 50, seed: 4)
    func all() -> ([Float], Matrix, Matrix) {
      let pass = code.reconstructionPass(decoder: decoder, bias: bias, target: target)
      var sums = Matrix(rows: 120, columns: 50)
      code.occurrencesByLatent().sumRows(
        pass.error, coefficients: code.values, into: &sums)
      return (pass.projections, pass.error, sums)
    }
    let one = Threads.withCount(1) { all() }
    let many = Threads.withCount(threads) { all() }
    #expect(one.0 == many.0 && one.1 == many.1 && one.2 == many.2)
  }
}
