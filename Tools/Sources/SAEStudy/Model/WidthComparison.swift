import SAEMetrics

/// Domain, broad and boosted autoencoders of one width, on one kind of text, at equal L0.
///
/// A seed's autoencoders make a curve over log L0 in each arm. The comparison is between curves of the
/// same seed, read off between their points and never beyond them.
public struct WidthComparison: Codable, Equatable, Sendable {
  public enum Quality: String, Codable, CaseIterable, Sendable {
    case fractionOfVarianceExplained, lossRecovered
    /// Share of the variance in the part of the error that is linear in the activations.
    case linearUnexplained
    case nonlinearUnexplained
  }

  public var latents: Int
  public var text: StudyText
  public var quality: Quality
  /// The L0 at which ``atL0`` was read off: the middle of the range that all curves cover, on a
  /// logarithmic scale.
  public var l0: Double?
  /// The quality there, of each arm.
  public var atL0: [String: SeedEstimate]
  /// Each arm's minus the broad one's, averaged over the log L0 that both cover, seed by seed.
  public var gapToBroad: [String: SeedEstimate]

  public subscript(arm: StudyArm) -> SeedEstimate? { atL0[arm.rawValue] }

  public func gap(_ arm: StudyArm) -> SeedEstimate? { gapToBroad[arm.rawValue] }

  /// All comparisons that results allow.
  static func all(_ results: [AutoencoderResult]) -> [WidthComparison] {
    var comparisons: [WidthComparison] = []
    for latents in Set(results.map(\.plan.latents)).sorted() {
      for text in StudyText.allCases {
        for quality in Quality.allCases {
          let some = results.filter { $0.plan.latents == latents }
          guard let found = WidthComparison(some, latents, text, quality) else { continue }
          comparisons.append(found)
        }
      }
    }
    return comparisons
  }

  /// - Returns: nil unless domain and broad autoencoders have the quality.
  private init?(
    _ results: [AutoencoderResult], _ latents: Int, _ text: StudyText, _ quality: Quality
  ) {
    self.latents = latents
    self.text = text
    self.quality = quality
    var curves: [StudyArm: [UInt64: ParetoCurve]] = [:]
    for (arm, members) in Dictionary(grouping: results, by: \.plan.arm) {
      for (seed, own) in Dictionary(grouping: members, by: \.plan.seed) {
        let points = own.compactMap { result -> ParetoCurve.Point? in
          let measured = result.measurement(on: text)
          guard let l0 = measured.l0, let value = measured[quality] else { return nil }
          return ParetoCurve.Point(l0: l0, quality: value)
        }
        if points.count == own.count { curves[arm, default: [:]][seed] = ParetoCurve(points) }
      }
    }
    guard curves[.domain] != nil, let broad = curves[.broad] else { return nil }
    let ranges = curves.values.flatMap(\.values).compactMap { curve -> ClosedRange<Double>? in
      let l0s = curve.points.map(\.l0).filter { $0 > 0 && $0.isFinite }
      guard let low = l0s.min(), let high = l0s.max() else { return nil }
      return low...high
    }
    let low = ranges.map(\.lowerBound).max() ?? 0
    let high = ranges.map(\.upperBound).min() ?? 0
    let place = low > 0 && low <= high ? (low * high).squareRoot() : nil
    l0 = place
    atL0 = [:]
    gapToBroad = [:]
    for (arm, own) in curves {
      let seeds = own.keys.sorted()
      if let place {
        let values = seeds.compactMap { own[$0]?.quality(atL0: place) }
        if values.count == seeds.count { atL0[arm.rawValue] = SeedEstimate(values) }
      }
      guard arm != .broad else { continue }
      let gaps = seeds.compactMap { seed in broad[seed].flatMap { own[seed]?.meanGap(to: $0) } }
      gapToBroad[arm.rawValue] = SeedEstimate(gaps)
    }
  }
}

extension AutoencoderMeasurement {
  /// A quality to compare by.
  subscript(quality: WidthComparison.Quality) -> Double? {
    switch quality {
    case .fractionOfVarianceExplained: fractionOfVarianceExplained
    case .lossRecovered: lossRecovered
    case .linearUnexplained: linearUnexplained
    case .nonlinearUnexplained: nonlinearUnexplained
    }
  }
}
