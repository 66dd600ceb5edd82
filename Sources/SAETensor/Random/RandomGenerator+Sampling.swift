/// Choices by weight.
extension RandomGenerator {
  /// Indices in the order in which they are drawn one after another without replacement, each with
  /// probability in proportion to its weight among those left.
  ///
  /// - Parameters:
  ///   - count: how many are drawn.
  ///   - weights: finite and not negative; what weighs 0 is never drawn.
  /// - Returns: `count` of them, fewer if fewer have a weight.
  ///
  /// Source: Efraimidis and Spirakis 2006, as times to the first event of independent processes.
  public mutating func sample(_ count: Int, weights: [Double]) -> [Int] {
    precondition(count >= 0, "cannot draw \(count) indices")
    var times: [(time: Double, index: Int)] = []
    for (index, weight) in weights.enumerated() {
      precondition(weight.isFinite && weight >= 0, "weight \(index) is \(weight)")
      let time = -RandomGenerator.logarithm(1 - uniform())
      if weight > 0 { times.append((time / weight, index)) }
    }
    times.sort { ($0.time, $0.index) < ($1.time, $1.index) }
    return times.prefix(count).map(\.index)
  }

  /// Indices drawn independently of each other, each with probability in proportion to its weight.
  ///
  /// - Parameters:
  ///   - count: how many are drawn.
  ///   - weights: finite and not negative; what weighs 0 is never drawn.
  /// - Returns: `count` of them, none if nothing has a weight.
  public mutating func sampleWithReplacement(_ count: Int, weights: [Double]) -> [Int] {
    precondition(count >= 0, "cannot draw \(count) indices")
    var total = 0.0
    let ends = weights.enumerated().map { index, weight in
      precondition(weight.isFinite && weight >= 0, "weight \(index) is \(weight)")
      total += weight
      return total
    }
    guard total > 0 else { return [] }
    return (0..<count).map { _ in
      let point = min(uniform() * total, total.nextDown)
      // The first whose end lies beyond the point.
      var (low, high) = (0, ends.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if ends[middle] > point { high = middle } else { low = middle + 1 }
      }
      return low
    }
  }
}
