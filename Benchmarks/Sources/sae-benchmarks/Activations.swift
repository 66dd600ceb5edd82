import Foundation
import SAECore

/// Activations like those of a language model, as far as speed goes: sums of 32 of 2 · width random
/// unit directions with half-normal coefficients and 10% noise, scaled to mean norm √width.
func benchmarkActivations(tokens: Int, width: Int, seed: UInt64) -> Matrix {
  var random = SystemSeeded(state: seed)
  var directions = Matrix(rows: 2 * width, columns: width) { _, _ in random.gaussian() }
  for row in 0..<directions.rows {
    var span = directions.mutableRow(row)
    var squares: Float = 0
    for d in 0..<width { squares += span[d] * span[d] }
    for d in 0..<width { span[d] /= squares.squareRoot() }
  }
  // A piece at a time, so that what is drawn on the way does not show in the peak of memory.
  let piece = 256
  var result = Matrix(rows: tokens, columns: width)
  for first in stride(from: 0, to: tokens, by: piece) {
    let rows = first..<min(first + piece, tokens)
    var coefficients = Matrix(rows: rows.count, columns: 2 * width)
    for row in 0..<rows.count {
      for _ in 0..<32 {
        coefficients[row, Int(random.next() % UInt64(2 * width))] = abs(random.gaussian())
      }
    }
    var part = coefficients.multiplied(by: directions)
    part.add(Matrix(rows: rows.count, columns: width) { _, _ in random.gaussian() }, times: 0.1)
    for row in rows {
      var target = result.mutableRow(row)
      for d in 0..<width { target[d] = part[row - first, d] }
    }
  }
  let norms = result.rowNorms()
  let mean = norms.reduce(0, +) / Float(max(1, tokens))
  result.scale(by: Float(width).squareRoot() / mean)
  return result
}

/// SplitMix64 and the sum of twelve uniform numbers: enough for input to a benchmark.
struct SystemSeeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func gaussian() -> Float {
    var sum: Float = -6
    for _ in 0..<12 { sum += Float(next() >> 40) * 0x1p-24 }
    return sum
  }
}
