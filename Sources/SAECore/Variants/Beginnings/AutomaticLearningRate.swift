/// Peak learning rates where none is given, by optimizer.
package enum AutomaticLearningRate {
  /// For Adam: 2·10⁻⁴ √(2¹⁴ / latents) √(128 000 / steps), the last factor between 1 and 4.
  ///
  /// The first two factors are the law of Gao et al. 2024, arXiv 2406.04093, appendix A.3, with the
  /// constant of dictionary_learning's TopK family and of sparsify, whose runs make some hundred thousand
  /// steps. A shorter run has to go further in each step. On 100 000 activations of a small Gemma-2 (256
  /// wide, k 32), 8000 steps of 512 tokens and 4096 latents, 4 times the law explained 0.915 of the variance
  /// of tokens not trained on and 8 times 0.908; 4000 steps of 1024, 1, 2 and 4 times: 0.899, 0.906, 0.910;
  /// 2000 steps of 512 and 1024 latents, 1, 2, 4 and 8 times: 0.863, 0.872, 0.876, 0.870. BatchTopK and
  /// Matryoshka are best at 4 times as well, JumpReLU at 4 to 8.
  package static func adam(latentCount: Int, steps: Int) -> Double {
    let share = (128_000 / Double(max(1, steps))).squareRoot()
    return scaled(2e-4, latentCount) * min(4, max(1, share))
  }

  /// For schedule-free sign descent: 5·10⁻³ / √(latents / 2¹⁴), as sparsify has it.
  package static func signDescent(latentCount: Int) -> Double { scaled(5e-3, latentCount) }

  /// For Muon, whatever the number of latents: 2·10⁻³, as sparsify has it.
  package static let muon = 2e-3

  /// A rate for 2¹⁴ latents by the first two factors of ``adam(latentCount:steps:)``.
  static func scaled(_ rate: Double, _ latentCount: Int) -> Double {
    precondition(latentCount > 0, "no learning rate for \(latentCount) latents")
    return rate / (Double(latentCount) / 16384).squareRoot()
  }
}
