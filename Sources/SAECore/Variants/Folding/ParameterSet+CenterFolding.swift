import Foundation

/// A center of the input, made part of the biases.
extension ParameterSet {
  /// Subtracts the encoder's product with a center from its biases: b_enc, b_gate, and exp(r_mag) times
  /// as much from b_mag; and the product of W_var from b_var.
  ///
  /// - Throws: ``OptionError`` if there is no bias that could take it.
  mutating func foldCenterIntoEncoder(_ center: [Double]) throws(OptionError) {
    try checkTakesCenter()
    let shift = self[.encoder].products(with: center)
    for name in ParameterSet.ofCenters where contains(name) { subtract(shift, from: name) }
    if contains(.magnitudeBias) {
      let scales = self[.magnitudeScale].array.map { exp(Double($0)) }
      subtract(zip(shift, scales).map { $0 * $1 }, from: .magnitudeBias)
    }
    if contains(.variance) {
      subtract(self[.variance].products(with: center), from: .varianceBias)
    }
  }

  /// The biases that are added to pre-activations, so that they can take a center.
  private static let ofCenters: [ParameterName] = [.encoderBias, .gateBias]

  /// Throws if there is no bias that could take a center.
  func checkTakesCenter() throws(OptionError) {
    guard contains(.encoder), ParameterSet.ofCenters.contains(where: contains) else {
      throw OptionError(
        "normalization", expected: "one without a center for an encoder without a bias",
        found: "parameters \(names.map(\.rawValue).joined(separator: ", "))")
    }
  }

  mutating func subtract(_ shift: [Double], from name: ParameterName) {
    self[name] = .rowVector(zip(self[name].array, shift).map { Float(Double($0) - $1) })
  }
}

extension Matrix {
  /// ⟨row, vector⟩ of each row, in double.
  func products(with vector: [Double]) -> [Double] {
    (0..<rows).map { index in
      let row = row(index)
      var sum = 0.0
      for column in row.indices { sum += Double(row[column]) * vector[column] }
      return sum
    }
  }
}
