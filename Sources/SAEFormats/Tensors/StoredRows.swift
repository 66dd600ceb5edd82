/// Rows of one stored tensor, or of several of one width, in any order, widened to float32 as they are
/// needed.
package struct StoredRows: WidenedRows {
  private let tensors: [StoredTensor]
  /// The tensor of each row and its row there; nil: the rows of the only tensor as they are.
  private let places: [Place]?

  private struct Place {
    var tensor: UInt32
    var row: UInt32
  }

  package var rows: Int { places?.count ?? tensors[0].rows }
  package var columns: Int { tensors[0].columns }

  /// All rows of a tensor.
  package init(_ tensor: StoredTensor) {
    tensors = [tensor]
    places = nil
  }

  /// Ranges of rows, one after another.
  ///
  /// - Precondition: the tensors have one width, and the rows.
  package init(_ parts: [(tensor: StoredTensor, rows: Range<Int>)]) {
    precondition(
      Set(parts.map(\.tensor.columns)).count == 1 && parts.allSatisfy { $1.upperBound <= $0.rows },
      "rows of one width that the tensors have")
    tensors = parts.map(\.tensor)
    places = parts.enumerated().flatMap { index, part in
      part.rows.map { Place(tensor: UInt32(index), row: UInt32($0)) }
    }
  }

  package func widen(row: Int, columns: Range<Int>, into elements: MutableLent<Float>) {
    guard let place = places?[row] else {
      return tensors[0].widen(row: row, columns: columns, into: elements)
    }
    tensors[Int(place.tensor)].widen(row: Int(place.row), columns: columns, into: elements)
  }
}

extension StoredTensor {
  /// Writes some elements of a row, widened (or rounded to nearest) to float32.
  ///
  /// - Precondition: the elements are in the tensor, and its order is row-major.
  fileprivate func widen(row: Int, columns range: Range<Int>, into elements: MutableLent<Float>) {
    precondition(
      isInOrder && row < rows && range.upperBound <= columns,
      "columns \(range) of row \(row) lie outside \(shape)")
    let begin = bytes.lowerBound + (row * columns + range.lowerBound) * type.size
    elements.withSpan { target in
      contents.bytes.extracting(begin..<begin + range.count * type.size)
        .decode(type, bigEndian: isBigEndian, into: &target)
    }
  }
}
