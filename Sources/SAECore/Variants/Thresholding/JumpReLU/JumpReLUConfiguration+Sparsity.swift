extension JumpReLUConfiguration {
  /// The value of a term that looks at L0 alone, and its derivative by each token's L0; nil for a term
  /// that looks at more.
  ///
  /// - Parameters:
  ///   - counts: L0 of each token as the step counts it.
  ///   - price: λ over the number of tokens where L0 is controlled.
  func stepPenalty(
    _ counts: [Double], coefficient: Double, price: Double?
  ) -> (value: Double, slopes: [Float])? {
    let tokens = Double(max(1, counts.count))
    func everyToken(_ slope: Double) -> [Float] {
      [Float](repeating: Float(slope), count: counts.count)
    }
    let sum = counts.reduce(0, +)
    switch sparsityLoss {
    case .step:
      return (coefficient * (sum / tokens), everyToken(coefficient / tokens))
    case .controlledL0:
      let price = price ?? 0
      return (price * sum, everyToken(price))
    case .quadratic(let target):
      let squares = counts.reduce(0) { $0 + ($1 - target) * ($1 - target) }
      return (
        coefficient * 2 / target * squares / tokens,
        counts.map { Float(coefficient * 4 / target * ($0 - target) / tokens) }
      )
    case .targetL0(let target):
      let excess = sum / tokens / target - 1
      return (
        coefficient * excess * excess, everyToken(2 * coefficient * excess / target / tokens)
      )
    case .tanh: return nil
    }
  }
}
