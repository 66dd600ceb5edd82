import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct FeatureAbsorptionTests {
  @Test func agreesWithFixtures() throws {
    try forEachCase("absorption") { fixture in
      if fixture.has("f1") {
        let tensor = try fixture.tensor("f1")
        let values = tensor.doubles()
        let jump = try #require(fixture.parameters["jump"]?.number)
        let counts = (0..<tensor.rows).map { row in
          FeatureAbsorption.mainLatentCount(
            f1: Array(values[row * tensor.columns..<(row + 1) * tensor.columns]), jump: jump)
        }
        fixture.check { name -> any Measured in
          if name == "main_latent_count" { counts } else { Unmeasured() }
        }
        return
      }
      var options = FeatureAbsorption.Options()
      options.fullCosine = try #require(fixture.parameters["full_cosine"]?.number)
      options.fractionCosine = try #require(fixture.parameters["fraction_cosine"]?.number)
      options.projectionShare = try #require(fixture.parameters["projection_share"]?.number)
      options.maximumAbsorbers = try #require(fixture.parameters["max_absorbers"]?.integer)
      let absorption = try FeatureAbsorption(
        activations: fixture.matrix("activations"),
        latents: SparseLatents(dense: fixture.matrix("latents")),
        decoder: fixture.matrix("decoder"), probe: fixture.tensor("probe").floats(),
        mainLatents: Set(fixture.integers("main_latents")), options: options)
      fixture.check {
        switch $0 {
        case "probe_projection": absorption.projections
        case "absorption_fraction": absorption.fractions
        case "full_absorption": absorption.isFull
        case "mean_absorption_fraction": absorption.meanFraction
        case "full_absorption_rate": absorption.fullRate
        default: Unmeasured()
        }
      }
    }
  }

  /// The probe is (2, 0), made (1, 0). Token 0: x·p = 4, the main latent (cosine 1) gives 1, another
  /// of cosine 0.6 gives 5 · 0.6 = 3: absorbed min(3, 4 − 1) = 3 of 3 + 1. Token 1: the main latent is
  /// inactive, the other gives 3 of 4: all, and fully.
  @Test func handCase() throws {
    let absorption = try FeatureAbsorption(
      activations: Matrix(rows: 2, columns: 2, values: [4, 1, 4, 0]),
      latents: SparseLatents(dense: Matrix(rows: 2, columns: 2, values: [1, 5, 0, 5])),
      decoder: Matrix(rows: 2, columns: 2, values: [1, 0, 0.6, 0.8]), probe: [2, 0],
      mainLatents: [0])
    #expect(absorption.projections == [4, 4])
    #expect(agree(absorption.fractions[0], 0.75, 1e-7) && absorption.fractions[1] == 1)
    #expect(absorption.isFull == [false, true])
    #expect(agree(absorption.meanFraction, 0.875, 1e-7) && absorption.fullRate == 0.5)
    #expect(FeatureAbsorption.mainLatentCount(f1: []) == nil)
  }
}

@Suite struct TokenIdentityMetricsTests {
  @Test func agreesWithFixtures() throws {
    try forEachCase("token_identity") { fixture in
      let ids = try fixture.integers("tokens")
      let latents = SparseLatents(dense: try fixture.matrix("latents"))
      let frequent = try #require(fixture.parameters["frequent"]?.integer)
      for cuts in try fixture.cuts(ids.count) {
        var metrics = TokenIdentityMetrics(
          latentCount: latents.latentCount, frequentCount: frequent)
        for range in cuts {
          try metrics.update(
            EncodedBatch(latents: latents[tokens: range], tokenIDs: Array(ids[range])))
        }
        let value = metrics.value
        let all = value.latents
        fixture.check {
          switch $0 {
          case "frequent_tokens": value.frequentTokens
          case "top_token": all.map { $0?.topToken }
          case "top_token_share": all.map { $0?.topTokenShare }
          case "top_token_mass_share": all.map { $0?.topTokenMassShare }
          case "token_entropy": all.map { $0?.tokenEntropy }
          case "effective_tokens": all.map { $0?.effectiveTokens }
          case "frequent_token_share": all.map { $0?.frequentTokenShare }
          case "frequent_token_lift": all.map { $0?.frequentTokenLift }
          case "token_identity_r2": all.map { $0?.tokenIdentityRSquared }
          case "trivial_latents": value.trivialLatents
          case "trivial_fraction": value.trivialFraction
          default: Unmeasured()
          }
        }
      }
    }
  }

  /// Ids 7, 7, 7, 9; z = 2, 2, 0, 4. Three firings, two on 7: share 2/3, mass 4/8. Means per id 4/3
  /// and 4; z̄ = 2: total 8, within 8/3: R² = 2/3. With one frequent id, 7 (3 of 4 tokens): lift
  /// (2/3) / (3/4) = 8/9; trivial.
  @Test func handCase() throws {
    var metrics = TokenIdentityMetrics(latentCount: 2, frequentCount: 1)
    let latents = SparseLatents(
      dense: Matrix(rows: 4, columns: 2, values: [2, 0, 2, 0, 0, 0, 4, 0]))
    #expect(throws: ShapeError("token ids", "tokens", expected: 4, found: 0)) {
      try metrics.update(EncodedBatch(latents: latents))
    }
    try metrics.update(EncodedBatch(latents: latents, tokenIDs: [7, 7, 7, 9]))
    let value = metrics.value
    let latent = try #require(value.latents[0])
    #expect(latent.topToken == 7 && latent.firings == 3 && value.latents[1] == nil)
    #expect(agree(latent.topTokenShare, 2.0 / 3, 1e-15))
    #expect(agree(latent.topTokenMassShare, 0.5, 1e-15))
    #expect(agree(latent.tokenIdentityRSquared, 2.0 / 3, 1e-15))
    #expect(agree(latent.frequentTokenLift, 8.0 / 9, 1e-15))
    #expect(value.trivialLatents == [0] && value.trivialFraction == 1)
    #expect(value.frequentTokenCoverage == 0.75 && value.differentTokens == 2)
    #expect(TokenIdentityMetrics(latentCount: 1).value.trivialFraction == nil)
  }

  @Test func mergingAgreesWithOnePass() throws {
    var generator = SeededGenerator(71)
    let latents = generator.latents(300, 5)
    let ids = (0..<300).map { _ in Int.random(in: 0..<12, using: &generator) }
    var whole = TokenIdentityMetrics(latentCount: 5, frequentCount: 3)
    try whole.update(EncodedBatch(latents: latents, tokenIDs: ids))
    var merged = TokenIdentityMetrics(latentCount: 5, frequentCount: 3)
    for range in [40..<300, 0..<1, 1..<40] {
      var part = TokenIdentityMetrics(latentCount: 5, frequentCount: 3)
      try part.update(
        EncodedBatch(latents: latents[tokens: range], tokenIDs: Array(ids[range])))
      try merged.merge(part)
    }
    let (a, b) = (merged.value, whole.value)
    #expect(a.frequentTokens == b.frequentTokens && a.trivialLatents == b.trivialLatents)
    for (left, right) in zip(a.latents, b.latents) {
      #expect(left?.topToken == right?.topToken && left?.firings == right?.firings)
      #expect(left?.tokenEntropy == right?.tokenEntropy)
      #expect(
        agree(left?.tokenIdentityRSquared, right?.tokenIdentityRSquared, 1e-12))
      #expect(agree(left?.topTokenMassShare, right?.topTokenMassShare, 1e-12))
    }
  }
}
