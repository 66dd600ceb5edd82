/// How activations are brought to a common scale before an autoencoder sees them.
///
/// The first five are fitted to activations once and folded into the weights at the end of training.
/// The last two belong to the autoencoder for good (``NormalizedAutoencoder``): each token has numbers
/// of its own. ``TrainingRun`` and ``TrainingSweep`` take the loss of the scaled activations under all
/// of them, unless ``TrainingOptions/Data/takesLossInOriginalUnits`` asks for SAELens' under these two.
public enum ActivationNormalization: String, Sendable, Equatable, Codable, CaseIterable {
  /// Activations are used as they are.
  case none
  /// f (x − c): f for a mean distance of √width from the mean, and c the mean but for half of that
  /// distance; 0 where the mean is no longer than that. The default.
  ///
  /// With m the mean and d the mean distance from it, f = √width/d and c = m max(0, 1 − d/(2 ‖m‖)).
  ///
  /// Where the mean is small it is ``expectedAverageOnlyIn`` with nearly the same factor. Where it is
  /// large, as in language models with a few dimensions far from 0, a factor of the whole norm makes the
  /// differences between tokens smaller than one step of the optimizer, and with each weight the encoder
  /// moves along the mean. In a world of 200 features (64 wide, 256 latents, 1500 steps at 10⁻³) with a
  /// mean ten times as long as the spread, TopK left 248 latents dead and explained 0.21 of the variance;
  /// with all of the mean subtracted none and 0.87, as without a mean.
  ///
  /// A part of the mean stays because it helps: latents begin with pre-activations of different height.
  /// On activations of a small Gemma-2, whose mean is 0.37 of the distance, TopK, BatchTopK and JumpReLU
  /// explained 0.001, 0.004 and 0.004 more with it than without.
  case centered
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

  /// Whether the numbers of the normalization are measured on activations.
  public var needsStatistics: Bool {
    switch self {
    case .none, .layerNorm, .constantNormRescale: false
    case .centered, .expectedAverageOnlyIn, .unitMeanSquaredNorm, .covarianceWhitening: true
    }
  }

  /// Whether the distances of activations from their mean are measured for it.
  public var needsDistances: Bool { self == .centered }

  /// Whether the covariance of activations is measured for it.
  public var needsCovariance: Bool { self == .covarianceWhitening }

  /// The normalization with its numbers.
  ///
  /// - Parameter statistics: of activations as they will be trained on, unless none are needed.
  /// - Throws: ``OptionError`` if statistics are needed and missing, or those of activations that
  ///   are all 0, all the same where the mean is subtracted, or not finite.
  package func scaling(
    fittedTo statistics: ActivationStatistics? = nil
  ) throws(OptionError) -> ActivationScaling {
    switch self {
    case .none: return .identity
    case .layerNorm: return .layerNorm
    case .constantNormRescale: return .constantNorm
    case .centered, .expectedAverageOnlyIn, .unitMeanSquaredNorm, .covarianceWhitening: break
    }
    guard let statistics, statistics.tokens > 0 else {
      throw OptionError(
        "statistics", expected: "activations for \(rawValue)", found: "no tokens")
    }
    let length = Double(statistics.dimension).squareRoot()
    switch self {
    case .covarianceWhitening: return .whitening(try Whitening(statistics))
    case .unitMeanSquaredNorm:
      return .factor(try factor(1, for: statistics.meanSquaredNorm.squareRoot(), "norm"))
    case .centered:
      guard let center = statistics.center, let distance = statistics.meanDistance else {
        throw OptionError(
          "statistics", expected: "distances from the mean for \(rawValue)", found: "none")
      }
      let mean = center.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let share = max(0, 1 - Self.keptMean * distance / mean)
      return .centered(
        factor: try factor(length, for: distance, "distance from each other"),
        center: center.map { share * $0 })
    default: return .factor(try factor(length, for: statistics.meanNorm, "norm"))
    }
  }

  /// What ``centered`` leaves of the mean, in mean distances from it.
  private static let keptMean = 0.5

  /// The factor that turns a measured length into `length`.
  private func factor(
    _ length: Double, for measured: Double, _ name: String
  ) throws(OptionError) -> Double {
    let factor = length / measured
    guard factor.isFinite, factor > 0 else {
      throw OptionError(
        "normalization", expected: "activations with a finite \(name) above 0 for \(rawValue)",
        found: "\(measured)")
    }
    return factor
  }
}
