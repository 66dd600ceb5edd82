package import SAEKernels

extension Matrix {
  /// One step of Adam on this matrix; the moments are updated with it.
  ///
  /// - Parameter rowNormGuard: if given, each row is then divided by its norm plus this.
  package mutating func adamStep(
    gradient: Matrix, first: inout Matrix, second: inout Matrix, factors: AdamFactors,
    rowNormGuard: Float? = nil
  ) {
    precondition(
      gradient.shape == shape && first.shape == shape && second.shape == shape,
      "a step on \(shape) with a gradient of \(gradient.shape)")
    lendMutable { rows in
      first.lendMutable { first in
        second.lendMutable { second in
          gradient.lend { gradient in
            rows.forEachPiece(ofWholeRows: rowNormGuard != nil) { range in
              unsafe Kernels.table.adam(
                range.count, factors, gradient.elements[range].base, rows.elements[range].base,
                first.elements[range].base, second.elements[range].base)
              guard let rowNormGuard else { return }
              rows.forEachRow(in: range) { _, row in row.normalize(normGuard: rowNormGuard) }
            }
          }
        }
      }
    }
  }

  /// Divides each row by its norm plus `normGuard`.
  package mutating func normalizeRows(normGuard: Float) {
    lendMutable { rows in
      rows.forEachPiece(ofWholeRows: true) { range in
        rows.forEachRow(in: range) { _, row in row.normalize(normGuard: normGuard) }
      }
    }
  }

  /// Becomes the rows of a matrix of its shape, each divided by its norm plus `normGuard`.
  package mutating func setNormalizedRows(of source: Matrix, normGuard: Float) {
    precondition(source.shape == shape, "rows of \(source.shape) for a matrix of \(shape)")
    lendMutable { rows in
      source.lend { source in
        rows.forEachPiece(ofWholeRows: true) { range in
          rows.forEachRow(in: range) { index, row in
            row.copy(source.row(index))
            row.normalize(normGuard: normGuard)
          }
        }
      }
    }
  }

  /// Removes from each row its component along the row of `directions`: with d = direction divided
  /// by (its norm + guard), or d = the direction itself, row ← row − ⟨row, d⟩ d.
  package mutating func removeComponents(along directions: Matrix, guard guardValue: Float?) {
    precondition(directions.shape == shape, "directions \(directions.shape) for rows of \(shape)")
    lendMutable { rows in
      directions.lend { directions in
        rows.forEachPiece(ofWholeRows: true) { range in
          rows.forEachRow(in: range) { index, row in
            let direction = directions.row(index)
            var length: Float = 1
            if let guardValue { length = direction.sumOfSquares().squareRoot() + guardValue }
            row.add(direction, times: -(row.reading.dot(direction) / length / length))
          }
        }
      }
    }
  }

  /// Σ of all elements' squares: float32 within pieces of fixed size, double over the pieces.
  package func sumOfSquares() -> Double {
    let piece = 4096
    let pieces = (count + piece - 1) / piece
    let sums = [Float](filling: pieces) { sums in
      lend { rows in
        Parallel.forEach(pieces, least: 16) { index in
          let begin = index * piece
          sums[index] = rows.elements[begin..<min(begin + piece, count)].sumOfSquares()
        }
      }
    }
    return sums.reduce(0) { $0 + Double($1) }
  }

  /// Whether every element is finite.
  public func isFinite() -> Bool { isFinite(rows: 0..<rows) }

  /// Whether no element of some rows is NaN or infinite.
  ///
  /// - Precondition: the rows lie in the matrix.
  public func isFinite(rows range: Range<Int>) -> Bool {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) lie outside \(shape)")
    let elements = range.lowerBound * columns..<range.upperBound * columns
    return lend { rows in
      unsafe Kernels.table.allFinite(elements.count, rows.elements[elements].base)
    }
  }
}

extension MutableLentRows {
  /// Calls `body` with pieces of the elements that together are all: whole rows, or pieces of a size
  /// that keeps all threads busy.
  @inline(__always)
  fileprivate func forEachPiece(
    ofWholeRows wholeRows: Bool, _ body: @Sendable (_ elements: Range<Int>) -> Void
  ) {
    guard count > 0, width > 0 else { return }
    guard wholeRows else { return Parallel.forRanges(elements.count, least: 4096, body) }
    Parallel.forRanges(count, least: max(1, 4096 / width)) { range in
      body(range.lowerBound * width..<range.upperBound * width)
    }
  }

  /// Calls `body` with the rows of a piece.
  @inline(__always)
  fileprivate func forEachRow(
    in elements: Range<Int>, _ body: (_ index: Int, _ row: MutableLent<Element>) -> Void
  ) {
    for index in elements.lowerBound / width..<elements.upperBound / width {
      body(index, row(index))
    }
  }
}
