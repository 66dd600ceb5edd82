/// A mean over trainings from different seeds, with its 95% confidence interval.
///
/// The interval is Student's: mean ± t₀.₉₇₅(n − 1) · s / √n. None from a single seed.
public struct SeedEstimate: Codable, Equatable, Sendable {
  public var mean: Double
  /// Half of the interval's length.
  public var margin: Double?
  public var seeds: Int

  /// - Returns: nil without values, or where one is not finite.
  public init?(_ values: [Double]) {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.mean = mean
    seeds = values.count
    guard values.count > 1 else { return }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    margin = SeedEstimate.quantile(values.count - 1) * (variance / count).squareRoot()
  }

  /// Whether the interval lies on one side of 0; nil from a single seed.
  public var excludesZero: Bool? { margin.map { abs(mean) > $0 } }

  /// t₀.₉₇₅ of so many degrees of freedom; beyond 30 a little too wide.
  static func quantile(_ freedom: Int) -> Double {
    let table = [
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
      2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
      2.052, 2.048, 2.045, 2.042,
    ]
    return table[min(max(freedom, 1), table.count) - 1]
  }
}
