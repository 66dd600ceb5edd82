import SAEKernels
import Testing

@testable import SAETensor

enum RowChecks {
  /// m and v are each a product that is rounded, another, and their sum; g and g² bring one and three
  /// of their own. w: moments as they are, then root, correction, ε, product, quotient and difference.
  static func adam(_ table: KernelTable) {
    let factors = AdamFactors(
      gradientScale: 0.7, beta1: 0.9, beta2: 0.999, stepSize: 0.01, inverseRootCorrection: 1.25,
      epsilon: 1e-8)
    for count in KernelSamples.lengths where count > 0 {
      let g = KernelSamples.gaussian(count, seed: 1)
      let start = (2..<5).map { KernelSamples.gaussian(count, seed: UInt64($0)) }
      let (w0, m0, v0) = (start[0], start[1], start[2].map { $0 * $0 })
      var (m, v) = (m0, v0)
      let w = KernelSamples.written(count, from: w0, table) {
        table.adam(count, factors, g, $0, &m, &v)
      }
      for i in 0..<count {
        let gradient = Double(factors.gradientScale) * Double(g[i])
        let keep = (Double(factors.beta1), Double(factors.beta2))
        let add = (Double(1 - factors.beta1), Double(1 - factors.beta2))
        let terms = (keep.0 * Double(m0[i]), add.0 * gradient)
        let squares = (keep.1 * Double(v0[i]), add.1 * gradient * gradient)
        let (first, second) = (terms.0 + terms.1, squares.0 + squares.1)
        let bounds = (
          roundoff * (2 * abs(terms.0) + 3 * abs(terms.1)) * 1.001,
          roundoff * (2 * squares.0 + 5 * squares.1) * 1.001
        )
        #expect(abs(Double(m[i]) - first) <= bounds.0, "\(table.name): m")
        #expect(abs(Double(v[i]) - second) <= bounds.1, "\(table.name): v")
        let root = Double(v[i]).squareRoot() * Double(factors.inverseRootCorrection)
        let change =
          Double(m[i]) * Double(factors.stepSize) / (root + Double(factors.epsilon))
        let next = Double(w0[i]) - change
        let bound = roundoff * (5 * abs(change) + abs(next)) * 1.001
        #expect(abs(Double(w[i]) - next) <= bound, "\(table.name): w")
      }
    }
  }

  /// A term has its product's rounding and those of the additions that follow it.
  static func weightedRowSum(_ table: KernelTable) {
    for width in KernelSamples.lengths {
      let stride = width + 1
      let rows = KernelSamples.gaussian(9 * stride, seed: UInt64(width))
      for indices: [UInt32] in [[], [3], [8, 0, 5, 5, 2]] {
        let coefficients = KernelSamples.gaussian(indices.count + 1, seed: 6)
        let start = KernelSamples.gaussian(width, seed: 7)
        for accumulates in [false, true] {
          let found = KernelSamples.written(width, from: start, table) {
            table.weightedRowSum(
              indices.count, indices + [0], coefficients, rows, width, stride, $0, accumulates)
          }
          let sums = (0..<width).map { column in
            KernelSamples.sum(
              (accumulates ? [Double(start[column])] : [])
                + indices.enumerated().map {
                  Double(coefficients[$0.offset])
                    * Double(rows[Int($0.element) * stride + column])
                })
          }
          KernelSamples.expect(
            found, sums.map(\.value),
            within: { Double(indices.count + 1) * roundoff * sums[$0].magnitude * 1.001 }, table)
        }
      }
    }
  }

  /// The bits of the products with each row.
  static func rowDots(_ table: KernelTable) {
    for width in KernelSamples.lengths {
      let stride = width + 1
      let rows = KernelSamples.gaussian(9 * stride, seed: UInt64(width) + 70)
      let x = KernelSamples.gaussian(width + 1, seed: 71)
      let indices: [UInt32] = [8, 0, 5, 5, 2]
      let found = KernelSamples.written(indices.count, table) {
        table.rowDots(indices.count, indices, x, rows, width, stride, $0)
      }
      let expected = indices.map { index in
        table.dot(width, x, Array(rows[Int(index) * stride..<(Int(index) + 1) * stride]))
      }
      #expect(found == expected, "\(table.name): \(width)")
    }
  }
}
