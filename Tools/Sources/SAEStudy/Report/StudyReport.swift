import Foundation

/// The page of a study: one file that needs nothing else.
public struct StudyReport: Sendable {
  let results: StudyResults
  let browsers: [LatentBrowser]

  public init(_ results: StudyResults, _ browsers: [LatentBrowser]) {
    self.results = results
    self.browsers = browsers
  }

  /// The whole page.
  public func html() throws -> String {
    let sections =
      [pareto(.fractionOfVarianceExplained), pareto(.lossRecovered), residual(), equalL0()]
      + [meaning(), recovery(), density(), allAutoencoders(), try latents(), method()]
    return try ReportPage.html(
      title: "Domain against broad", header: header(),
      body: sections.filter { !$0.isEmpty }.joined(separator: "\n"), browsers: browsers)
  }

  // MARK: - What is compared

  var widths: [Int] { results.configuration.latents.sorted() }
  var arms: [StudyArm] {
    StudyArm.allCases.filter { arm in results.autoencoders.contains { $0.plan.arm == arm } }
  }
  var widest: Int { widths.last ?? 0 }
  var middleSparsity: Double {
    let sorted = results.configuration.sparsity.sorted()
    return sorted[(sorted.count - 1) / 2]
  }

  func results(_ arm: StudyArm, _ latents: Int, _ sparsity: Double) -> [AutoencoderResult] {
    results.autoencoders.filter {
      $0.plan.arm == arm && $0.plan.latents == latents && $0.plan.sparsity == sparsity
    }
  }

  /// The mean of a measurement over seeds.
  func estimate(
    _ arm: StudyArm, _ latents: Int, _ sparsity: Double, on text: StudyText,
    _ value: (AutoencoderMeasurement) -> Double?
  ) -> SeedEstimate? {
    let values = results(arm, latents, sparsity).map { value($0.measurement(on: text)) }
    return values.contains(nil) ? nil : SeedEstimate(values.compactMap { $0 })
  }

  func comparison(
    _ quality: WidthComparison.Quality, on text: StudyText
  ) -> WidthComparison? {
    results.comparisons.first {
      $0.latents == widest && $0.text == text && $0.quality == quality
    }
  }

  static func name(_ arm: StudyArm) -> String {
    switch arm {
    case .domain: "trained on the domain"
    case .broad: "trained on broad text"
    case .boosted: "broad, boosted by a small domain one"
    }
  }

  static func short(_ arm: StudyArm) -> String { arm.rawValue }

  /// The meaning of the configuration's sparsities.
  var settingName: String {
    results.configuration.architecture.aimsAtL0 ? "target L0" : "coefficient"
  }

  func setting(_ sparsity: Double) -> String { "\(settingName) \(Self.sparsity(sparsity))" }

  static func sparsity(_ value: Double) -> String {
    Int(exactly: value).map { HTML.count($0) } ?? "\(value)"
  }
}
