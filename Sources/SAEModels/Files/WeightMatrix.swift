import SAECore

/// A matrix of a model's weights, outputs × inputs, in the precision of its file.
///
/// Float32 is copied into memory. Shorter types stay in the file, which is mapped, and are widened a
/// panel at a time when a product packs them: a model needs the memory of its file. The products are the
/// same to the bit.
struct WeightMatrix: Sendable {
  private enum Elements: Sendable {
    case memory(Matrix)
    /// The rows; with `isTransposed` a row per input.
    case file(StoredRows, isTransposed: Bool)
  }

  /// Outputs.
  let rows: Int
  /// Inputs.
  let columns: Int
  private let elements: Elements

  /// A whole tensor.
  ///
  /// - Throws: `FileError` if a weight is NaN or infinite.
  init(_ tensor: StoredTensor, isTransposed: Bool) throws {
    (rows, columns) =
      isTransposed ? (tensor.columns, tensor.rows) : (tensor.rows, tensor.columns)
    guard tensor.type == .f32 else {
      try tensor.checkFinite()
      elements = .file(StoredRows(tensor), isTransposed: isTransposed)
      return
    }
    let matrix = try tensor.finiteMatrix()
    tensor.release(rows: 0..<tensor.rows)
    elements = .memory(isTransposed ? Matrix(matrix.transposed) : matrix)
  }

  /// Ranges of rows of tensors of one width, one after another.
  ///
  /// - Throws: `FileError` if a weight is NaN or infinite.
  init(_ parts: [(tensor: StoredTensor, rows: [Range<Int>])]) throws {
    rows = parts.reduce(0) { $0 + $1.rows.reduce(0) { $0 + $1.count } }
    columns = parts[0].tensor.columns
    guard parts.contains(where: { $0.tensor.type == .f32 }) else {
      for part in parts { try part.tensor.checkFinite() }
      elements = .file(
        StoredRows(parts.flatMap { part in part.rows.map { (part.tensor, $0) } }),
        isTransposed: false)
      return
    }
    var matrix = Matrix(rows: rows, columns: columns)
    var row = 0
    for part in parts {
      let all = try part.tensor.finiteMatrix()
      part.tensor.release(rows: 0..<part.tensor.rows)
      for range in part.rows {
        matrix.copyRows(range, of: all, to: row)
        row += range.count
      }
    }
    elements = .memory(matrix)
  }

  /// a · weightsᵀ, rows of `a` × outputs.
  func product(_ a: MatrixView) -> Matrix {
    var result = Matrix(uninitialized: a.rows, rows) { _ in }
    setProduct(a, into: &result, rows: 0..<a.rows)
    return result
  }

  /// Overwrites some rows of a matrix of as many columns as there are outputs with a · weightsᵀ.
  func setProduct(_ a: MatrixView, into result: inout Matrix, rows range: Range<Int>) {
    switch elements {
    case .memory(let matrix):
      result.multiply(
        a, matrix.transposed, rows: range, columns: 0..<rows, accumulate: false)
    case .file(let stored, let isTransposed):
      result.setProduct(a, stored, transposed: !isTransposed, rows: range)
    }
  }

  /// `factor` times the rows of the given numbers.
  ///
  /// - Precondition: the matrix is not stored transposed.
  func rows(of indices: [UInt32], times factor: Float) -> Matrix {
    switch elements {
    case .memory(let matrix): return matrix.gatheringRows(indices, by: factor)
    case .file(let stored, let isTransposed):
      precondition(!isTransposed, "rows of a matrix that is stored transposed")
      return stored.scaled(indices, by: factor)
    }
  }
}
