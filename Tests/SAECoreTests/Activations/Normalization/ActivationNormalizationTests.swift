import SAETestSupport
import Testing

@testable import SAECore

@Suite struct ActivationNormalizationTests {
  static func activations(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, column in
      Float(generator.gaussian() * Double(column + 1) + 2)
    }
  }

  static func statistics(_ batches: [Matrix]) throws -> ActivationStatistics {
    func pass(_ center: [Double]?) throws -> ActivationStatistics {
      var statistics = ActivationStatistics(
        dimension: batches[0].columns, includesCovariance: true, center: center)
      for batch in batches { try statistics.add(batch) }
      return statistics
    }
    return try pass(pass(nil).mean)
  }

  /// The batches as one, or one token at a time, or unevenly.
  @Test func statisticsDoNotDependOnBatches() throws {
    let all = ActivationNormalizationTests.activations(50, 6, seed: 1)
    let whole = try ActivationNormalizationTests.statistics([all])
    for split in [[1, 48, 1], Array(repeating: 1, count: 50), [7, 0, 43]] {
      var row = 0
      let parts = split.map { count -> Matrix in
        defer { row += count }
        return Matrix(all[rows: row..<row + count])
      }
      let found = try ActivationNormalizationTests.statistics(parts)
      #expect(found.tokens == 50)
      #expect(abs(found.meanNorm / whole.meanNorm - 1) < 1e-14)
      #expect(abs(found.meanSquaredNorm / whole.meanSquaredNorm - 1) < 1e-14)
      #expect(relativeDifference(found.mean, whole.mean) < 1e-14)
      #expect(
        relativeDifference(try #require(found.covariance), try #require(whole.covariance)) < 1e-13)
    }
  }

  @Test func statisticsByHand() throws {
    let batch = Matrix(rows: 2, columns: 2, values: [3, 4, 0, 2])
    let statistics = try ActivationNormalizationTests.statistics([batch])
    #expect(statistics.meanNorm == 3.5 && statistics.meanSquaredNorm == 14.5)
    #expect(statistics.mean == [1.5, 3])
    #expect(statistics.covariance == [4.5, 3, 3, 2])
    #expect(
      try ActivationNormalization.expectedAverageOnlyIn.scaling(fittedTo: statistics)
        == .factor(2.0.squareRoot() / 3.5))
    #expect(
      try ActivationNormalization.unitMeanSquaredNorm.scaling(fittedTo: statistics)
        == .factor(1 / 14.5.squareRoot()))
    // Both are half of (3, 2) from the mean, and half of that distance is left of the mean.
    let distance = Double(Float(3.25).squareRoot())
    #expect(statistics.center == [1.5, 3] && statistics.meanDistance == distance)
    let share = 1 - distance / 2 / 11.25.squareRoot()
    let scaling = try ActivationNormalization.centered.scaling(fittedTo: statistics)
    if case .centered(let factor, let center) = scaling {
      #expect(factor == 2.0.squareRoot() / distance)
      #expect(relativeDifference(center, [1.5 * share, 3 * share]) < 1e-14)
    } else {
      Issue.record("\(scaling)")
    }
    var plain = ActivationStatistics(dimension: 2)
    try plain.add(batch)
    #expect(plain.meanDistance == nil)
    #expect(
      refusedOption { _ = try ActivationNormalization.centered.scaling(fittedTo: plain) }
        == "statistics")
  }

  /// Whose squares are too large or too small for single precision.
  @Test(arguments: [1e20, 1e-20, 1e-36] as [Float]) func normsAtTheEnds(_ size: Float) throws {
    let batch = Matrix(rows: 2, columns: 2, values: [3 * size, 4 * size, -3 * size, -4 * size])
    let statistics = try ActivationNormalizationTests.statistics([batch])
    let expected = 5 * Double(size)
    #expect(abs(statistics.meanNorm / expected - 1) < 1e-6)
    #expect(abs(statistics.meanSquaredNorm / expected / expected - 1) < 1e-6)
    #expect(abs(try #require(statistics.meanDistance) / expected - 1) < 1e-6)
  }

  /// Covariance of activations with a mean far from 0, against two passes in double.
  @Test func covarianceFarFromZero() throws {
    var generator = RandomGenerator(seed: 2)
    let batch = Matrix(rows: 101, columns: 5) { _, column in
      Float(generator.gaussian() + 1000 * Double(column))
    }
    let found = try #require(try ActivationNormalizationTests.statistics([batch]).covariance)
    let mean = (0..<5).map { column in
      (0..<101).reduce(0.0) { $0 + Double(batch[$1, column]) } / 101
    }
    let expected = (0..<25).map { index in
      (0..<101).reduce(0.0) {
        $0 + (Double(batch[$1, index / 5]) - mean[index / 5])
          * (Double(batch[$1, index % 5]) - mean[index % 5])
      } / 100
    }
    // Σx² is up to 1.6·10⁹ a unit of variance; its rounding is what is left.
    #expect(relativeDifference(found, expected) < 1.6e9 * Double.ulpOfOne * 16)
  }

  @Test func whitenedActivationsHaveUnitCovariance() throws {
    let batch = ActivationNormalizationTests.activations(200, 7, seed: 3)
    let scaling = try ActivationNormalization.covarianceWhitening.scaling(
      fittedTo: ActivationNormalizationTests.statistics([batch]))
    let whitened = try scaling.scale(batch)
    let statistics = try ActivationNormalizationTests.statistics([whitened.activations])
    let covariance = try #require(statistics.covariance)
    for i in 0..<7 {
      #expect(abs(statistics.mean[i]) < 1e-5)
      for j in 0..<7 {
        // The least variance is 1, of which the regularization takes a thousandth.
        #expect(abs(covariance[i * 7 + j] - (i == j ? 1 : 0)) < 2e-3)
      }
    }
    let back = try whitened.restored(whitened.activations)
    #expect(relativeDifference(back.array, batch.array) < 1e-5)
  }

  @Test(arguments: ActivationNormalization.allCases)
  func restoringUndoesScaling(_ mode: ActivationNormalization) throws {
    let batch = ActivationNormalizationTests.activations(20, 9, seed: 4)
    let statistics = try ActivationNormalizationTests.statistics([batch])
    let scaling = try mode.scaling(fittedTo: statistics)
    let scaled = try scaling.scale(batch)
    let back = try scaled.restored(scaled.activations)
    // Layer norm divides by 10⁻⁵ more than it multiplies by.
    let bound = mode == .layerNorm ? 2e-5 : 4e-6
    #expect(relativeDifference(back.array, batch.array) < bound)
    #expect(scaling.isFoldable == (mode != .layerNorm && mode != .constantNormRescale))
    for threads in [1, 3] {
      let again = try Threads.withCount(threads) {
        try mode.scaling(fittedTo: ActivationNormalizationTests.statistics([batch])).scale(batch)
      }
      #expect(again.activations == scaled.activations)
    }
  }

  /// Differences of Σ weight · restored against the gradient: the map is affine, so that any step
  /// will do.
  @Test(arguments: ActivationNormalization.allCases)
  func gradientThroughRestoration(_ mode: ActivationNormalization) throws {
    let batch = ActivationNormalizationTests.activations(4, 5, seed: 5)
    let scaled = try mode.scaling(fittedTo: ActivationNormalizationTests.statistics([batch]))
      .scale(batch)
    let weights = ActivationNormalizationTests.activations(4, 5, seed: 6)
    func total(_ reconstruction: Matrix) throws -> Double {
      zip(try scaled.restored(reconstruction).array, weights.array)
        .reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let point = ActivationNormalizationTests.activations(4, 5, seed: 7)
    let gradient = try scaled.gradientBeforeRestoration(weights)
    let start = try total(point)
    for index in 0..<20 {
      var moved = point
      moved[index / 5, index % 5] += 64
      let slope = (try total(moved) - start) / 64
      #expect(abs(slope - Double(gradient[index / 5, index % 5])) < 1e-4 * max(1, abs(slope)))
    }
  }

  @Test func constantTokensAndZeros() throws {
    let batch = Matrix(rows: 2, columns: 2, values: [0, 0, 5, 5])
    let constant = try ActivationScaling.constantNorm.scale(batch)
    #expect(constant.activations.array[0...1] == [0, 0])
    #expect(relativeDifference(Array(constant.activations.array[2...3]), [1, 1]) < 1e-6)
    let layer = try ActivationScaling.layerNorm.scale(batch)
    #expect(layer.activations.array == [0, 0, 0, 0])
    #expect(try layer.restored(layer.activations) == batch)
    let narrow = Matrix(rows: 1, columns: 1, values: [3])
    #expect(try ActivationScaling.layerNorm.scale(narrow).activations.array == [0])
  }

  @Test func statisticsThatGiveNoScale() throws {
    func refused(_ mode: ActivationNormalization, _ batches: [Matrix]?) throws -> String? {
      let statistics = try batches.map { try ActivationNormalizationTests.statistics($0) }
      return refusedOption { try mode.scaling(fittedTo: statistics) }
    }
    let zeros = Matrix(rows: 3, columns: 2)
    let wild = Matrix(rows: 2, columns: 2, values: [1, .nan, 1, 1])
    for mode in ActivationNormalization.allCases {
      let needy = mode.needsStatistics ? "statistics" : nil
      let unscaled = mode.needsCovariance ? needy : mode.needsStatistics ? "normalization" : nil
      #expect(try refused(mode, nil) == needy)
      #expect(try refused(mode, [Matrix(rows: 0, columns: 2)]) == needy)
      #expect(try refused(mode, [wild]) == unscaled)
      #expect(try refused(mode, [zeros]) == (mode.needsCovariance ? nil : unscaled))
    }
    #expect(
      try refused(.covarianceWhitening, [Matrix(rows: 1, columns: 2, repeating: 1)])
        == "statistics")
    var statistics = ActivationStatistics(dimension: 3)
    #expect(throws: ShapeError.self) { try statistics.add(zeros) }
    let whitening = try ActivationNormalization.covarianceWhitening.scaling(
      fittedTo: ActivationNormalizationTests.statistics([zeros]))
    #expect(throws: ShapeError.self) { try whitening.scale(Matrix(rows: 1, columns: 3)) }
    let scaled = try whitening.scale(zeros)
    #expect(throws: ShapeError.self) { try scaled.restored(Matrix(rows: 2, columns: 2)) }
  }
}
