import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct ReconstructionMetricsTests {
  typealias Value = ReconstructionMetrics.Value

  /// The metrics of a name in the fixtures.
  static func measure(_ value: Value, _ name: String) -> any Measured {
    switch name {
    case "tokens": value.tokens
    case "mse": value.meanSquaredError
    case "mean_squared_error_per_element": value.meanSquaredErrorPerElement
    case "mean_error_norm": value.meanErrorNorm
    case "total_variance": value.totalVariance
    case "fve", "fve_float64": value.fractionOfVarianceExplained
    case "fve_centred_residual": value.centeredResidualFractionOfVarianceExplained
    case "fve_mean_per_dimension": value.meanPerDimensionFractionOfVarianceExplained
    case "fve_uncentred": value.uncenteredFractionOfVarianceExplained
    case "fve_scalar_centred": value.scalarCenteredFractionOfVarianceExplained
    case "normalised_mse": value.normalizedMeanSquaredError
    case "cosine": value.cosineSimilarity
    case "norm_in": value.meanActivationNorm
    case "norm_out": value.meanReconstructionNorm
    case "norm_ratio": value.normRatio
    case "relative_reconstruction_bias": value.relativeReconstructionBias
    case "cosine_skipped": value.cosineSkippedTokens
    case "norm_ratio_skipped": value.normRatioSkippedTokens
    case "constant_dimensions": value.constantDimensions
    case "non_finite_tokens": value.nonFiniteTokens
    case "fraction_of_variance_unexplained": value.fractionOfVarianceUnexplained
    default: Unmeasured()
    }
  }

  static func accumulate(
    _ x: Matrix, _ y: Matrix, _ mask: TokenMask = .all, cuts: [Range<Int>]
  ) throws -> ReconstructionMetrics {
    var metrics = ReconstructionMetrics(width: x.columns)
    for range in cuts {
      try metrics.update(
        EncodedBatch(
          activations: Matrix(x[rows: range]), reconstruction: Matrix(y[rows: range]),
          mask: mask[range]))
    }
    return metrics
  }

  @Test func agreesWithFixtures() throws {
    try forEachCase("reconstruction") { fixture in
      let x = try fixture.matrix("activations")
      let y = try fixture.matrix("reconstruction")
      let mask = try fixture.mask
      let values = try fixture.cuts(x.rows).map {
        try Self.accumulate(x, y, mask, cuts: $0)
      }
      for metrics in values {
        try fixture.check { name in
          switch name {
          case "fve_mean_per_token":
            var second = PerTokenVarianceExplained(mean: metrics.activationMean ?? [])
            if x.rows > 0 {
              try second.update(EncodedBatch(activations: x, reconstruction: y, mask: mask))
            }
            return second.value
          case "mean_of_batch_fve_centred_residual":
            var begin = 0
            let batches = try #require(fixture.parameters["batches"]?.integers).map { length in
              defer { begin += length }
              return begin..<begin + length
            }
            let each = try batches.map {
              try #require(
                Self.accumulate(x, y, cuts: [$0]).value.centeredResidualFractionOfVarianceExplained)
            }
            return each.reduce(0, +) / Double(each.count)
          default: return Self.measure(metrics.value, name)
          }
        }
      }
      // Bit for bit, unless NaN makes equality false.
      if values[0].value.nonFiniteTokens == 0 {
        #expect(values.allSatisfy { $0.value == values[0].value }, "\(fixture.name)")
      }
    }
  }

  /// Tokens (1, 0), (3, 0), (0, 4) reconstructed as (1, 0), (2, 0), (0, 2).
  ///
  /// Squared errors 0, 1, 4: Σ = 5. x̄ = (4/3, 4/3); Σ‖x − x̄‖² = 26 − 3 · 32/9 = 46/3.
  /// r = 0, (1, 0), (0, 2); r̄ = (1/3, 2/3); Σ‖r − r̄‖² = 5 − 3 · 5/9 = 10/3.
  /// First dimension: Σr² = 1, Σ(x − x̄)² = 10 − 16/3 = 14/3; second: 4 and 16 − 16/3 = 32/3.
  /// Mean of all six elements 4/3: Σ(x − 4/3)² = 26 − 6 · 16/9 = 46/3.
  @Test func handCase() throws {
    let x = Matrix(rows: 3, columns: 2, values: [1, 0, 3, 0, 0, 4])
    let y = Matrix(rows: 3, columns: 2, values: [1, 0, 2, 0, 0, 2])
    let value = try Self.accumulate(x, y, cuts: [0..<3]).value
    #expect(agree(value.meanSquaredError, 5.0 / 3, 1e-15))
    #expect(agree(value.meanSquaredErrorPerElement, 5.0 / 6, 1e-15))
    #expect(agree(value.meanErrorNorm, 1, 1e-15))
    #expect(agree(value.totalVariance, 46.0 / 9, 1e-15))
    #expect(agree(value.fractionOfVarianceExplained, 1 - 15.0 / 46, 1e-15))
    #expect(agree(value.centeredResidualFractionOfVarianceExplained, 1 - 10.0 / 46, 1e-15))
    #expect(
      agree(
        value.meanPerDimensionFractionOfVarianceExplained, 1 - (3.0 / 14 + 12.0 / 32) / 2, 1e-15))
    #expect(agree(value.uncenteredFractionOfVarianceExplained, 1 - 5.0 / 26, 1e-15))
    #expect(agree(value.scalarCenteredFractionOfVarianceExplained, 1 - 15.0 / 46, 1e-15))
    #expect(agree(value.normalizedMeanSquaredError, (0 + 1.0 / 9 + 1.0 / 4) / 3, 1e-15))
    #expect(agree(value.cosineSimilarity, 1, 1e-15))
    #expect(agree(value.meanActivationNorm, 8.0 / 3, 1e-15))
    #expect(agree(value.meanReconstructionNorm, 5.0 / 3, 1e-15))
    #expect(agree(value.normRatio, (1 + 2.0 / 3 + 0.5) / 3, 1e-15))
    #expect(agree(value.relativeReconstructionBias, 9.0 / 15, 1e-15))
    // ‖x − x̄‖² of the tokens: 1/9 + 16/9, 25/9 + 16/9, 16/9 + 64/9.
    var perToken = PerTokenVarianceExplained(mean: [4.0 / 3, 4.0 / 3])
    try perToken.update(EncodedBatch(activations: x, reconstruction: y))
    #expect(agree(perToken.value, (1 + (1 - 9.0 / 41) + (1 - 36.0 / 80)) / 3, 1e-15))
  }

  /// Two tokens of very different norm: (3, 0) → (1, 0) and (0, 1000) → (0, 1000) around their mean:
  /// the pooled ratio is 1 − 4/500004.5, the mean of the two ratios about a thousand times further
  /// from 1.
  @Test func pooledRatioIsNotTheMeanOfRatios() throws {
    let x = Matrix(rows: 3, columns: 2, values: [3, 0, 0, 1000, 3, 0])
    let y = Matrix(rows: 3, columns: 2, values: [1, 0, 0, 1000, 3, 0])
    let metrics = try Self.accumulate(x, y, cuts: [0..<3])
    // x̄ = (2, 1000/3); Σ‖x − x̄‖² = 18 − 12 + 10⁶ · 2/3.
    let total = 6 + 2e6 / 3
    #expect(agree(metrics.value.fractionOfVarianceExplained, 1 - 4 / total, 1e-15))
    var perToken = PerTokenVarianceExplained(mean: try #require(metrics.activationMean))
    try perToken.update(EncodedBatch(activations: x, reconstruction: y))
    // ‖x₁ − x̄‖² = 1 + 10⁶/9.
    #expect(agree(perToken.value, 1 - 4 / (1 + 1e6 / 9) / 3, 1e-12))
  }

  @Test func sameBitsForAnyThreadsAndBatches() throws {
    var generator = SeededGenerator(1)
    let x = generator.matrix(301, 67, around: 40)
    let y = generator.matrix(301, 67, around: 40)
    let mask = TokenMask((0..<301).map { _ in Int.random(in: 0..<5, using: &generator) != 0 })
    let reference = try Self.accumulate(x, y, mask, cuts: [0..<301]).value
    for threads in [1, 2, 3, 7] {
      let cuts = randomCuts(301, &generator)
      let value = try Threads.withCount(threads) {
        try Self.accumulate(x, y, mask, cuts: cuts).value
      }
      #expect(value == reference, "\(threads) threads, batches \(cuts)")
    }
  }

  /// Any split, merged in any order, around a mean of 10⁶ with a spread of 1.
  @Test(arguments: [0, 1e6]) func mergingAgreesWithOnePass(center: Double) throws {
    var generator = SeededGenerator(2)
    let x = generator.matrix(500, 9, around: center)
    let y = generator.matrix(500, 9, around: center)
    let whole = try Self.accumulate(x, y, cuts: [0..<500]).value
    for cuts in [[0..<1, 1..<8, 8..<500], randomCuts(500, &generator)] {
      var parts = try cuts.map { try Self.accumulate(x, y, cuts: [$0]) }
      parts.shuffle(using: &generator)
      var merged = ReconstructionMetrics(width: 9)
      for part in parts { try merged.merge(part) }
      Self.expectAgreement(merged.value, whole, 1e-12)
    }
  }

  static func expectAgreement(
    _ a: Value, _ b: Value, _ tolerance: Double, except: Set<String> = []
  ) {
    let names = [
      "mse", "mean_error_norm", "total_variance", "fve", "fve_centred_residual",
      "fve_mean_per_dimension", "fve_uncentred", "fve_scalar_centred", "normalised_mse", "cosine",
      "norm_in", "norm_out", "norm_ratio", "relative_reconstruction_bias", "tokens",
      "constant_dimensions",
    ]
    for name in names where !except.contains(name) {
      let (left, right) = (measure(a, name).json, measure(b, name).json)
      #expect(left.number != nil, "\(name) is not measured")
      #expect(
        left.matches(right, relative: tolerance, absolute: tolerance), "\(name): \(left), \(right)")
    }
  }

  /// Batches of 1, 7 and 992 tokens around a mean far off: the pooled value, computed here in two
  /// passes in double, and not a mean over batches.
  @Test func unequalBatchesGiveThePooledValue() throws {
    var generator = SeededGenerator(5)
    let x = generator.matrix(1000, 3, around: 1e4)
    let y = Matrix(rows: 1000, columns: 3) { x[$0, $1] + Float(0.25 * generator.uniform()) }
    var error = 0.0
    var variance = 0.0
    for column in 0..<3 {
      let values = (0..<1000).map { Double(x[$0, column]) }
      let mean = values.reduce(0, +) / 1000
      variance += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      error += (0..<1000).reduce(0.0) {
        let r = Double(x[$1, column]) - Double(y[$1, column])
        return $0 + r * r
      }
    }
    let value = try Self.accumulate(x, y, cuts: [0..<1, 1..<8, 8..<1000]).value
    #expect(agree(value.fractionOfVarianceExplained, 1 - error / variance, 1e-12))
    #expect(agree(value.totalVariance, variance / 1000, 1e-12))
    #expect(agree(value.meanSquaredError, error / 1000, 1e-12))
  }

  static let norms: Set<String> = [
    "mse", "mean_error_norm", "total_variance", "norm_in", "norm_out",
  ]

  /// Powers of two scale exactly; shifts by whole numbers of multiples of 2⁻¹⁰ are exact as well.
  @Test func sharesOfVarianceIgnoreScaleShiftAndRotation() throws {
    var generator = SeededGenerator(3)
    func grid() -> Float { Float(Int.random(in: -4096...4096, using: &generator)) / 1024 }
    let x = Matrix(rows: 64, columns: 6, values: (0..<384).map { _ in grid() })
    let y = Matrix(rows: 64, columns: 6, values: (0..<384).map { _ in grid() })
    let plain = try Self.accumulate(x, y, cuts: [0..<64]).value
    func mapped(_ body: (Matrix, Int, Int) -> Float) throws -> Value {
      try Self.accumulate(
        Matrix(rows: 64, columns: 6) { body(x, $0, $1) },
        Matrix(rows: 64, columns: 6) { body(y, $0, $1) }, cuts: [0..<64]
      ).value
    }
    Self.expectAgreement(try mapped { 8 * $0[$1, $2] }, plain, 1e-13, except: Self.norms)

    let centered: Set<String> = [
      "fve_uncentred", "normalised_mse", "cosine", "norm_in", "norm_out", "norm_ratio",
      "relative_reconstruction_bias",
    ]
    Self.expectAgreement(
      try mapped { $0[$1, $2] + Float(16 * ($2 + 1)) }, plain, 1e-12,
      except: centered.union(["fve_scalar_centred"]))
    Self.expectAgreement(try mapped { $0[$1, $2] + 32 }, plain, 1e-12, except: centered)

    // A rotation by the angle of (3, 4, 5) in each pair of dimensions, scaled by 5 to be exact.
    let rotated = try mapped { m, row, column in
      let (a, b) = (m[row, column & ~1], m[row, column | 1])
      return column % 2 == 0 ? 3 * a - 4 * b : 4 * a + 3 * b
    }
    Self.expectAgreement(
      rotated, plain, 1e-12,
      except: Self.norms.union(["fve_mean_per_dimension", "fve_scalar_centred"]))
  }

  @Test func conventionsAreOrdered() throws {
    var generator = SeededGenerator(4)
    for seed in 0..<8 {
      let x = generator.matrix(20, 5, around: Double(seed))
      let y = generator.matrix(20, 5, around: Double(seed) + 0.3)
      let value = try Self.accumulate(x, y, cuts: [0..<20]).value
      let a = try #require(value.fractionOfVarianceExplained)
      let b = try #require(value.centeredResidualFractionOfVarianceExplained)
      let e = try #require(value.uncenteredFractionOfVarianceExplained)
      let g = try #require(value.scalarCenteredFractionOfVarianceExplained)
      #expect(b >= a && e >= g && g >= a)
    }
  }

  @Test func infinityIsNotAveragedAway() throws {
    var x = Matrix(rows: 4, columns: 2, values: [1, 2, 3, 4, 5, 6, 7, 9])
    let y = Matrix(rows: 4, columns: 2, values: [1, 2, 3, 4, 5, 6, 7, 8])
    for bad in [Float.infinity, -.infinity, .nan] {
      x[2, 1] = bad
      let value = try Self.accumulate(x, y, cuts: [0..<1, 1..<4]).value
      #expect(value.nonFiniteTokens == 1)
      for name in ["mse", "fve", "total_variance", "norm_in", "cosine", "normalised_mse"] {
        #expect(Self.measure(value, name).json.number?.isNaN == true, "\(name)")
      }
      #expect(value.meanReconstructionNorm?.isNaN == false)
      let masked = try Self.accumulate(x, y, [true, true, false, true], cuts: [0..<4]).value
      #expect(masked.nonFiniteTokens == 0 && masked.tokens == 3)
      #expect(agree(masked.meanSquaredError, 1.0 / 3, 1e-15))
    }
  }

  @Test func wrongShapesAreErrors() {
    var metrics = ReconstructionMetrics(width: 3)
    let x = Matrix(rows: 2, columns: 3)
    #expect(throws: ShapeError("reconstruction", "columns", expected: 3, found: 4)) {
      try metrics.update(EncodedBatch(activations: x, reconstruction: Matrix(rows: 2, columns: 4)))
    }
    #expect(throws: ShapeError("reconstruction", "rows", expected: 2, found: 1)) {
      try metrics.update(EncodedBatch(activations: x, reconstruction: Matrix(rows: 1, columns: 3)))
    }
    #expect(throws: ShapeError("mask", "tokens", expected: 2, found: 1)) {
      try metrics.update(EncodedBatch(activations: x, reconstruction: x, mask: [true]))
    }
    #expect(throws: ShapeError.self) { try metrics.merge(ReconstructionMetrics(width: 4)) }
  }
}
