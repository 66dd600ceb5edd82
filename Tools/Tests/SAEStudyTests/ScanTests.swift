import SAECore
import Testing

@testable import SAEStudyScans

/// What goes over all numbers of a page's matrices, against sorting and counting.
@Suite struct ScanTests {
  @Test(arguments: [1, 5, 40]) func theLargestOfARow(_ count: Int) {
    var generator = RandomGenerator(seed: 5)
    // Few different numbers, so that many are equal.
    let matrix = Matrix(rows: 3, columns: 30) { _, _ in Float(generator.index(below: 7)) }
    for row in 0..<3 {
      for except in [nil, 0, 17] {
        let expected = (0..<30).filter { $0 != except }.sorted {
          (-matrix[row, $0], $0) < (-matrix[row, $1], $1)
        }.prefix(count)
        let found = matrix.largest(count, inRow: row, except: except)
        #expect(found.map(\.column) == Array(expected))
        #expect(found.map(\.value) == expected.map { matrix[row, $0] })
      }
    }
  }

  @Test func rowsOfZerosStayZeros() {
    let unit = Matrix(rows: 2, columns: 2, values: [3, 4, 0, 0]).withUnitRows
    #expect(unit.array == [3 / 5, 4 / 5, 0, 0])
  }

  @Test func firingsOfTokensThatCount() throws {
    let latents = try SparseLatents(
      latentCount: 3, rowOffsets: [0, 2, 3, 5], indices: [0, 2, 2, 0, 1], values: [1, 2, 3, 0, 4])
    var firings = LatentFirings(latentCount: 3)
    firings.add(latents, firstRow: 10) { $0 != 1 }
    firings.add(latents, firstRow: 13) { $0 == 1 }
    #expect(firings.values == [[1], [4], [2, 3]])
    #expect(firings.rows == [[10], [12], [10, 14]])
  }
}
