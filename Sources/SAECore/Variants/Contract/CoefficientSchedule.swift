/// The coefficient of a sparsity term at each step: c · min(1, t/W), from 0 on the first of W steps
/// of warm-up.
///
/// SAELens' `l1_warm_up_steps` and `l0_warm_up_steps`, dictionary_learning's
/// `sparsity_warmup_steps`. Auxiliary terms are not warmed up.
public struct CoefficientSchedule: Sendable, Equatable, Codable {
  /// c
  public let finalValue: Double
  /// W
  public let warmUpSteps: Int

  /// - Throws: ``OptionError`` if a number is negative or not finite.
  public init(finalValue: Double, warmUpSteps: Int = 0) throws(OptionError) {
    try OptionError.checkNotNegative("finalValue", finalValue)
    try OptionError.check("warmUpSteps", warmUpSteps, in: 0...Int.max)
    self.finalValue = finalValue
    self.warmUpSteps = warmUpSteps
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      finalValue: container.decode(Double.self, forKey: .finalValue),
      warmUpSteps: container.decode(Int.self, forKey: .warmUpSteps))
  }

  /// The coefficient in force during a step; the first step is 0.
  public func value(at step: Int) -> Double {
    precondition(step >= 0, "there is no step \(step)")
    guard step < warmUpSteps else { return finalValue }
    return finalValue * (Double(step) / Double(warmUpSteps))
  }
}
