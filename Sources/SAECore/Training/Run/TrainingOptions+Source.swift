/// Defaults that follow from how many tokens there are to train on, in one place.
extension TrainingOptions {
  /// Options for a source of so many tokens: ``batchTokens(forSource:)`` a step, and
  /// ``steps(forSource:batchTokens:)``. The other settings have their defaults.
  ///
  /// - Parameters:
  ///   - sourceTokens: rows of the source.
  ///   - batchTokens: tokens per step, where that is decided.
  ///   - steps: steps to make, where that is decided.
  public init(sourceTokens: Int, batchTokens: Int? = nil, steps: Int? = nil) {
    let batch = batchTokens ?? Self.batchTokens(forSource: sourceTokens)
    self.init(steps: steps ?? Self.steps(forSource: sourceTokens, batchTokens: batch))
    self.batchTokens = batch
  }

  /// Tokens per step: the power of two nearest to a twentieth of the source, and at most 1024, or a 256th
  /// of the source where that is more; from 32 to 4096.
  ///
  /// An optimizer needs some thousand steps, however small each is, so that a small source is best cut into
  /// small batches. On 100 000 activations of a small Gemma-2 (256 wide, 4096 latents, k 32) 244 steps of
  /// 4096 tokens left 37% of the latents without a token to fire on and explained 0.813 of the variance of
  /// tokens not trained on. 4000 steps of 1024 explained 0.910 and as many tokens in steps of 512 0.915,
  /// but 1500 steps of 512 on 20 000 rows explain less than 1500 of 1024.
  public static func batchTokens(forSource sourceTokens: Int) -> Int {
    let wanted = min(sourceTokens / 20, max(1024, sourceTokens / 256))
    var batch = 32
    // √2 is half way to the next power.
    while batch < 4096, Double(wanted) > Double(batch) * 2.0.squareRoot() { batch *= 2 }
    return batch
  }

  /// Steps to make: for ten passes over the source, but at least 4000, and at most for fifty passes.
  ///
  /// On 5000 of the same activations 100 passes explained less of what was not trained on than 50.
  public static func steps(forSource sourceTokens: Int, batchTokens: Int) -> Int {
    /// For so many passes, the last token of the last one included.
    func steps(_ passes: Int) -> Int {
      let (tokens, overflows) = sourceTokens.multipliedReportingOverflow(by: passes)
      let (whole, rest) = (overflows ? Int.max : tokens).quotientAndRemainder(
        dividingBy: max(1, batchTokens))
      return whole + (rest > 0 ? 1 : 0)
    }
    return max(1, min(max(steps(10), 4000), steps(50)))
  }
}
