/// The way in which the rows of the decoder are kept at unit norm.
///
/// A row's length and its latent's activations could trade against each other forever; with unit
/// rows the gradient's component along the row is wasted motion, so it is removed.
///
/// Source: Bricken et al. 2023, "Towards Monosemanticity", appendix on optimization.
public enum DecoderConstraint: Sendable, Equatable, Codable {
  /// Rows are free.
  case none
  /// Removes the component along row/(norm + 1e-6) from the gradient and divides rows by
  /// (norm + 2⁻²³) after the step: dictionary_learning's trainers of the TopK family.
  case unitRowsAfterStep
  /// Removes the component along row/norm from the gradient and divides rows by their norm after the
  /// step: dictionary_learning's trainers of the Standard and Gated families.
  case exactUnitRowsAfterStep
  /// Divides rows by (norm + 2⁻²³) before the forward pass and removes the component along the row
  /// as it is: sparsify.
  case unitRowsBeforeForward
  /// Removes the component along row/norm from the gradient and divides rows by their norm before the
  /// step: OpenAI. After the step they are only nearly of norm 1.
  case unitRowsBeforeStep

  /// A number added to a norm that rows are divided by: the unit in the last place of 1.
  static let normGuard: Float = 0x1p-23

  /// A number added to the norm of the direction that is removed from a gradient; nil where the row
  /// itself is that direction.
  var directionGuard: Float? {
    switch self {
    case .unitRowsAfterStep: 1e-6
    case .exactUnitRowsAfterStep, .unitRowsBeforeStep: DecoderConstraint.leastGuard
    case .none, .unitRowsBeforeForward: nil
    }
  }

  /// A number added to a norm that rows are divided by after the step; nil where they are not divided.
  var stepGuard: Float? {
    switch self {
    case .unitRowsAfterStep: DecoderConstraint.normGuard
    case .exactUnitRowsAfterStep: DecoderConstraint.leastGuard
    case .none, .unitRowsBeforeForward, .unitRowsBeforeStep: nil
    }
  }

  /// Changes no norm, and leaves rows of zeros as they are.
  static let leastGuard = Float.leastNormalMagnitude
}
