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
