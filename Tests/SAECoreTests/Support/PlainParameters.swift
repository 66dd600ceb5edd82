import SAECore
import Testing

/// Parameters in double, for evaluations by plain loops.
struct PlainParameters {
  var values: [ParameterName: [[Double]]]

  init(_ set: ParameterSet) {
    values = [:]
    for name in set.names {
      let matrix = set[name]
      values[name] = (0..<matrix.rows).map { row in
        (0..<matrix.columns).map { Double(matrix[row, $0]) }
      }
    }
  }

  subscript(name: ParameterName) -> [[Double]] { values[name] ?? [] }

  /// The only row of a vector.
  func vector(_ name: ParameterName) -> [Double] { self[name].first ?? [] }

  var norms: [Double] { self[.decoder].map { plainDot($0, $0).squareRoot() } }

  /// W_enc (x − a b_dec), tokens × latents.
  func products(_ x: [[Double]], subtractsBias: Bool) -> [[Double]] {
    let bias = vector(.decoderBias)
    return x.map { token in
      let centered = subtractsBias ? zip(token, bias).map { $0 - $1 } : token
      return self[.encoder].map { plainDot($0, centered) }
    }
  }

  /// code W_dec + b_dec − x
  func errors(_ code: [[Double]], _ x: [[Double]]) -> [[Double]] {
    zip(code, x).map { code, token in
      var row = zip(vector(.decoderBias), token).map { $0 - $1 }
      for (latent, value) in code.enumerated() where value != 0 {
        for d in row.indices { row[d] += value * self[.decoder][latent][d] }
      }
      return row
    }
  }
}

func plainDot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// (1/tokens) Σ of the squares.
func plainMeanSquare(_ errors: [[Double]]) -> Double {
  errors.reduce(0) { $0 + plainDot($1, $1) } / Double(max(1, errors.count))
}

func plainRows(_ matrix: Matrix) -> [[Double]] {
  (0..<matrix.rows).map { row in (0..<matrix.columns).map { Double(matrix[row, $0]) } }
}

/// Compares elements of every gradient with central differences of a loss in double.
///
/// - Parameters:
///   - tolerance: of the largest entry of a gradient; float32 sums of some tens of terms are good to
///     1e-6 of it, the differences to 1e-9.
///   - loss: the total loss of parameters.
func expectCentralDifferences(
  _ gradients: ParameterSet, at parameters: ParameterSet, only names: [ParameterName]? = nil,
  tolerance: Double = 2e-5, _ loss: (PlainParameters) -> Double,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let step = 1e-6
  for name in names ?? gradients.names {
    let matrix = gradients[name]
    let largest = matrix.array.reduce(0) { max($0, abs(Double($1))) }
    var worst = 0.0
    var shifted = PlainParameters(parameters)
    // All elements of small matrices, every some of larger ones.
    let stride = 1 + matrix.count / 16
    for element in Swift.stride(from: 0, to: matrix.count, by: stride) {
      let (row, column) = (element / matrix.columns, element % matrix.columns)
      let start = Double(parameters[name][row, column])
      shifted.values[name]?[row][column] = start + step
      let above = loss(shifted)
      shifted.values[name]?[row][column] = start - step
      let difference = (above - loss(shifted)) / (2 * step)
      shifted.values[name]?[row][column] = start
      worst = max(worst, abs(difference - Double(matrix[row, column])))
    }
    #expect(
      worst <= tolerance * max(largest, 1e-3), "gradient of \(name): off by \(worst) of \(largest)",
      sourceLocation: sourceLocation)
  }
}
