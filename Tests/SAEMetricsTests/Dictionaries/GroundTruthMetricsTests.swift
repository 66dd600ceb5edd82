import SAECore
import Testing

@testable import SAEMetrics

@Suite struct GroundTruthMetricsTests {
  @Test func agreesWithFixtures() throws {
    try forEachCase("ground_truth") { fixture in
      let (decoder, features) = (try fixture.matrix("decoder"), try fixture.matrix("features"))
      let latents = SparseLatents(dense: try fixture.matrix("latents"))
      let truth = SparseLatents(dense: try fixture.matrix("true_activations"))
      var merged = try GroundTruthMetrics(decoder: decoder, features: features)
      for range in [100..<latents.tokens, 0..<100] {
        var part = try GroundTruthMetrics(decoder: decoder, features: features)
        try part.update(latents[tokens: range], truth: truth[tokens: range])
        try merged.merge(part)
      }
      let value = merged.value
      var reconstruction = ReconstructionMetrics(width: decoder.columns)
      try reconstruction.update(
        EncodedBatch(
          activations: fixture.matrix("activations"),
          reconstruction: fixture.matrix("reconstruction")))
      try fixture.check {
        switch $0 {
        case "mcc":
          try DictionaryMatching(decoder, features, measure: .absoluteCosine).meanCosine
        case "uniqueness": try DictionarySimilarity(decoder, features).uniqueness
        case "precision": value.precision
        case "recall": value.recall
        case "f1_score": value.f1
        case "accuracy": value.accuracy
        case "sae_l0": value.l0
        case "true_l0": value.trueL0
        case "dead_latents": value.deadLatents
        case "shrinkage": reconstruction.value.normRatio
        case "explained_variance": reconstruction.value.fractionOfVarianceExplained
        case "best_match": merged.nearestFeatures
        case "true_positives": value.truePositives
        case "false_positives": value.falsePositives
        case "false_negatives": value.falseNegatives
        default: Unmeasured()
        }
      }
    }
  }

  /// Feature 0 is there on tokens 0 and 1; latent 0 points along it and fires on 1 and 2: one true
  /// positive, one false positive, one false negative, one true negative. Latent 1 points along
  /// feature 1, which is there on token 3 only, and is dead.
  @Test func handCase() throws {
    let features = Matrix(rows: 2, columns: 2, values: [1, 0, 0, 1])
    var metrics = try GroundTruthMetrics(
      decoder: Matrix(rows: 2, columns: 2, values: [-3, 0.1, 0, 2]), features: features)
    try metrics.update(
      SparseLatents(dense: Matrix(rows: 4, columns: 2, values: [0, 0, 1, 0, 2, 0, 0, 0])),
      truth: SparseLatents(dense: Matrix(rows: 4, columns: 2, values: [1, 0, 1, 0, 0, 0, 0, 3])))
    let value = metrics.value
    #expect(metrics.nearestFeatures == [0, 1])
    #expect(value.truePositives == [1, 0] && value.falsePositives == [1, 0])
    #expect(value.falseNegatives == [1, 1] && value.deadLatents == 1)
    #expect(value.precision == 0.25 && value.recall == 0.25 && value.f1 == 0.25)
    #expect(value.accuracy == (0.5 + 0.75) / 2)
    #expect(value.matthewsCorrelation == 0)
    #expect(value.l0 == 0.5 && value.trueL0 == 0.75)
    #expect(try GroundTruthMetrics(decoder: features, features: features).value.f1 == nil)
  }

  /// The true dictionary with the true codes is perfect, whatever the order of its rows.
  @Test func trueDictionaryIsPerfect() throws {
    var options = SyntheticOptions(width: 16, featureCount: 20, l0: 3)
    options.zipfExponent = 0.5
    let synthetic = try SyntheticActivations(options, seed: 1)
    let sample = synthetic.sample(0..<500)
    var metrics = try GroundTruthMetrics(
      decoder: synthetic.features, features: synthetic.features)
    try metrics.update(sample.features, truth: sample.features)
    let value = metrics.value
    #expect(value.deadLatents == 0)
    #expect(value.precision == 1 && value.recall == 1 && value.f1 == 1 && value.accuracy == 1)
    #expect(agree(value.matthewsCorrelation, 1, 1e-12))
    #expect(value.l0 == value.trueL0)
  }
}
