/// What one training step was like.
public struct StepReport: Sendable {
  /// Its number: steps made, this one included.
  public let number: Int
  /// Tokens trained on, this step's included.
  public let tokens: Int
  /// The terms of the loss, with their coefficients.
  public let losses: [LossTerm]
  /// On how many tokens of the batch each latent was active.
  public let activity: LatentActivity
  /// Σ ‖x̂ − y‖² over the batch, of activations as they were trained on
  /// (``TrainingOptions/Data/normalization``); so is ``fractionOfVarianceExplained``.
  public let totalSquaredError: Double
  /// The norm of all gradients together, after the decoder's constraint, before clipping.
  public let gradientNorm: Double
  /// The learning rate of this step.
  public let learningRate: Double
  /// Latents that counted as dead.
  public let deadCount: Int
  /// Σ‖y − ȳ‖² over the batch, of what was to be reconstructed.
  let variance: Double

  /// The total loss.
  public var loss: Double { losses.reduce(0) { $0 + $1.value } }

  /// 1 − Σ‖x̂ − y‖² / Σ‖y − ȳ‖² over the batch, before the step; nil where nothing varies.
  public var fractionOfVarianceExplained: Double? {
    variance > 0 ? 1 - totalSquaredError / variance : nil
  }

  /// Active latents per token, over the batch.
  public var l0: Double { activity.l0 }
}
