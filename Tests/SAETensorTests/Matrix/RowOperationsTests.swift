import SAETestSupport
import Testing

@testable import SAETensor

@Suite struct RowOperationsTests {
  static let shapes = [(0, 3), (1, 1), (3, 5), (64, 8), (65, 33), (130, 17)]

  @Test(arguments: shapes) func distancesAndWeightedSums(_ rows: Int, _ columns: Int) {
    let x = SecondMomentsTests.matrix(rows, columns, seed: 3)
    let point = SecondMomentsTests.matrix(1, columns, seed: 4).array
    let weights = SecondMomentsTests.matrix(1, rows, seed: 5).array
    let distances = (0..<rows).map { row in
      (0..<columns).reduce(0.0) {
        let difference = Double(x[row, $1]) - Double(point[$1])
        return $0 + difference * difference
      }.squareRoot()
    }
    let sums = (0..<columns).map { column in
      (0..<rows).reduce(0.0) { $0 + Double(weights[$1]) * Double(x[$1, column]) }
    }
    // Differences, squares and sums of up to 33 numbers; sums of up to 64 numbers, whose terms are
    // of the size of a sum's standard deviation over √rows.
    #expect(
      relativeDifference(x.rowDistances(to: point).map(Double.init), distances)
        < 36 * Double(Float.ulpOfOne))
    #expect(
      relativeDifference(x.weightedSum(ofRows: weights), sums) < 64 * Double(Float.ulpOfOne))
    for threads in [2, 5] {
      Threads.withCount(threads) {
        #expect(x.rowDistances(to: point) == Threads.withCount(1) { x.rowDistances(to: point) })
        #expect(
          x.weightedSum(ofRows: weights) == Threads.withCount(1) { x.weightedSum(ofRows: weights) })
      }
    }
  }

  /// Squares of these are infinite or 0 in single precision.
  @Test(arguments: [1e37, 3e20, 1e-16, 1e-25, 1e-38] as [Float])
  func normsOfNumbersAtTheEnds(_ size: Float) {
    let x = Matrix(rows: 5, columns: 4) { row, column in
      row == 0 ? 0 : size * Float(row) * (column == 1 ? -1 : 1)
    }
    let norms = x.rowNorms()
    #expect(norms[0] == 0)
    for row in 1..<5 {
      let norm = 2 * Double(size) * Double(row)
      #expect(abs(Double(norms[row]) - norm) <= 1e-6 * norm)
    }
    var broken = x
    broken[2, 1] = .nan
    broken[3, 1] = -.infinity
    #expect(broken.rowNorms()[2].isNaN && broken.rowNorms()[3] == .infinity)
  }

  @Test(arguments: shapes) func scalingAndShifting(_ rows: Int, _ columns: Int) {
    let x = SecondMomentsTests.matrix(rows, columns, seed: 6)
    let factors = SecondMomentsTests.matrix(1, rows, seed: 7).array
    let shifts = SecondMomentsTests.matrix(1, rows, seed: 8).array
    let vector = SecondMomentsTests.matrix(1, columns, seed: 9).array
    var scaled = x
    scaled.scaleRows(by: factors)
    #expect(scaled == Matrix(rows: rows, columns: columns) { x[$0, $1] * factors[$0] })
    scaled.scaleRows(by: [Float](repeating: 1, count: rows), adding: shifts)
    #expect(
      scaled == Matrix(rows: rows, columns: columns) { x[$0, $1] * factors[$0] + shifts[$0] })
    var shifted = x
    shifted.addToRows(vector)
    #expect(shifted == Matrix(rows: rows, columns: columns) { x[$0, $1] + vector[$1] })
  }

  @Test func randomRowsAreTheSameForAnyNumberOfThreads() {
    func draw(_ threads: Int) -> (Matrix, RandomGenerator) {
      Threads.withCount(threads) {
        var generator = RandomGenerator(seed: 10)
        let matrix = Matrix.random(rows: 200, columns: 3, using: &generator) { row, generator in
          for index in row.indices { row[index] = Float(generator.uniform()) }
        }
        return (matrix, generator)
      }
    }
    let one = draw(1)
    #expect(Set(one.0.array).count > 595)
    for threads in [2, 7] { #expect(draw(threads) == one) }
  }
}
