import SAECore

extension Matrix {
  /// The largest numbers of a row, the largest first; of equal ones that of the lowest column.
  ///
  /// - Parameter except: a column that does not count.
  package func largest(
    _ count: Int, inRow row: Int, except: Int? = nil
  ) -> [(column: Int, value: Float)] {
    var best: [(column: Int, value: Float)] = []
    for column in 0..<columns where column != except {
      let value = self[row, column]
      guard best.count < count || value > best[best.count - 1].value else { continue }
      best.insert((column, value), at: best.firstIndex { value > $0.value } ?? best.count)
      if best.count > count { best.removeLast() }
    }
    return best
  }

  /// Rows of length 1; those of zeros are zeros.
  package var withUnitRows: Matrix {
    let norms = rowNorms()
    return Matrix(rows: rows, columns: columns) {
      norms[$0] > 0 ? self[$0, $1] / norms[$0] : 0
    }
  }
}
