import SAEKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Cosines and sines of rotary position embeddings: position p turns pair i of a head by
/// p · θ^(−2i/d), i from 0 to d/2 − 1.
///
/// Frequencies and angles are rounded to float32, as in the arithmetic that models are trained in:
/// at far positions the exact angle is another one.
///
/// Source: Su et al. 2021, arXiv 2104.09864, section 3.2.2.
package struct RotaryPositions: Sendable {
  /// Positions × d/2.
  let cosines: Matrix
  let sines: Matrix

  /// Positions that there are angles for.
  package var positions: Int { cosines.rows }
  /// d: components of a head.
  package var headDimension: Int { 2 * cosines.columns }

  /// - Parameters:
  ///   - base: θ.
  ///   - brainFrequencies: whether the frequencies are rounded to bfloat16 first.
  /// - Precondition: the head dimension is even.
  package init(positions: Int, headDimension: Int, base: Double, brainFrequencies: Bool) {
    precondition(headDimension % 2 == 0, "\(headDimension) components cannot be turned in pairs")
    let half = headDimension / 2
    let frequencies = (0..<half).map { pair in
      let frequency = Float(pow(base, -2 * Double(pair) / Double(headDimension)))
      return brainFrequencies
        ? HalfPrecisionBits.widen(bf16: HalfPrecisionBits.narrow(bf16: frequency)) : frequency
    }
    func angle(_ position: Int, _ pair: Int) -> Double {
      Double(Float(position) * frequencies[pair])
    }
    cosines = Matrix(rows: positions, columns: half) { Float(cos(angle($0, $1))) }
    sines = Matrix(rows: positions, columns: half) { Float(sin(angle($0, $1))) }
  }
}

extension Matrix {
  /// Turns the first `heads` heads of every row by the angles of its position in its sequence.
  ///
  /// - Parameter sequences: the rows of each sequence.
  package mutating func rotate(
    heads: Int, by rotary: RotaryPositions, sequences: [Range<Int>]
  ) {
    let (rows, width, half) = (rows, columns, rotary.headDimension / 2)
    precondition(
      heads * 2 * half <= width, "\(heads) heads of \(2 * half) do not fit rows of \(width)")
    let positions = rotary.positions
    let (cosines, sines) = (rotary.cosines, rotary.sines)
    lendMutable { matrix in
      lending(cosines, sines) { cosines, sines in
        Parallel.forEach(sequences.count) { index in
          let sequence = sequences[index]
          precondition(
            sequence.lowerBound >= 0 && sequence.upperBound <= rows && sequence.count <= positions,
            "sequence \(sequence) lies outside \(rows) rows or \(positions) positions")
          for (position, row) in sequence.enumerated() {
            unsafe Kernels.table.rotate(
              heads, half, cosines.row(position).base, sines.row(position).base,
              matrix.row(row).base)
          }
        }
      }
    }
  }
}
