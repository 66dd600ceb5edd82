import SAETestSupport
import Testing

@testable import SAECore

@Suite struct GeometricMedianTests {
  @Test func fixture() throws {
    for path in try MachineryFixtures.files("geometric_median.safetensors") {
      print(path)
      let file = try SafetensorsFile(path)
      let points = try file.matrix("points")
      // Distances are rounded to float32, which moves their weights by a few units in the last place.
      let bound = 8 * Double(Float.ulpOfOne)
      let median = points.geometricMedian()
      #expect(relativeDifference(median.map(Double.init), try file.doubles("median_f64")) < bound)
      #expect(relativeDifference(median, try file.floats("median_f32")) < bound)
      #expect(
        relativeDifference(points.rowMean().map { Float($0) }, try file.floats("mean")) < bound)
    }
  }

  static func points(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = RandomGenerator(seed: seed)
    return Matrix(rows: rows, columns: columns) { _, column in
      Float(generator.gaussian()) * Float(column + 1) + 3
    }
  }

  /// At the minimum of the sum of distances, no small step makes it smaller.
  @Test(arguments: [(5, 2), (64, 3), (65, 17), (200, 40)])
  func isAMinimum(_ rows: Int, _ columns: Int) {
    let points = GeometricMedianTests.points(rows, columns, seed: 8)
    let median = points.geometricMedian(maximumIterations: 1000, tolerance: 1e-7).map(Double.init)
    func cost(_ at: [Double]) -> Double {
      (0..<rows).reduce(0) { sum, row in
        var square = 0.0
        for column in 0..<columns {
          let difference = Double(points[row, column]) - at[column]
          square += difference * difference
        }
        return sum + square.squareRoot()
      }
    }
    let least = cost(median)
    for column in 0..<columns {
      for step in [-0.05, 0.05] {
        var other = median
        other[column] += step
        #expect(cost(other) > least)
      }
    }
  }

  /// The mean, where the search begins, is one of the points: dividing by its distance would be
  /// dividing by 0.
  @Test func aPointAtTheMeanIsNoTrap() {
    let points = Matrix(rows: 5, columns: 1, values: [-6, 0, 1, 2, 3])
    #expect(points.rowMean() == [0])
    #expect(abs(points.geometricMedian(maximumIterations: 1000, tolerance: 1e-9)[0] - 1) < 1e-3)
    let symmetric = Matrix(rows: 3, columns: 2, values: [-1, -1, 0, 0, 1, 1])
    #expect(symmetric.geometricMedian() == [0, 0])
    // Half of all points and more hold the median, wherever the others are.
    let held = Matrix(rows: 4, columns: 2, values: [5, 5, 5, 5, -4, 2, -6, -12])
    #expect(held.rowMean() == [0, 0])
    let median = held.geometricMedian(maximumIterations: 2000, tolerance: 1e-9)
    #expect(relativeDifference(median, [5, 5]) < 1e-4)
    let single = Matrix(rows: 3, columns: 2, values: [2, 7, 2, 7, 2, 7])
    #expect(single.geometricMedian() == [2, 7])
  }

  @Test func theSameBitsForAnyNumberOfThreads() {
    let points = GeometricMedianTests.points(777, 19, seed: 9)
    let one = Threads.withCount(1) { points.geometricMedian() }
    for threads in [2, 3, 7] {
      #expect(Threads.withCount(threads) { points.geometricMedian() } == one)
    }
  }

  @Test func decoderBiasModes() throws {
    let batch = Matrix(rows: 3, columns: 2, values: [0, 0, 0, 3, 3, 3])
    #expect(
      try DecoderBiasInitialization.zeros.bias(for: batch)
        == Matrix(rows: 1, columns: 2, values: [0, 0]))
    #expect(
      try DecoderBiasInitialization.mean.bias(for: batch)
        == Matrix(rows: 1, columns: 2, values: [1, 2]))
    // The point of a right-angled isosceles triangle that sees each side at 120°: on the axis of
    // symmetry, (3 − √3)/6 of a leg from both.
    let median = try DecoderBiasInitialization.geometricMedian.bias(for: batch)
    let near = 3 * (3 - 3.0.squareRoot()) / 6
    #expect(relativeDifference(median.array.map(Double.init), [near, 3 - near]) < 1e-5)
    let none = Matrix(rows: 0, columns: 2)
    #expect(throws: ShapeError.self) { try DecoderBiasInitialization.mean.bias(for: none) }
    #expect(throws: ShapeError.self) {
      try DecoderBiasInitialization.geometricMedian.bias(for: none)
    }
    #expect(try DecoderBiasInitialization.zeros.bias(for: none).shape.description == "1 × 2")
  }
}
