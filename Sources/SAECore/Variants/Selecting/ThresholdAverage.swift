/// How the threshold that replaces a selection over batches follows from the batches of training: as
/// a running average of the smallest positive latent τ of each batch, t ← (1 − η) t + η τ.
///
/// Source: Bussmann et al. 2024, arXiv 2412.06410, section 3.
public struct ThresholdAverage: Sendable, Equatable {
  /// η
  public var rate: Double
  /// Whether the average begins at 0, toward which it is then biased for some 1/η steps, and not at
  /// the first τ.
  public var beginsAtZero: Bool
  /// The first step, from 0, whose batch counts.
  public var firstStep: Int
  /// Whether a batch without a positive latent counts as τ = 0, and not at all otherwise.
  public var countsEmptyBatches: Bool

  /// The recommended average, but for what is given.
  public init(
    rate: Double = 0.01, beginsAtZero: Bool = false, firstStep: Int = 0,
    countsEmptyBatches: Bool = false
  ) {
    self.rate = rate
    self.beginsAtZero = beginsAtZero
    self.firstStep = firstStep
    self.countsEmptyBatches = countsEmptyBatches
  }

  /// The threshold after a step.
  ///
  /// - Parameters:
  ///   - threshold: before it; nil if no batch has counted yet.
  ///   - latents: the batch's.
  ///   - step: steps made before it.
  public func updating(_ threshold: Double?, with latents: SparseLatents, step: Int) -> Double? {
    var least = Float.infinity
    for value in latents.values where value > 0 { least = min(least, value) }
    return updating(threshold, with: least == .infinity ? nil : Double(least), step: step)
  }

  /// The threshold after a step of an autoencoder that selects for each token: τ is the mean over
  /// tokens of each one's smallest positive latent. Tokens without any are left out, where
  /// dictionary_learning makes the threshold infinite for good.
  public func updating(
    _ threshold: Double?, withMeanOf latents: SparseLatents, step: Int
  ) -> Double? {
    var (sum, count) = (0.0, 0)
    for token in 0..<latents.tokens {
      var least = Float.infinity
      for value in latents.values[latents.entries(of: token)] where value > 0 {
        least = min(least, value)
      }
      if least < .infinity {
        sum += Double(least)
        count += 1
      }
    }
    return updating(threshold, with: count > 0 ? sum / Double(count) : nil, step: step)
  }

  /// - Parameter least: τ; nil if nothing is positive.
  private func updating(_ threshold: Double?, with least: Double?, step: Int) -> Double? {
    guard step >= firstStep, let least = least ?? (countsEmptyBatches ? 0 : nil) else {
      return threshold
    }
    guard let before = threshold ?? (beginsAtZero ? 0 : nil) else { return least }
    return (1 - rate) * before + rate * least
  }
}

extension ThresholdAverage {
  /// The threshold in a training state that has nothing else.
  ///
  /// - Throws: ``ShapeError`` if it has.
  static func threshold(in trainingState: [String: [Double]]) throws(ShapeError) -> Double? {
    let values = trainingState["threshold"] ?? []
    if let name = trainingState.keys.sorted().first(where: { $0 != "threshold" }) {
      throw ShapeError(name, "numbers", expected: 0, found: trainingState[name]?.count ?? 0)
    }
    if values.count > 1 {
      throw ShapeError("threshold", "numbers", expected: 1, found: values.count)
    }
    return values.first
  }
}

extension ThresholdAverage: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .optional("rate", \.rate, absent: 0.01),
      .optional("beginsAtZero", \.beginsAtZero, absent: false),
      .optional("firstStep", \.firstStep, absent: 0),
      .optional("countsEmptyBatches", \.countsEmptyBatches, absent: false),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: ThresholdAverage())
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
