import SAETensor
import Testing

@Suite struct MatrixShapeTests {
  @Test func rowsOfNumbersMakeAMatrix() {
    let matrix = Matrix([[1, 2, 3], [4, 5, 6]])
    #expect(matrix.shape == Matrix.Shape(rows: 2, columns: 3))
    #expect(matrix.array == [1, 2, 3, 4, 5, 6] && matrix[1, 0] == 4)
    #expect(Matrix([]).shape == Matrix.Shape(rows: 0, columns: 0))
    #expect(Matrix([[], []]).shape.description == "2 × 0")
  }

  @Test func smallMatricesArePrintedWithTheirElements() {
    #expect("\(Matrix([[1, 2.5], [-3, .nan]]))" == "Matrix([[1.0, 2.5], [-3.0, nan]])")
    #expect("\(Matrix(rows: 8, columns: 8))".contains("0.0, 0.0"))
    #expect("\(Matrix(rows: 9, columns: 2))" == "Matrix(9 × 2)")
    #expect("\(Matrix(rows: 2, columns: 9))" == "Matrix(2 × 9)")
  }

  @Test func latentsOfATokenComeInPairs() throws {
    let latents = try SparseLatents(
      latentCount: 5, rowOffsets: [0, 2, 2, 3], indices: [1, 4, 0], values: [0.5, 0, -2])
    #expect(latents[token: 0].map(\.latent) == [1, 4])
    #expect(latents[token: 0].map(\.value) == [0.5, 0])
    #expect(latents[token: 1].isEmpty)
    // Of three tokens two have an active latent; that at 0 is selected, not active.
    #expect(latents.l0 == 2.0 / 3)
    #expect(try SparseLatents(latentCount: 5, rowOffsets: [0], indices: [], values: []).l0 == 0)
  }
}
