public import Foundation
public import SAECore

/// Two families of dictionaries, of a domain and broad, on the same tokens.
///
/// The comparison of O'Neill et al. 2025 (arXiv 2508.09363), with the same tokens, mask and pooling
/// for every dictionary, and no extrapolation.
public struct DomainReport: Sendable, Equatable, Codable {
  /// The autoencoders trained on the domain.
  public let domain: [Evaluation]
  /// Those trained on broad text.
  public let broad: [Evaluation]
  /// One for each quality that every dictionary has.
  public let comparisons: [QualityComparison]

  /// A quality that dictionaries are compared by, more being better.
  public enum Quality: String, Sendable, Codable, CaseIterable {
    /// One minus the ratio of the pooled squared error to the pooled variance.
    case fractionOfVarianceExplained
    /// 1 − nonlinear FVU.
    case fractionExplainedWithLinearError

    func value(_ evaluation: Evaluation) -> Double? {
      switch self {
      case .fractionOfVarianceExplained: evaluation.reconstruction.fractionOfVarianceExplained
      case .fractionExplainedWithLinearError:
        evaluation.darkMatter?.nonlinearFractionOfVarianceUnexplained.map { 1 - $0 }
      }
    }
  }

  /// One quality over sparsity, of both families.
  public struct QualityComparison: Sendable, Equatable, Codable {
    /// What is compared.
    public let quality: Quality
    /// The curve of the domain's autoencoders.
    public let domain: ParetoCurve
    /// The curve of the broad ones.
    public let broad: ParetoCurve
    /// Dictionaries that no other of their family beats.
    public let domainFront: [Int]
    /// Indices of the broad autoencoders that no other beats at a lower L0.
    public let broadFront: [Int]
    /// The qualities at given L0s; undefined outside the measured range.
    public let atL0: [Row]
    /// Mean of domain minus broad over the log L0 that both cover.
    public let meanGap: Double?

    /// Both curves at one L0.
    public struct Row: Sendable, Equatable, Codable {
      /// Latents per token.
      public let l0: Double
      /// The domain's quality there, nil outside its curve.
      public let domain: Double?
      /// The broad quality there, nil outside its curve.
      public let broad: Double?
    }
  }

  /// Compares evaluations.
  ///
  /// - Parameters:
  ///   - domain: of dictionaries trained on the domain.
  ///   - broad: of dictionaries trained on general text.
  ///   - l0s: where to read off the curves.
  /// - Throws: `OptionError` if there is nothing to compare, or evaluations are not of the
  ///   same tokens.
  public init(
    domain: [Evaluation], broad: [Evaluation],
    l0s: [Double] = [20, 50, 100, 200]
  ) throws(OptionError) {
    guard let first = domain.first, !broad.isEmpty else {
      throw OptionError(
        "domain report", expected: "an evaluation of each family", found: "none of one")
    }
    for other in domain + broad { try DomainReport.check(first, other) }
    self.domain = domain
    self.broad = broad
    comparisons = Quality.allCases.compactMap { quality in
      func curve(_ evaluations: [Evaluation]) -> ParetoCurve? {
        let points = evaluations.compactMap { evaluation in
          quality.value(evaluation).flatMap { value in
            evaluation.sparsity.l0.map { ParetoCurve.Point(l0: $0, quality: value) }
          }
        }
        return points.count == evaluations.count ? ParetoCurve(points) : nil
      }
      guard let own = curve(domain), let other = curve(broad) else { return nil }
      return QualityComparison(
        quality: quality, domain: own, broad: other, domainFront: own.front,
        broadFront: other.front,
        atL0: l0s.map {
          .init(l0: $0, domain: own.quality(atL0: $0), broad: other.quality(atL0: $0))
        }, meanGap: own.meanGap(to: other))
    }
  }

  /// Two evaluations count as made on the same tokens if their counts and the variance of the activations
  /// agree: another mask, scale or text changes the variance.
  private static func check(
    _ first: Evaluation, _ other: Evaluation
  ) throws(OptionError) {
    let numbers: [(String, Double, Double)] = [
      ("tokens", Double(first.reconstruction.tokens), Double(other.reconstruction.tokens)),
      ("contexts", Double(first.contexts), Double(other.contexts)),
      (
        "total variance of the activations", first.reconstruction.totalVariance ?? 0,
        other.reconstruction.totalVariance ?? 0
      ),
    ]
    for (what, expected, found) in numbers
    where !(abs(expected - found) <= 1e-9 * abs(expected)) && !(expected.isNaN && found.isNaN) {
      throw OptionError(
        "domain report: \(other.name)",
        expected: "the same tokens as those of \(first.name), whose \(what) is \(expected)",
        found: "\(found)")
    }
  }

  /// The report as JSON, keys in order; numbers that are not finite are the strings "nan", "inf" and
  /// "-inf".
  public func json() throws -> Data {
    try JSONCoding.encoder(.prettyPrinted).encode(self)
  }

  /// Reads what ``json()`` has written.
  public init(json: Data) throws {
    self = try JSONCoding.decoder().decode(DomainReport.self, from: json)
  }
}
