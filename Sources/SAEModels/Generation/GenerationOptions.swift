/// How a model's next token is chosen.
public enum Sampling: Sendable, Equatable {
  /// The token with the largest logit; of equal ones the first.
  case greedy
  /// A random one by its probability.
  ///
  /// - Parameters:
  ///   - temperature: divides the logits; above 0.
  ///   - topP: the most probable tokens are kept until together they have this probability; above 0, at
  ///     most 1. Source: Holtzman et al. 2020, arXiv 1904.09751, section 3.1.
  ///   - seed: equal seeds give equal tokens.
  case random(temperature: Double, topP: Double, seed: UInt64)
}

/// How a text is continued.
public struct GenerationOptions: Sendable, Equatable {
  /// Tokens at most.
  public var count: Int
  /// How each is chosen.
  public var sampling: Sampling
  /// Tokens after which the text ends; nil: those of the model's configuration.
  public var stops: Set<UInt32>?

  /// Options that are checked when a model generates.
  public init(count: Int, sampling: Sampling = .greedy, stops: Set<UInt32>? = nil) {
    self.count = count
    self.sampling = sampling
    self.stops = stops
  }

  func check() throws(ModelError) {
    guard count >= 0 else {
      throw .invalidOption(name: "count", expected: "at least 0", found: "\(count)")
    }
    guard case .random(let temperature, let topP, _) = sampling else { return }
    guard temperature > 0, temperature.isFinite else {
      throw .invalidOption(
        name: "temperature", expected: "a number above 0", found: "\(temperature)")
    }
    guard topP > 0, topP <= 1 else {
      throw .invalidOption(
        name: "topP", expected: "a number above 0, at most 1", found: "\(topP)")
    }
  }
}
