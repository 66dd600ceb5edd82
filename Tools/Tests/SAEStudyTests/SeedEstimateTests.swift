import Testing

@testable import SAEStudy

@Suite struct SeedEstimateTests {
  @Test func threeValuesByHand() throws {
    // Mean 2, s² = 1, s / √3 = 0.57735, t₀.₉₇₅(2) = 4.303.
    let estimate = try #require(SeedEstimate([1, 2, 3]))
    #expect(estimate.mean == 2)
    let margin = try #require(estimate.margin)
    #expect(abs(margin - 4.303 / 3.0.squareRoot()) < 1e-12)
    #expect(estimate.excludesZero == false)
    #expect(SeedEstimate([10, 11, 12])?.excludesZero == true)
  }

  @Test func whatIsNoEstimate() {
    #expect(SeedEstimate([]) == nil)
    #expect(SeedEstimate([1, .nan]) == nil)
    let single = SeedEstimate([4])
    #expect(single?.mean == 4)
    #expect(single?.margin == nil)
    #expect(single?.excludesZero == nil)
  }
}
