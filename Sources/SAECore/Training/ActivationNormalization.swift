/// How activations are brought to a common scale before an autoencoder sees them.
///
/// The first four are fitted to activations once and folded into the weights at the end of training.
/// The last two belong to the autoencoder for good (``NormalizedAutoencoder``): each token has numbers
/// of its own. ``TrainingRun`` and ``TrainingSweep`` take the loss of the scaled activations under all
/// of them, unless ``TrainingOptions/takesLossInOriginalUnits`` asks for SAELens' under these two.
public enum ActivationNormalization: String, Sendable, Equatable, Codable, CaseIterable {
  /// Activations are used as they are.
  case none
  /// One factor, for a mean norm of √width: SAELens.
  case expectedAverageOnlyIn = "expected_average_only_in"
  /// One factor, for a mean squared norm of 1: dictionary_learning's `normalize_activations`, and
  /// Gemma Scope.
  case unitMeanSquaredNorm = "unit_mean_squared_norm"
  /// ``Whitening``: SAELens.
  case covarianceWhitening = "covariance_whitening"
  /// Each token to mean 0 and standard deviation 1 over its width: SAELens, OpenAI.
  case layerNorm = "layer_norm"
  /// Each token to a norm of √width: SAELens.
  case constantNormRescale = "constant_norm_rescale"

  /// Whether ``scaling(fittedTo:)`` looks at activations.
  public var needsStatistics: Bool {
    switch self {
    case .none, .layerNorm, .constantNormRescale: false
    case .expectedAverageOnlyIn, .unitMeanSquaredNorm, .covarianceWhitening: true
    }
  }

  /// Whether it looks at their covariance.
  public var needsCovariance: Bool { self == .covarianceWhitening }

  /// The normalisation with its numbers.
  ///
  /// - Parameter statistics: of activations as they will be trained on, unless none are needed.
  /// - Throws: ``InvalidOption`` if statistics are needed and missing, or those of activations that
  ///   are all 0 or not finite.
  public func scaling(
    fittedTo statistics: ActivationStatistics? = nil
  ) throws(InvalidOption) -> ActivationScaling {
    switch self {
    case .none: return .identity
    case .layerNorm: return .layerNorm
    case .constantNormRescale: return .constantNorm
    case .expectedAverageOnlyIn, .unitMeanSquaredNorm, .covarianceWhitening: break
    }
    guard let statistics, statistics.tokens > 0 else {
      throw InvalidOption(
        "statistics", expected: "activations for \(rawValue)", found: "no tokens")
    }
    if self == .covarianceWhitening { return .whitening(try Whitening(statistics)) }
    let factor =
      self == .expectedAverageOnlyIn
      ? Double(statistics.dimension).squareRoot() / statistics.meanNorm
      : 1 / statistics.meanSquaredNorm.squareRoot()
    guard factor.isFinite, factor > 0 else {
      throw InvalidOption(
        "statistics", expected: "activations with a finite norm above 0",
        found: "a mean norm of \(statistics.meanNorm)")
    }
    return .factor(factor)
  }
}
