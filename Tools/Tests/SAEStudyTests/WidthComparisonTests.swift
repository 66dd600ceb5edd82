import Foundation
import Testing

@testable import SAEStudy

@Suite struct WidthComparisonTests {
  @Test func gapsByHand() throws {
    let results = Samples.results(gap: 0.1)
    let found = try #require(
      results.comparisons.first {
        $0.text == .domain && $0.quality == .fractionOfVarianceExplained
      })
    // All curves reach from L0 2 to 4; the middle of the logarithms is √8, where the curves of the
    // two seeds are halfway between 0.5 and 0.6, and 0.001 above that.
    #expect(abs((found.l0 ?? 0) - 8.0.squareRoot()) < 1e-12)
    #expect(abs((found[.broad]?.mean ?? 0) - 0.5505) < 1e-9)
    #expect(abs((found[.domain]?.mean ?? 0) - 0.6505) < 1e-9)
    #expect(abs((found.gap(.domain)?.mean ?? 0) - 0.1) < 1e-9)
    #expect(abs((found.gap(.boosted)?.mean ?? 0) - 0.05) < 1e-9)
    #expect(found.gap(.broad) == nil)
  }

  @Test func whatDoesNotOverlapIsNotCompared() throws {
    var results = Samples.results().autoencoders
    for index in results.indices where results[index].plan.arm == .domain {
      results[index].onDomain.l0 = (results[index].onDomain.l0 ?? 0) * 100
    }
    let found = try #require(
      WidthComparison.all(results).first {
        $0.text == .domain && $0.quality == .fractionOfVarianceExplained
      })
    #expect(found.l0 == nil)
    #expect(found.gap(.domain) == nil)
  }

  @Test func resultsAreWrittenAndReadAgain() throws {
    var results = Samples.results()
    results.autoencoders[0].onDomain.meanSquaredError = .infinity
    results.stability = [
      StabilityResult(
        arm: .domain, latents: 8, sparsity: 2, meanCosine: 0.5, matchedFraction: nil)
    ]
    #expect(try StudyResults(json: results.json()) == results)
  }
}
