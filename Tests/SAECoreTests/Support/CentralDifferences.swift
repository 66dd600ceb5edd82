import SAECore
import Testing

/// Parameters in double, for functions that are differentiated numerically.
struct DoubleParameters {
  private var values: [ParameterName: [Double]] = [:]
  private var columns: [ParameterName: Int] = [:]

  init(_ set: ParameterSet) {
    for name in set.names {
      values[name] = set[name].array.map { Double($0) }
      columns[name] = set[name].columns
    }
  }

  /// A row of a matrix; all of a vector.
  func row(_ name: ParameterName, _ row: Int = 0) -> ArraySlice<Double> {
    let width = columns[name] ?? 0
    return values[name]?[row * width..<(row + 1) * width] ?? []
  }

  fileprivate subscript(name: ParameterName, element: Int) -> Double {
    get { values[name]?[element] ?? .nan }
    set { values[name]?[element] = newValue }
  }
}

func dot(_ a: some Collection<Double>, _ b: some Collection<Double>) -> Double {
  zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

/// Holds gradients to central differences of a function in double, of step 1e-5: their own error is
/// about 1e-9, and float32 sums of a few hundred numbers are good to some 1e-5 of the largest.
func expectGradients(
  _ gradients: ParameterSet, of parameters: ParameterSet, _ what: String,
  tolerance: Double = 2e-5, sourceLocation: SourceLocation = #_sourceLocation,
  loss: (DoubleParameters) -> Double
) {
  let step = 1e-5
  for name in parameters.names {
    var differences: [Float] = []
    var varied = DoubleParameters(parameters)
    for element in 0..<parameters[name].count {
      let value = varied[name, element]
      varied[name, element] = value + step
      let above = loss(varied)
      varied[name, element] = value - step
      let below = loss(varied)
      varied[name, element] = value
      differences.append(Float((above - below) / (2 * step)))
    }
    expectClose(
      gradients[name].array, differences, tolerance: tolerance, "\(what): gradient of \(name)",
      sourceLocation: sourceLocation)
  }
}

extension Matrix {
  /// The rows in double.
  var doubleRows: [[Double]] {
    let values = array.map { Double($0) }
    return (0..<rows).map { Array(values[$0 * columns..<($0 + 1) * columns]) }
  }
}
