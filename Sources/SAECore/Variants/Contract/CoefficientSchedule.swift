/// The coefficient of a sparsity term at each step: c · min(1, t/W), from 0 on the first of W steps
/// of warm-up.
///
/// SAELens' `l1_warm_up_steps` and `l0_warm_up_steps`, dictionary_learning's
/// `sparsity_warmup_steps`. Auxiliary terms are not warmed up.
public struct CoefficientSchedule: Sendable, Equatable, Codable {
  /// c
  public var finalValue: Double
  /// W
  public var warmUpSteps: Int

  /// c from step W on.
  public init(finalValue: Double, warmUpSteps: Int = 0) {
    self.finalValue = finalValue
    self.warmUpSteps = warmUpSteps
  }

  /// 1 from the first step on: SAELens' default for λ.
  public static let one = CoefficientSchedule(finalValue: 1)

  /// Throws if a number is negative or not finite.
  func check(_ option: String) throws(OptionError) {
    try OptionError.checkNotNegative("\(option).finalValue", finalValue)
    try OptionError.check("\(option).warmUpSteps", warmUpSteps, in: 0...Int.max)
  }

  /// The coefficient in force during a step; the first step is 0.
  public func value(at step: Int) -> Double {
    precondition(step >= 0, "there is no step \(step)")
    guard step < warmUpSteps else { return finalValue }
    return finalValue * (Double(step) / Double(warmUpSteps))
  }
}
