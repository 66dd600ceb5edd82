import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct SparsityMetricsTests {
  static func measure(
    _ value: SparsityMetrics.Value, _ name: String, edges: [Double]
  ) -> any Measured {
    switch name {
    case "tokens": value.tokens
    case "l0": value.l0
    case "l1": value.l1
    case "firing_counts": value.firingCounts
    case "density": value.density
    case "log10_density": value.logDensity
    case "dead_count": value.latentsThatNeverFired?.count
    case "dead_latents": value.latentsThatNeverFired
    case "alive_fraction": value.aliveFraction
    case "tokens_since_fired": value.tokensSinceFired
    case "dense_latents_0.01": value.denseLatents(threshold: 0.01)
    case "dense_latents_0.1": value.denseLatents()
    case "dense_latents_0.2": value.denseLatents(threshold: 0.2)
    case "fraction_of_latents_over_1_percent": value.fractionOfLatents(denserThan: 0.01)
    case "share_of_firings_over_1_percent": value.shareOfFirings(denserThan: 0.01)
    case "fraction_of_latents_over_10_percent": value.fractionOfLatents(denserThan: 0.1)
    case "share_of_firings_over_10_percent": value.shareOfFirings(denserThan: 0.1)
    case "log_density_histogram": value.logDensityHistogram(edges: edges)
    case "mean_activation_when_active": value.meanActivationWhenActive
    case "max_activation": value.maximumActivation
    case "firings_per_active_prompt": value.firingsPerActiveContext
    default: Unmeasured()
    }
  }

  static func accumulate(
    _ latents: SparseLatents, mask: TokenMask = .all, contextLength: Int? = nil, cuts: [Range<Int>]
  ) throws -> SparsityMetrics {
    var metrics = SparsityMetrics(latentCount: latents.latentCount)
    for range in cuts {
      let contexts = contextLength.map { length in range.map { $0 / length } }
      try metrics.update(
        EncodedBatch(
          latents: latents[tokens: range],
          mask: TokenMask(mask[range].counts, contexts: contexts)))
    }
    return metrics
  }

  @Test func agreesWithFixtures() throws {
    try forEachCase("sparsity") { fixture in
      let dense = try fixture.matrix("latents")
      var latents = SparseLatents(dense: dense)
      if fixture.has("row_offsets") {
        let given = try SparseLatents(
          latentCount: dense.columns, rowOffsets: fixture.integers("row_offsets"),
          indices: fixture.integers("indices").map { UInt32($0) },
          values: fixture.tensor("values").floats())
        #expect(given == latents, "\(fixture.name): sparse rows and dense matrix differ")
        latents = given
      }
      let contextLength = fixture.parameters["context_length"]?.integer
      let edges = fixture.parameters["log_density_edges"]?.numbers ?? []
      let values = try fixture.cuts(latents.tokens).map {
        try Self.accumulate(
          latents, mask: fixture.mask, contextLength: contextLength, cuts: $0
        ).value
      }
      for value in values {
        fixture.check { name in
          name == "l0_per_token"
            ? latents.activeCounts() : Self.measure(value, name, edges: edges)
        }
      }
      #expect(values.allSatisfy { $0 == values[0] }, "\(fixture.name)")
    }
  }

  /// Four tokens, three latents: latent 0 holds 1, −3, nothing, 2 (and an entry of 0 on the third
  /// token, which is not active); latent 1 holds 5 on the last token; latent 2 nothing.
  /// L0: 1, 1, 0, 2, so the mean is 1; Σ|z| = 1 + 3 + 7 = 11, a mean of 11/4. Latent 0's mean when
  /// active is 0.
  @Test func handCase() throws {
    let latents = try SparseLatents(
      latentCount: 3, rowOffsets: [0, 1, 2, 3, 5], indices: [0, 0, 0, 0, 1],
      values: [1, -3, 0, 2, 5])
    let value = try Self.accumulate(latents, contextLength: 2, cuts: [0..<4]).value
    #expect(value.tokens == 4)
    #expect(value.l0 == 1)
    #expect(value.l1 == 11.0 / 4)
    #expect(value.tokensByL0 == [1, 2, 1])
    #expect(value.l0Quantile(0.25) == 0 && value.l0Quantile(0.5) == 1 && value.l0Quantile(1) == 2)
    #expect(value.firingCounts == [3, 1, 0])
    #expect(value.density == [0.75, 0.25, 0])
    #expect(value.latentsThatNeverFired == [2])
    #expect(value.tokensSinceFired == [0, 0, 4])
    #expect(value.meanActivationWhenActive == [0, 5, nil])
    #expect(value.maximumActivation == [2, 5, 0])
    #expect(value.firingsPerActiveContext == [1.5, 1, nil])
    #expect(latents.activeCounts() == [1, 1, 0, 2])
  }

  /// Unequal batches, where a mean of means would be wrong.
  @Test func mergingAgreesWithOnePass() throws {
    var generator = SeededGenerator(7)
    let latents = generator.latents(1000, 12)
    let whole = try Self.accumulate(latents, contextLength: 1, cuts: [0..<1000]).value
    let cuts = [0..<1, 1..<8, 8..<1000]
    var merged = SparsityMetrics(latentCount: 12)
    for range in cuts {
      var part = SparsityMetrics(latentCount: 12)
      try part.update(
        EncodedBatch(latents: latents[tokens: range], mask: TokenMask(contexts: Array(range))))
      try merged.merge(part)
    }
    let value = merged.value
    #expect(value.firingCounts == whole.firingCounts && value.tokensByL0 == whole.tokensByL0)
    #expect(value.tokensSinceFired == whole.tokensSinceFired)
    #expect(value.firingsPerActiveContext == whole.firingsPerActiveContext)
    #expect(value.maximumActivation == whole.maximumActivation)
    #expect(agree(value.l1, whole.l1, 1e-12))
    for (a, b) in zip(value.meanActivationWhenActive, whole.meanActivationWhenActive) {
      #expect(agree(a, b, 1e-12))
    }
  }

  @Test func notANumberIsNotAveragedAway() throws {
    let latents = try SparseLatents(
      latentCount: 2, rowOffsets: [0, 1, 2, 3], indices: [0, 0, 1], values: [.nan, 3, 1])
    let value = try Self.accumulate(latents, cuts: [0..<3]).value
    #expect(value.nonFiniteTokens == 1)
    #expect(value.l1?.isNaN == true && value.l0 == 1)
    #expect(value.maximumActivation[0].isNaN && value.maximumActivation[1] == 1)
    #expect(value.meanActivationWhenActive[0]?.isNaN == true)
    let masked = try Self.accumulate(latents, mask: [false, true, true], cuts: [0..<3]).value
    #expect(masked.nonFiniteTokens == 0 && masked.l1 == 2)
  }

  @Test func withoutLatentsOrTokensThereIsNothingToSay() throws {
    let noTokens = SparsityMetrics(latentCount: 2).value
    #expect(noTokens.l0 == nil && noTokens.density == [nil, nil])
    #expect(noTokens.aliveFraction == nil && noTokens.l0Quantile(0.5) == nil)
    let noLatents = try Self.accumulate(
      SparseLatents(dense: Matrix(rows: 2, columns: 0)), cuts: [0..<2]
    ).value
    #expect(noLatents.l0 == 0 && noLatents.aliveFraction == nil)
    #expect(noLatents.fractionOfLatents(denserThan: 0.1) == nil)
  }

  @Test func wrongSizesAreErrors() {
    var metrics = SparsityMetrics(latentCount: 3)
    let latents = SparseLatents(dense: Matrix(rows: 2, columns: 4))
    #expect(throws: ShapeError("latent activations", "latents", expected: 3, found: 4)) {
      try metrics.update(EncodedBatch(latents: latents))
    }
    let fitting = SparseLatents(dense: Matrix(rows: 2, columns: 3))
    #expect(throws: ShapeError("contexts", "tokens", expected: 2, found: 1)) {
      try metrics.update(EncodedBatch(latents: fitting, mask: TokenMask(contexts: [0])))
    }
  }
}
