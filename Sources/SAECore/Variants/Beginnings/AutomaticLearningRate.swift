/// Learning rates for who has none of their own, by optimizer.
public enum AutomaticLearningRate {
  /// For Adam: 2·10⁻⁴ / √(latents / 2¹⁴).
  ///
  /// Source: Gao et al. 2024, arXiv 2406.04093, appendix A.3, with the constant of
  /// dictionary_learning's TopK family and of sparsify.
  public static func adam(latentCount: Int) -> Double { scaled(2e-4, latentCount) }

  /// For schedule-free sign descent: 5·10⁻³ / √(latents / 2¹⁴), as sparsify has it.
  public static func signDescent(latentCount: Int) -> Double { scaled(5e-3, latentCount) }

  /// For Muon, whatever the number of latents: 2·10⁻³, as sparsify has it.
  public static let muon = 2e-3

  private static func scaled(_ rate: Double, _ latentCount: Int) -> Double {
    precondition(latentCount > 0, "no learning rate for \(latentCount) latents")
    return rate / (Double(latentCount) / 16384).squareRoot()
  }
}
