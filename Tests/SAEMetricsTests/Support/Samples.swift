import SAECore
import SAETestSupport

extension SeededGenerator {
  mutating func uniform() -> Double { Double.random(in: -1...1, using: &self) }

  mutating func matrix(_ rows: Int, _ columns: Int, around center: Double = 0) -> Matrix {
    Matrix(
      rows: rows, columns: columns,
      values: (0..<rows * columns).map { _ in Float(center + uniform()) })
  }

  /// Latents of which about one in `period` is active.
  mutating func latents(_ tokens: Int, _ count: Int, period: Int = 4) -> SparseLatents {
    SparseLatents(
      dense: Matrix(
        rows: tokens, columns: count,
        values: (0..<tokens * count).map { _ in
          Int.random(in: 0..<period, using: &self) == 0 ? Float(uniform()) : 0
        }))
  }
}

/// Consecutive ranges that make up 0 ..< count, at random places.
func randomCuts(_ count: Int, _ generator: inout SeededGenerator) -> [Range<Int>] {
  var cuts = [0, count]
  for _ in 0..<4 { cuts.append(Int.random(in: 0...count, using: &generator)) }
  cuts.sort()
  return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
}

/// Whether two values agree to a relative error; both undefined and both NaN agree.
func agree(_ a: Double?, _ b: Double?, _ tolerance: Double) -> Bool {
  switch (a, b) {
  case (nil, nil): true
  case (let a?, let b?):
    (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * max(1, abs(a), abs(b))
  default: false
  }
}
