import SAETestSupport
import Testing

@testable import SAECore

/// What the peers' training machinery computed, in every folder of encoder fixtures that has it.
enum MachineryFixtures {
  /// The files of a name in the folders found.
  static func files(_ name: String) throws -> [String] {
    try Fixtures.folders(in: "encoders", holding: name).map { "\($0)/\(name)" }
  }
}

extension SafetensorsFile {
  func floats(_ name: String) throws -> [Float] { try tensor(name).floats() }
  func doubles(_ name: String) throws -> [Double] { try tensor(name).doubles() }
  func matrix(_ name: String) throws -> Matrix { try tensor(name).matrix() }

  /// Parameters under a prefix; the encoder is stored width × latents.
  func parameters(_ prefix: String) throws -> ParameterSet {
    var names: [ParameterName] = []
    var matrices: [Matrix] = []
    for tensor in tensors where tensor.name.hasPrefix(prefix) {
      let name = String(tensor.name.dropFirst(prefix.count))
      guard name.hasPrefix("W_") || name.hasPrefix("b_") || name == "threshold" || name == "r_mag"
      else { continue }
      let matrix = try tensor.matrix()
      names.append(ParameterName(rawValue: name))
      matrices.append(name == "W_enc" ? Matrix(matrix.transposed) : matrix)
    }
    return ParameterSet(names: names, matrices: matrices)
  }
}

/// The largest difference, relative to the largest expected magnitude; infinite if sizes differ.
func relativeDifference<Value: BinaryFloatingPoint>(_ found: [Value], _ expected: [Value]) -> Double
{
  guard found.count == expected.count else { return .infinity }
  let scale = expected.reduce(0) { max($0, abs(Double($1))) }
  let difference = zip(found, expected).reduce(0.0) { worst, pair in
    let distance = abs(Double(pair.0) - Double(pair.1))
    return distance.isNaN ? .infinity : max(worst, distance)
  }
  return scale == 0 ? difference : difference / scale
}

/// The name of the option that is refused, nil if none is.
func refusedOption<Value>(_ body: () throws -> Value) -> String? {
  switch Result(catching: body) {
  case .success: nil
  case .failure(let error): (error as? OptionError)?.option ?? "\(error)"
  }
}
