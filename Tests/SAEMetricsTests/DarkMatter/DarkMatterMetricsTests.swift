import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct DarkMatterMetricsTests {
  static func fit(
    _ x: Matrix, _ y: Matrix, _ cuts: [Range<Int>], penalty: Double, intercept: Bool = true
  ) throws -> LinearErrorPrediction {
    var regression = LinearErrorRegression(width: x.columns)
    for range in cuts {
      try regression.update(
        EncodedBatch(activations: Matrix(x[rows: range]), reconstruction: Matrix(y[rows: range])))
    }
    return try regression.fit(penalty: penalty, intercept: intercept)
  }

  static func score(
    _ prediction: LinearErrorPrediction, _ x: Matrix, _ y: Matrix, _ cuts: [Range<Int>]
  ) throws -> DarkMatterMetrics.Value {
    var metrics = DarkMatterMetrics(prediction: prediction)
    for range in cuts {
      try metrics.update(
        EncodedBatch(activations: Matrix(x[rows: range]), reconstruction: Matrix(y[rows: range])))
    }
    return metrics.value
  }

  static func measure(_ value: DarkMatterMetrics.Value, _ name: String) -> any Measured {
    switch name {
    case "r2_error_norm": value.errorNormRSquared
    case "r2_error": value.errorRSquared
    case "r2_error_pooled": value.pooledErrorRSquared
    case "fvu": value.fractionOfVarianceUnexplained
    case "fvu_nonlinear": value.nonlinearFractionOfVarianceUnexplained
    case "fvu_linear": value.linearFractionOfVarianceUnexplained
    case "linear_share": value.linearShare
    default: Unmeasured()
    }
  }

  @Test func agreesWithFixtures() throws {
    try forEachCase("dark_matter") { fixture in
      let x = try fixture.matrix("activations")
      let y = try fixture.matrix("reconstruction")
      let training = try #require(fixture.parameters["training_tokens"]?.integer)
      let heldOut = training..<x.rows
      if fixture.has("tokens") {
        let ids = try fixture.integers("tokens")
        var baselines = ErrorNormBaselines()
        for (range, isTraining) in [(0..<training, true), (heldOut, false)] {
          try baselines.update(
            EncodedBatch(
              activations: Matrix(x[rows: range]), reconstruction: Matrix(y[rows: range]),
              tokenIDs: Array(ids[range])), isTraining: isTraining)
        }
        fixture.check {
          switch $0 {
          case "r2_token_mean": baselines.tokenMeanRSquared
          case "r2_activation_norm": baselines.activationNormRSquared
          default: Unmeasured()
          }
        }
        return
      }
      let alpha = try #require(fixture.parameters["alpha"]?.number)
      let intercept = try #require(fixture.parameters["intercept"]) == .flag(true)
      // The chunks cut all tokens; those that straddle the split are cut there as well.
      let values = try fixture.cuts(x.rows).prefix(2).map { cuts in
        let prediction = try Self.fit(
          x, y, cuts.map { $0.clamped(to: 0..<training) }, penalty: alpha, intercept: intercept)
        let value = try Self.score(prediction, x, y, cuts.map { $0.clamped(to: heldOut) })
        return (prediction.penalty, value)
      }
      for (penalty, value) in values {
        fixture.check { name in
          let name = name.hasPrefix("population_") ? String(name.dropFirst(11)) : name
          return name == "penalty" ? penalty : Self.measure(value, name)
        }
      }
      #expect(values.allSatisfy { $0 == values[0] }, "\(fixture.name): not bit-identical")
    }
  }

  /// One dimension, trained on x = 0, 2 with errors 1, 3 (x̂ = −1, −1): slope 1, intercept 1; for
  /// ‖e‖² = 1, 9: slope 4, intercept 1. Held out: x = 1, 3 with errors 2, 6 (x̂ = −1, −3): predicted
  /// errors 2, 4, so Σ(e − ê)² = 4; Σe² = 40; ē = 4, Σ(e − ē)² = 8; x̄ = 2, Σ(x − x̄)² = 2.
  /// ‖e‖² = 4, 36, mean 20, spread 512, predicted 5, 13: squares of the differences 1 + 529.
  @Test func handCase() throws {
    let prediction = try Self.fit(
      Matrix(rows: 2, columns: 1, values: [0, 2]), Matrix(rows: 2, columns: 1, values: [-1, -1]),
      [0..<2], penalty: 0)
    let value = try Self.score(
      prediction, Matrix(rows: 2, columns: 1, values: [1, 3]),
      Matrix(rows: 2, columns: 1, values: [-1, -3]), [0..<2])
    #expect(value.trainingTokens == 2 && value.tokens == 2)
    #expect(agree(value.fractionOfVarianceUnexplained, 20, 1e-14))
    #expect(agree(value.nonlinearFractionOfVarianceUnexplained, 2, 1e-14))
    #expect(agree(value.linearFractionOfVarianceUnexplained, 18, 1e-14))
    #expect(agree(value.linearShare, 0.9, 1e-14))
    #expect(agree(value.errorRSquared, 0.5, 1e-14))
    #expect(agree(value.pooledErrorRSquared, 0.5, 1e-14))
    #expect(agree(value.errorNormRSquared, 1 - 530.0 / 512, 1e-13))
  }

  /// ‖e‖² = 1 and 5 at ‖x‖ = 1 and 3 while training: the line 2‖x‖ − 1. Held out 3 and 9 at 2 and 4,
  /// predicted 3 and 7: R² = 1 − 4/18. The first three are of one token id, with mean 3: of the 35
  /// around the mean of all, 4.5, they keep 8.
  @Test func baselinesByHand() throws {
    var baselines = ErrorNormBaselines()
    let x = Matrix(rows: 4, columns: 3, values: [1, 0, 0, 3, 0, 0, 2, 0, 0, 4, 0, 0])
    let errors = Matrix(rows: 4, columns: 3, values: [1, 0, 0, 1, 2, 0, 1, 1, 1, 3, 0, 0])
    var y = x
    y.add(errors, times: -1)
    for (rows, isTraining) in [(0..<2, true), (2..<4, false)] {
      try baselines.update(
        EncodedBatch(
          activations: Matrix(x[rows: rows]), reconstruction: Matrix(y[rows: rows]),
          tokenIDs: Array([7, 7, 7, 3][rows])), isTraining: isTraining)
    }
    #expect(agree(baselines.activationNormRSquared, 1 - 4.0 / 18, 1e-13))
    #expect(agree(baselines.tokenMeanRSquared, 1 - 8.0 / 35, 1e-13))
    try baselines.update(EncodedBatch(activations: x, reconstruction: y), isTraining: false)
    #expect(baselines.tokenMeanRSquared == nil)
    #expect(baselines.activationNormRSquared != nil)
  }

  /// Merged sums solve to the same weights; width 70 crosses the blocks of products and factors.
  @Test func mergingAgreesWithOnePass() throws {
    var generator = SeededGenerator(11)
    let x = generator.matrix(400, 70, around: 100)
    let y = generator.matrix(400, 70, around: 100)
    let whole = try Self.fit(x, y, [0..<400], penalty: 1e-3)
    var merged = LinearErrorRegression(width: 70)
    for range in [250..<400, 0..<1, 1..<250] {
      var part = LinearErrorRegression(width: 70)
      try part.update(
        EncodedBatch(activations: Matrix(x[rows: range]), reconstruction: Matrix(y[rows: range])))
      try merged.merge(part)
    }
    let prediction = try merged.fit(penalty: 1e-3)
    #expect(agree(prediction.penalty, whole.penalty, 1e-12))
    for (a, b) in zip(prediction.weights.values, whole.weights.values) {
      #expect(agree(a, b, 1e-9))
    }
    let one = try Self.score(whole, x, y, [0..<400])
    var parts = DarkMatterMetrics(prediction: whole)
    for range in [300..<400, 0..<300] {
      var part = DarkMatterMetrics(prediction: whole)
      try part.update(
        EncodedBatch(activations: Matrix(x[rows: range]), reconstruction: Matrix(y[rows: range])))
      try parts.merge(part)
    }
    for name in [
      "r2_error_norm", "r2_error", "r2_error_pooled", "fvu", "fvu_nonlinear", "fvu_linear",
      "linear_share",
    ] {
      let (a, b) = (Self.measure(parts.value, name).json, Self.measure(one, name).json)
      #expect(a.matches(b, relative: 1e-12, absolute: 1e-12), "\(name): \(a), \(b)")
    }
  }

  @Test func sameBitsForAnyThreads() throws {
    var generator = SeededGenerator(12)
    let x = generator.matrix(300, 37)
    let y = generator.matrix(300, 37)
    let predictions = try [1, 2, 5].map { threads in
      try Threads.withCount(threads) {
        try Self.fit(x, y, randomCuts(300, &generator), penalty: 1e-6)
      }
    }
    for prediction in predictions { #expect(prediction.weights == predictions[0].weights) }
  }

  /// The linear part of the error is what the regression was made to say.
  @Test func linearPartIsRecovered() throws {
    var generator = SeededGenerator(13)
    let x = generator.matrix(200, 5, around: 3)
    let y = Matrix(rows: 200, columns: 5) { x[$0, $1] - 0.25 * x[$0, ($1 + 1) % 5] - 1 }
    let prediction = try Self.fit(x, y, [0..<200], penalty: 0)
    let part = try prediction.linearPart(x)
    for row in 0..<200 {
      for column in 0..<5 {
        #expect(abs(part[row, column] - (x[row, column] - y[row, column])) < 1e-5)
      }
    }
    #expect(prediction.hasEnoughTokens)
  }

  /// The hidden numbers enter x linearly and bend their own square: an error made of the square
  /// alone is nonlinear, one of the linear part is linear.
  @Test func syntheticNonlinearPartIsDarkMatter() throws {
    var options = SyntheticOptions(width: 20, featureCount: 30, l0: 4)
    options.nonlinear = 0.2
    let synthetic = try SyntheticActivations(options, seed: 2)
    let training = synthetic.sample(0..<3000)
    let heldOut = synthetic.sample(3000..<5000)
    func without(_ sample: SyntheticActivations.Sample) -> Matrix {
      var x = sample.activations
      x.add(sample.nonlinearPart, times: -1)
      return x
    }
    // The square stands in x itself, in a subspace of its own, and can be read off there up to what
    // the features put into it: only part of it is dark.
    let prediction = try Self.fit(
      training.activations, without(training), [0..<3000], penalty: 1e-6)
    let value = try Self.score(
      prediction, heldOut.activations, without(heldOut), [0..<2000])
    let seen = try #require(value.linearShare)
    // Regressed on what x would be without it, none of it is linear.
    var shifted = without(training)
    shifted.add(training.nonlinearPart, times: -1)
    let blind = try Self.fit(without(training), shifted, [0..<3000], penalty: 1e-6)
    var heldShifted = without(heldOut)
    heldShifted.add(heldOut.nonlinearPart, times: -1)
    let unseen = try #require(
      Self.score(blind, without(heldOut), heldShifted, [0..<2000]).linearShare)
    #expect(abs(unseen) < 0.05 && seen > 0.3)
  }

  @Test func whatCannotBeFittedIsAnError() throws {
    var regression = LinearErrorRegression(width: 2)
    #expect(
      throws: OptionError(
        "linear part of the error", expected: "training tokens", found: "none")
    ) { try regression.fit() }
    let x = Matrix(rows: 3, columns: 2, values: [1, 2, 2, 4, 3, 6])
    try regression.update(EncodedBatch(activations: x, reconstruction: Matrix(rows: 3, columns: 2)))
    #expect(
      throws: OptionError(
        "linear part of the error", expected: "more tokens, or a larger penalty",
        found: "3 tokens of width 2, which do not determine it with a penalty of 0.0")
    ) {
      try regression.fit(penalty: 0)
    }
    #expect(try regression.fit(penalty: 1e-6).trainingTokens == 3)
    try regression.update(
      EncodedBatch(
        activations: Matrix(rows: 1, columns: 2, values: [.nan, 0]),
        reconstruction: Matrix(rows: 1, columns: 2)))
    #expect(
      throws: OptionError(
        "linear part of the error", expected: "finite activations and reconstructions",
        found: "1 tokens with NaN or infinity")
    ) { try regression.fit() }
  }

  @Test func notFiniteHeldOutTokensAreNotAveragedAway() throws {
    let x = Matrix(rows: 4, columns: 1, values: [0, 1, 2, 4])
    let prediction = try Self.fit(x, Matrix(rows: 4, columns: 1), [0..<4], penalty: 0)
    let bad = Matrix(rows: 4, columns: 1, values: [0, .infinity, 2, 4])
    let value = try Self.score(prediction, bad, x, [0..<4])
    #expect(value.nonFiniteTokens == 1 && value.linearShare?.isNaN == true)
    #expect(value.fractionOfVarianceUnexplained?.isNaN == true)
    #expect(DarkMatterMetrics(prediction: prediction).value.linearShare == nil)
  }
}
