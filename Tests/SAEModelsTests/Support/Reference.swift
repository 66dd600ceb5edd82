import SAECore
import SAEModels
import SAETestSupport
import Testing

/// For tests that need the lab.
let withLab = ConditionTrait.enabled("\(Lab.absence)") { Lab.isPresent }

extension Lab {
  /// Its model, read once for all tests.
  static let model = Result { try LanguageModels.load(path("model")) }
}

/// How far two computations in float32 of the same model may lie apart, as a root mean square: a layer
/// rounds in seven products, each a sum in some ten partial steps, and in norms and attention beside them,
/// which makes about 5 · 2⁻²⁴ a layer and, at random, 12 · 2⁻²⁴ = 7e-7 in six. Three times that. Rotary
/// frequencies in bfloat16 are off by 4e-4.
let float32Error = 2e-6

/// √(Σ (a − b)² / Σ b²)
func relativeError(_ found: some Sequence<Float>, _ expected: some Sequence<Float>) -> Double {
  var difference = 0.0
  var size = 0.0
  for (a, b) in zip(found, expected) {
    difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
    size += Double(b) * Double(b)
  }
  return (difference / size).squareRoot()
}

extension TokenBatch {
  /// The sequences of a tensor of ids, one a row.
  init(_ tensor: StoredTensor) throws {
    let ids = try tensor.integers().map { UInt32($0) }
    self.init(
      (0..<tensor.rows).map { Array(ids[$0 * tensor.columns..<($0 + 1) * tensor.columns]) })
  }

  /// Rows of a stream at the same positions of every sequence.
  func rows(_ stream: Matrix, at positions: [Int]) -> Matrix {
    let rows = sequences.flatMap { sequence in positions.map { sequence.lowerBound + $0 } }
    return Matrix(rows: rows.count, columns: stream.columns) { stream[rows[$0], $1] }
  }
}
