import SAEKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What is done to the frequencies of rotary positions, so that a model runs on longer texts than it was
/// first trained on.
package enum RotaryScaling: Sendable, Hashable {
  /// All frequencies are divided by a factor.
  ///
  /// Source: Chen et al. 2023, arXiv 2306.15595, section 2.2.
  case linear(factor: Double)
  /// Waves longer than `original` / `low` positions are made longer by the factor, those shorter than
  /// `original` / `high` stay, and those between change smoothly.
  ///
  /// Source: Grattafiori et al. 2024, arXiv 2407.21783, section 3.4.2, and Meta's published code.
  case llama3(factor: Double, low: Double, high: Double, original: Double)

  /// A frequency, scaled.
  func callAsFunction(_ frequency: Double) -> Double {
    switch self {
    case .linear(let factor): return frequency / factor
    case .llama3(let factor, let low, let high, let original):
      let waves = original * frequency / (2 * Double.pi)
      let share = min(1, max(0, (waves - low) / (high - low)))
      return (1 - share) * frequency / factor + share * frequency
    }
  }
}

/// How a model turns queries and keys by their positions.
package struct RotarySettings: Sendable, Hashable {
  /// θ: the frequency of pair i is θ^(−2i/dimension).
  package var base: Double
  /// Components of a head that are turned, from the first on; an even number.
  package var dimension: Int
  /// nil: the frequencies are used as they are.
  package var scaling: RotaryScaling?

  /// Settings that fit together.
  package init(base: Double, dimension: Int, scaling: RotaryScaling? = nil) {
    self.base = base
    self.dimension = dimension
    self.scaling = scaling
  }
}

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
  package var count: Int { cosines.rows }
  /// d: components of a head that are turned.
  package var dimension: Int { 2 * cosines.columns }

  /// - Parameters:
  ///   - positions: those that rows of sequences stand at.
  ///   - brainFrequencies: whether the frequencies are rounded to bfloat16 first.
  /// - Precondition: the dimension is even.
  package init(positions: Range<Int>, _ settings: RotarySettings, brainFrequencies: Bool) {
    precondition(
      settings.dimension % 2 == 0, "\(settings.dimension) components cannot be turned in pairs")
    let half = settings.dimension / 2
    let frequencies = (0..<half).map { pair in
      let plain = Float(pow(settings.base, -2 * Double(pair) / Double(settings.dimension)))
      let frequency = settings.scaling.map { Float($0(Double(plain))) } ?? plain
      return brainFrequencies
        ? HalfPrecisionBits.widen(bf16: HalfPrecisionBits.narrow(bf16: frequency)) : frequency
    }
    func angle(_ row: Int, _ pair: Int) -> Double {
      Double(Float(positions.lowerBound + row) * frequencies[pair])
    }
    cosines = Matrix(rows: positions.count, columns: half) { Float(cos(angle($0, $1))) }
    sines = Matrix(rows: positions.count, columns: half) { Float(sin(angle($0, $1))) }
  }
}

extension Matrix {
  /// Turns the first `heads` heads of every row by the angles of its place in its sequence.
  ///
  /// - Parameters:
  ///   - headDimension: columns of a head, of which the first are turned.
  ///   - sequences: the rows of each sequence; the first row stands at the first of the positions.
  package mutating func rotate(
    heads: Int, of headDimension: Int, by rotary: RotaryPositions, sequences: [Range<Int>]
  ) {
    let (rows, half) = (rows, rotary.dimension / 2)
    precondition(
      2 * half <= headDimension && heads * headDimension <= columns,
      "\(heads) heads of \(headDimension) do not fit rows of \(columns)")
    let (cosines, sines, positions) = (rotary.cosines, rotary.sines, rotary.count)
    let isWhole = 2 * half == headDimension
    lendMutable { matrix in
      lending(cosines, sines) { cosines, sines in
        Parallel.forEach(sequences.count) { index in
          let sequence = sequences[index]
          precondition(
            sequence.lowerBound >= 0 && sequence.upperBound <= rows && sequence.count <= positions,
            "sequence \(sequence) lies outside \(rows) rows or \(positions) positions")
          for (position, row) in sequence.enumerated() {
            for head in 0..<(isWhole ? 1 : heads) {
              unsafe Kernels.table.rotate(
                isWhole ? heads : 1, half, cosines.row(position).base, sines.row(position).base,
                matrix.row(row).from(head * headDimension).base)
            }
          }
        }
      }
    }
  }
}
