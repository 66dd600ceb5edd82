import Foundation

/// The learning rate of each step: warm-up, a main phase, and a linear decay to 0 at the end.
///
/// With T steps, W of warm-up, Δ of decay, peak rate η:
///
///     t < W               η (t + 1)/W, or η t/W
///     W ≤ t < T − Δ       η, or with τ = t − W and M = (T − W − Δ)/cycles, τ taken modulo M:
///                         end + (η − end)(1 + cos(π τ/M))/2
///     T − Δ ≤ t < T       q (1 − (t − (T − Δ))/Δ), q the rate at which the main phase ends
///
/// The libraries' schedules are ``saeLens(peak:totalSteps:warmUpSteps:decaySteps:shape:)``,
/// ``dictionaryLearning(peak:totalSteps:warmUpSteps:decayStart:resamplingPeriod:)`` and
/// ``sparsify(peak:totalSteps:warmUpSteps:)``.
public struct LearningRateSchedule: Sendable, Equatable {
  /// The course of the main phase.
  public enum Shape: Sendable, Equatable, Codable {
    /// The peak until the decay begins.
    case constant
    /// Half a cosine from the peak down to `endRate`, `cycles` times: SAELens' `cosineannealing`
    /// with one cycle, its `cosineannealingwarmrestarts` with more.
    case cosine(endRate: Double, cycles: Int = 1)
  }

  /// The rate of the first of W steps of warm-up.
  public enum WarmUp: Sendable, Equatable, Codable {
    /// η/W; step W − 1 has the whole rate: SAELens.
    case fromFirstShare
    /// 0; step W has the whole rate: dictionary_learning and sparsify.
    case fromZero
  }

  /// η
  public let peak: Double
  /// T: later steps have the rate that the formula has there, or 0 after a decay.
  public let totalSteps: Int
  /// W
  public let warmUpSteps: Int
  /// How the rate comes from zero to its peak.
  public let warmUp: WarmUp
  /// Δ
  public let decaySteps: Int
  /// What the rate does after the warm-up.
  public let shape: Shape
  /// If given, the warm-up is repeated every so many steps, as after each resampling of dead
  /// latents.
  public let warmUpPeriod: Int?

  /// A schedule of the given parts.
  ///
  /// - Throws: ``OptionError`` if a number is negative or not finite, the phases are longer than
  ///   the whole, a cycle has no step, or a decay follows a cosine that ends at 0.
  public init(
    peak: Double, totalSteps: Int, warmUpSteps: Int = 0, warmUp: WarmUp = .fromFirstShare,
    decaySteps: Int = 0, shape: Shape = .constant, warmUpPeriod: Int? = nil
  ) throws(OptionError) {
    try OptionError.checkNotNegative("peak", peak)
    try OptionError.check("totalSteps", totalSteps, in: 1...Int.max)
    try OptionError.check("warmUpSteps", warmUpSteps, in: 0...totalSteps)
    try OptionError.check("decaySteps", decaySteps, in: 0...(totalSteps - warmUpSteps))
    if let warmUpPeriod {
      try OptionError.check("warmUpPeriod", warmUpPeriod, in: max(1, warmUpSteps)...Int.max)
    }
    if case .cosine(let endRate, let cycles) = shape {
      try OptionError.checkNotNegative("endRate", endRate)
      try OptionError.check(
        "cycles", cycles, in: 1...max(1, totalSteps - warmUpSteps - decaySteps))
      guard decaySteps == 0 || endRate > 0 else {
        throw OptionError(
          "decaySteps", expected: "0 where the cosine ends at 0", found: "\(decaySteps)")
      }
    }
    self.peak = peak
    self.totalSteps = totalSteps
    self.warmUpSteps = warmUpSteps
    self.warmUp = warmUp
    self.decaySteps = decaySteps
    self.shape = shape
    self.warmUpPeriod = warmUpPeriod
  }

  /// The rate in force during a step; the first step is 0.
  public func rate(at step: Int) -> Double {
    precondition(step >= 0, "there is no step \(step)")
    let rise = warmUpFactor(warmUpPeriod.map { step % $0 } ?? step)
    let decayStart = totalSteps - decaySteps
    guard decaySteps > 0, step >= decayStart else {
      return rise * mainRate(max(0, min(step, totalSteps) - warmUpSteps))
    }
    let remaining = max(0, totalSteps - step)
    return rise * lastMainRate * (Double(remaining) / Double(decaySteps))
  }

  private func warmUpFactor(_ step: Int) -> Double {
    guard step < warmUpSteps else { return 1 }
    let share = warmUp == .fromFirstShare ? step + 1 : step
    return Double(share) / Double(warmUpSteps)
  }

  /// The rate `step` steps after the warm-up.
  private func mainRate(_ step: Int) -> Double {
    guard case .cosine(let endRate, let cycles) = shape else { return peak }
    let period = (totalSteps - warmUpSteps - decaySteps) / cycles
    guard period > 0 else { return peak }
    let position = cycles == 1 ? min(step, period) : step % period
    let angle = Double.pi * Double(position) / Double(period)
    return endRate + (peak - endRate) * (1 + cos(angle)) / 2
  }

  private var lastMainRate: Double {
    if case .cosine(let endRate, _) = shape { endRate } else { peak }
  }
}

extension LearningRateSchedule {
  /// The same learning rate in every step.
  ///
  /// - Throws: ``OptionError`` if it is negative or not finite.
  public static func constant(_ rate: Double) throws(OptionError) -> LearningRateSchedule {
    try LearningRateSchedule(peak: rate, totalSteps: 1)
  }
}
