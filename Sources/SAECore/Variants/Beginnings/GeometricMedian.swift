extension Matrix {
  /// The point whose distances to the rows have the smallest sum.
  ///
  ///     g ← Σ_b x_b / ‖x_b − g‖  /  Σ_b 1 / ‖x_b − g‖
  ///
  /// beginning with the mean, until g moves by less than `tolerance`. A row that g falls on has no weight
  /// of its own; it holds g back by its share of the pull that it can withstand, so that g stays there
  /// only if it is the median.
  ///
  /// - Returns: a number for each column.
  /// - Precondition: there is a row.
  /// - Complexity: two passes over the matrix per iteration.
  ///
  /// Source: Weiszfeld 1937, with the step of Vardi and Zhang 2000 (PNAS 97, equation 2.6) at a row;
  /// the start, the number of iterations and the tolerance as in dictionary_learning.
  public func geometricMedian(
    maximumIterations: Int = 100, tolerance: Double = 1e-5
  ) -> [Float] {
    var median = rowMean()
    for _ in 0..<maximumIterations {
      let next = weiszfeldStep(from: median)
      let movement = distance(median, next)
      median = next
      if movement < tolerance { break }
    }
    return median.map { Float($0) }
  }

  /// The mean of the rows.
  ///
  /// - Precondition: there is a row.
  package func rowMean() -> [Double] {
    precondition(rows > 0, "no rows have no mean")
    return columnSums().map { $0 / Double(rows) }
  }

  private func weiszfeldStep(from median: [Double]) -> [Double] {
    let distances = rowDistances(to: median.map { Float($0) })
    let total = distances.reduce(0) { $1 > 0 ? $0 + 1 / Double($1) : $0 }
    guard total > 0 else { return median }
    let weights = distances.map { $0 > 0 ? Float(1 / Double($0) / total) : 0 }
    // Rounded weights do not add up to 1.
    let sum = weights.reduce(0) { $0 + Double($1) }
    let target = weightedSum(ofRows: weights).map { $0 / sum }
    let coinciding = distances.count { $0 == 0 }
    guard coinciding > 0 else { return target }
    let pull = total * distance(median, target)
    let held = pull > 0 ? min(1, Double(coinciding) / pull) : 1
    return zip(median, target).map { held * $0 + (1 - held) * $1 }
  }
}

private func distance(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
}
