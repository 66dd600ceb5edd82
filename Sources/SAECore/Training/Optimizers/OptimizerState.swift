/// What an optimizer keeps from step to step.
package struct OptimizerState: Sendable, Equatable {
  /// What it keeps for each parameter, such as moments; names without dots.
  package var parameters: [String: ParameterSet]
  /// Other numbers; names without dots.
  package var numbers: [String: Double]

  /// A state of the given parts.
  package init(parameters: [String: ParameterSet], numbers: [String: Double]) {
    self.parameters = parameters
    self.numbers = numbers
  }

  /// The set of a name, checked against another and in its order.
  ///
  /// - Throws: ``ShapeError`` if it is missing or does not fit.
  package func set(_ name: String, like other: ParameterSet) throws(ShapeError) -> ParameterSet {
    try ShapeError.check(
      name, "sets of parameters", expected: 1, found: parameters[name] == nil ? 0 : 1)
    return try (parameters[name] ?? other).ordered(like: other)
  }

  /// The number of a name.
  ///
  /// - Throws: ``ShapeError`` if it is missing.
  package func number(_ name: String) throws(ShapeError) -> Double {
    guard let number = numbers[name] else {
      throw ShapeError(name, "numbers", expected: 1, found: 0)
    }
    return number
  }
}
