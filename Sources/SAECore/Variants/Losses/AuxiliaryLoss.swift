/// AuxK: dead latents reconstruct the error of the live ones, and so come back to life.
///
/// The residual r = x − x̂ counts as constant. e is the reconstruction, without bias, by the k_aux
/// dead latents with the highest scores of each token, k_aux = min(⌊width/2⌋, dead latents) unless
/// ``latentsPerToken`` says otherwise.
///
/// Source: Gao et al. 2024, arXiv 2406.04093, appendix A.2.
public struct AuxiliaryLoss: Sendable, Equatable, Codable {
  /// How the libraries differ.
  public enum Form: Sendable, Equatable, Codable {
    /// α Σ‖e − r‖² / Σ‖r − r̄‖², r̄ the batch's mean; scores after ReLU: dictionary_learning. It does
    /// not depend on the scale of the activations.
    case residualVariance
    /// α min(dead/⌊width/2⌋, 1) (1/tokens) Σ‖e − r‖², scores without ReLU, negative ones too:
    /// SAELens.
    case rawScores
    /// Ghost gradients: all dead latents reconstruct the residual with activations exp(h), each token's
    /// e scaled to half of its ‖r‖, and the term scaled to α times the size of the squared error per
    /// token; neither scale has a gradient. Anthropic; superseded by the other forms.
    ///
    /// Source: Jermyn and Templeton 2024, "Ghost Grads: An improvement on resampling".
    case ghost
    /// α min(dead/⌊width/2⌋, 1) Σ‖e − r‖² / Σ‖x − x̄‖², scores after ReLU; trains the decoder alone:
    /// sparsify.
    case decoderOnly
    /// α Σ‖(e + b) − (r + b̄)‖² / Σ‖r − r̄‖², b̄ being b_dec without gradient: the value of
    /// ``residualVariance``, with a gradient to b_dec. OpenAI.
    case residualVarianceWithBias
  }

  /// The target of the dead latents, and the scale of the loss.
  public let form: Form
  /// α
  public let coefficient: Double
  /// In the place of ⌊width/2⌋; nil leaves it. OpenAI's is 256.
  public var latentsPerToken: Int?

  /// The loss of `form`, multiplied by `coefficient`; 1/32 is Gao et al.'s (2024, section 2.3).
  public init(
    _ form: Form = .residualVariance, coefficient: Double = 1.0 / 32, latentsPerToken: Int? = nil
  ) {
    self.form = form
    self.coefficient = coefficient
    self.latentsPerToken = latentsPerToken
  }
}
