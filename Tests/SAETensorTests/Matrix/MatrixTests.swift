import SAETensor
import SAETestSupport
import Testing

@Suite struct MatrixTests {
  @Test func copiesAreValues() {
    var a = Matrix(rows: 2, columns: 2, values: [1, 2, 3, 4])
    let b = a
    let view = a.view
    a[0, 0] = 9
    #expect(a.array == [9, 2, 3, 4])
    #expect(b.array == [1, 2, 3, 4])
    #expect(view[0, 0] == 1)
    var elements = a.mutableElements
    elements[3] = 7
    var row = a.mutableRow(1)
    row[0] = 5
    #expect(a.array == [9, 2, 5, 7])
    #expect(b.array == [1, 2, 3, 4])
  }

  @Test func viewsSeeBlocksAndTranspositions() {
    let a = Matrix(rows: 4, columns: 5) { Float(10 * $0 + $1) }
    let block = a[rows: 1..<4, columns: 2..<4]
    #expect(block.shape.description == "3 × 2")
    #expect(Matrix(block).array == [12, 13, 22, 23, 32, 33])
    #expect(Matrix(block.transposed).array == [12, 22, 32, 13, 23, 33])
    #expect(Matrix(block.transposed[rows: 1..<2, columns: 1..<3]).array == [23, 33])
    #expect(block.row(2)[1] == 33)
    #expect(Matrix(a[rows: 2..<2]).rows == 0)
    #expect(Matrix(a.transposed.transposed) == a)
  }

  @Test func sumsAndNorms() {
    let a = Matrix(rows: 2, columns: 3, values: [1, 2, 2, -3, 0, 4])
    #expect(a.rowSums() == [5, 1])
    #expect(a.columnSums() == [-2, 2, 6])
    #expect(a.rowNorms() == [3, 5])
    #expect(a.frobeniusNorm == 34.0.squareRoot())
    #expect((a + a).array == [2, 4, 4, -6, 0, 8])
    #expect((a - a).array == [0, 0, 0, 0, 0, 0])
    #expect((2 * a).array == (a + a).array)
    let none = Matrix(rows: 0, columns: 3)
    #expect(none.columnSums() == [0, 0, 0] && none.rowSums() == [] && none.frobeniusNorm == 0)
  }

  @Test(arguments: [1, 2, 3, 7]) func sumsDoNotDependOnThreads(_ threads: Int) {
    let a = Matrix.random(500, 130, seed: 3)
    let expected = Threads.withCount(1) { (a.columnSums(), a.rowNorms(), a.frobeniusNorm) }
    let got = Threads.withCount(threads) { (a.columnSums(), a.rowNorms(), a.frobeniusNorm) }
    #expect(got == expected)
  }

  @Test func nothingEqualsNaN() {
    let a = Matrix(rows: 1, columns: 1, values: [.nan])
    #expect(a != a)
    #expect(Matrix(rows: 2, columns: 3) != Matrix(rows: 3, columns: 2))
    #expect(!a.isFinite() && Matrix(rows: 0, columns: 0).isFinite())
  }

  @Test func shapesThatDoNotFitTrap() async {
    await #expect(processExitsWith: .failure) {
      _ = Matrix(rows: 2, columns: 3).multiplied(by: Matrix(rows: 2, columns: 3))
    }
    await #expect(processExitsWith: .failure) {
      _ = Matrix(rows: 2, columns: 3) + Matrix(rows: 3, columns: 2)
    }
    await #expect(processExitsWith: .failure) { _ = Matrix(rows: 2, columns: 3)[2, 0] }
    await #expect(processExitsWith: .failure) { _ = Matrix(rows: -1, columns: 3) }
    await #expect(processExitsWith: .failure) { _ = Matrix(rows: .max, columns: 2) }
    await #expect(processExitsWith: .failure) {
      _ = Matrix(rows: 2, columns: 3)[rows: 0..<3, columns: 0..<1]
    }
    await #expect(processExitsWith: .failure) { _ = Matrix(rows: 1, columns: 2, values: [1]) }
    await #expect(processExitsWith: .failure) {
      _ = Matrix(rows: 2, columns: 3).transposed.row(0)[0]
    }
  }
}
