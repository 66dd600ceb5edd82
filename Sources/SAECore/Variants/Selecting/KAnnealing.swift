/// More latents in the beginning of training than in the end: k falls on a straight line from a
/// multiple of the input's width, at most all latents, to its final value.
///
///     k_t = start · (1 − t/N) + k · t/N,  t < N        k_t = k,  t ≥ N
///
/// Early on every latent then has gradients, and few die.
public struct KAnnealing: Sendable, Equatable, Codable {
  /// How a k between two whole numbers is taken.
  public enum Rounding: Sendable, Equatable, Codable {
    /// To the nearest, halves to the even one: sparsify.
    case nearest
    /// Down: dictionary_learning.
    case down
  }

  /// N
  public var steps: Int
  /// The first k, as a multiple of the input's width.
  public var inputMultiple: Int
  /// How the k of a step is made whole.
  public var rounding: Rounding

  /// From `inputMultiple` times the input's width down to k in `steps` steps.
  public init(steps: Int, inputMultiple: Int = 1, rounding: Rounding = .nearest) {
    self.steps = steps
    self.inputMultiple = inputMultiple
    self.rounding = rounding
  }

  /// Throws if a number is not positive.
  func check() throws(OptionError) {
    try OptionError.check("annealing.steps", steps, in: 1...Int.max)
    try OptionError.check("annealing.inputMultiple", inputMultiple, in: 1...Int(UInt32.max))
  }

  /// k during a step; the first step is 0. Never below 1.
  ///
  /// - Parameters:
  ///   - step: steps made before.
  ///   - final: the k that training ends with.
  ///   - inputDimension: d_in.
  ///   - latentCount: d_sae.
  public func k(
    at step: Int, final: Double, inputDimension: Int, latentCount: Int
  ) -> Double {
    guard step < steps else { return final }
    let (product, overflows) = inputDimension.multipliedReportingOverflow(by: inputMultiple)
    let start = Double(overflows ? latentCount : min(product, latentCount))
    let share = Double(max(0, step)) / Double(steps)
    let value = start * (1 - share) + final * share
    return max(1, value.rounded(rounding == .down ? .down : .toNearestOrEven))
  }
}
