import SAECore
import SAEModels
import Testing

@testable import SAEMetrics

/// All that SAELens reports of a tiny model, from what passed through its hook point.
@Suite struct EndToEndTests {
  @Test func agreesWithFixtures() throws {
    try forEachCase("saelens_end_to_end") { fixture in
      let mask = try fixture.mask
      let x = try fixture.matrix("activations")
      let latents = SparseLatents(dense: try fixture.matrix("latents"))
      let length = try #require(fixture.parameters["context_length"]?.integer)
      let encoder = try DictionaryGeometry(
        decoder: fixture.matrix("decoder"), encoder: fixture.matrix("encoder")
      ).encoder
      let losses = try PeerLossTests.accumulate(fixture).value
      for cuts in try fixture.cuts(x.rows) {
        let reconstruction = try ReconstructionMetricsTests.accumulate(
          x, fixture.matrix("reconstruction"), mask, cuts: cuts
        ).value
        let sparsity = try SparsityMetricsTests.accumulate(
          latents, mask: mask, contextLength: length, cuts: cuts
        ).value
        fixture.check { name in
          switch name {
          case "encoder_norm": return encoder?.encoderNorms ?? []
          case "encoder_decoder_cosine": return encoder?.encoderDecoderCosines ?? []
          default:
            let candidates: [any Measured] = [
              ReconstructionMetricsTests.measure(reconstruction, name),
              SparsityMetricsTests.measure(sparsity, name, edges: []),
              PeerLossTests.measure(losses, name),
            ]
            return candidates.first { !($0 is Unmeasured) } ?? Unmeasured()
          }
        }
      }
    }
  }

  /// A group that no suite reads would pass unseen.
  @Test func everyGroupHasASuite() throws {
    let known: Set = [
      "absorption", "dark_matter", "description_length", "domain_report", "geometry",
      "ground_truth", "interpretation", "loss_recovered", "matching", "probing",
      "reconstruction", "saelens_end_to_end", "sparsity", "token_identity",
    ]
    #expect(try Set(MetricFixtures.groups()) == known)
  }
}
