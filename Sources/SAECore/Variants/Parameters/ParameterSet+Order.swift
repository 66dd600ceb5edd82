extension ParameterSet {
  /// The same parameters in the order of another set.
  ///
  /// - Throws: ``ShapeError`` unless both have the same names and shapes.
  func ordered(like other: ParameterSet) throws(ShapeError) -> ParameterSet {
    for name in names {
      try ShapeError.check(
        "\(name)", "matrices", expected: other.contains(name) ? 1 : 0, found: 1)
    }
    var ordered = other
    for (position, name) in other.names.enumerated() {
      try ShapeError.check("\(name)", "matrices", expected: 1, found: contains(name) ? 1 : 0)
      let (wanted, found) = (other[position], self[name])
      try ShapeError.check("\(name)", "rows", expected: wanted.rows, found: found.rows)
      try ShapeError.check("\(name)", "columns", expected: wanted.columns, found: found.columns)
      ordered[position] = found
    }
    return ordered
  }
}
