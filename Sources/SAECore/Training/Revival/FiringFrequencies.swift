import Foundation

/// How often each latent fires, over windows of training steps, as SAELens measures it: a window is
/// complete after its last step, and the next step begins a new one.
///
///     var frequencies = FiringFrequencies(latentCount: 4096)
///     while let report = try run.step() {
///       try frequencies.add(report)
///       if frequencies.isComplete { print(report.number, frequencies.count(below: 1e-5)) }
///     }
///     var archive = try run.autoencoder().archive()
///     archive.logFrequencies = frequencies.logFrequencies
///
/// The archive's directory in SAELens' layout then has its `sparsity.safetensors`. No checkpoint holds
/// frequencies: a run that goes on begins a window.
public struct FiringFrequencies: Sendable, Equatable {
  /// Steps of a window: SAELens' `feature_sampling_window`.
  public let window: Int
  /// Steps in the present window.
  public private(set) var steps = 0
  /// Tokens in the present window.
  public private(set) var tokens = 0
  /// On how many of them each latent was other than 0.
  public private(set) var activeTokens: [Int]

  /// Nothing measured yet.
  ///
  /// - Precondition: `window` is positive.
  public init(latentCount: Int, window: Int = 2000) {
    precondition(window > 0, "a window of \(window) steps")
    self.window = window
    activeTokens = [Int](repeating: 0, count: latentCount)
  }

  /// Whether the present window has all its steps.
  public var isComplete: Bool { steps == window }

  /// Adds a step, to a new window where the present one is complete.
  ///
  /// - Throws: ``ShapeError`` if the step had another number of latents.
  public mutating func add(_ report: StepReport) throws(ShapeError) { try add(report.activity) }

  /// Adds the activity of a step, to a new window where the present one is complete.
  ///
  /// - Throws: ``ShapeError`` if it is of another number of latents.
  public mutating func add(_ activity: LatentActivity) throws(ShapeError) {
    try ShapeError.check(
      "activity", "latents", expected: activeTokens.count, found: activity.activeTokens.count)
    if isComplete { self = FiringFrequencies(latentCount: activeTokens.count, window: window) }
    steps += 1
    tokens += activity.tokens
    for latent in activeTokens.indices { activeTokens[latent] += activity.activeTokens[latent] }
  }

  /// Each latent's share of the window's tokens; 0 where there are none.
  public var frequencies: [Double] {
    activeTokens.map { tokens == 0 ? 0 : Double($0) / Double(tokens) }
  }

  /// log₁₀ (frequency + 10⁻¹⁰) of each latent: what SAELens stores (``SAEArchive/logFrequencies``).
  public var logFrequencies: [Float] { frequencies.map { Float(log10($0 + 1e-10)) } }

  /// Latents that fire more rarely; SAELens logs those below 10⁻⁵ and below 10⁻⁶.
  public func count(below frequency: Double) -> Int { frequencies.count { $0 < frequency } }

  /// Active latents per token over the window: what SAELens stores as `l0`.
  public var l0: Double { frequencies.reduce(0, +) }
}
