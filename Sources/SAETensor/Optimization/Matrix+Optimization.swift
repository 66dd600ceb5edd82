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
    let (rows, width) = (self.rows, columns)
    unsafe withUnsafeMutableElements { w in
      unsafe first.withUnsafeMutableElements { m in
        unsafe second.withUnsafeMutableElements { v in
          guard let wBase = w.baseAddress, let mBase = m.baseAddress, let vBase = v.baseAddress
          else { return }
          let parameter = unsafe SharedPointer(wBase)
          let moments = unsafe (SharedPointer(mBase), SharedPointer(vBase))
          let from = unsafe SharedConstant(gradient.view.pointer)
          Matrix.forRowsOrPieces(rows, width, wholeRows: rowNormGuard != nil) { begin, count in
            let kernels = Kernels.table
            unsafe kernels.adam(
              count, factors, from.base + begin, parameter.base + begin, moments.0.base + begin,
              moments.1.base + begin)
            guard let rowNormGuard else { return }
            for row in stride(from: begin, to: begin + count, by: width) {
              let norm = unsafe kernels.sumOfSquares(width, parameter.base + row).squareRoot()
              unsafe kernels.scale(width, 1 / (norm + rowNormGuard), parameter.base + row)
            }
          }
        }
      }
    }
    withExtendedLifetime(gradient) {}
  }

  /// Divides each row by its norm plus `normGuard`.
  package mutating func normalizeRows(normGuard: Float) {
    let (rows, width) = (self.rows, columns)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      Matrix.forRowsOrPieces(rows, width, wholeRows: true) { begin, count in
        let kernels = Kernels.table
        for row in stride(from: begin, to: begin + count, by: width) {
          let norm = unsafe kernels.sumOfSquares(width, target.base + row).squareRoot()
          unsafe kernels.scale(width, 1 / (norm + normGuard), target.base + row)
        }
      }
    }
  }

  /// Becomes the rows of a matrix of its shape, each divided by its norm plus `normGuard`.
  package mutating func setNormalizedRows(of source: Matrix, normGuard: Float) {
    precondition(source.shape == shape, "rows of \(source.shape) for a matrix of \(shape)")
    let (rows, width) = (self.rows, columns)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(source.view.pointer)
      Matrix.forRowsOrPieces(rows, width, wholeRows: true) { begin, count in
        let kernels = Kernels.table
        for row in stride(from: begin, to: begin + count, by: width) {
          unsafe (target.base + row).update(from: from.base + row, count: width)
          let norm = unsafe kernels.sumOfSquares(width, target.base + row).squareRoot()
          unsafe kernels.scale(width, 1 / (norm + normGuard), target.base + row)
        }
      }
    }
    withExtendedLifetime(source) {}
  }

  /// Removes from each row its component along the row of `directions`: with d = direction divided
  /// by (its norm + guard), or d = the direction itself, row ← row − ⟨row, d⟩ d.
  package mutating func removeComponents(along directions: Matrix, guard guardValue: Float?) {
    precondition(directions.shape == shape, "directions \(directions.shape) for rows of \(shape)")
    let (rows, width) = (self.rows, columns)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(directions.view.pointer)
      Matrix.forRowsOrPieces(rows, width, wholeRows: true) { begin, count in
        let kernels = Kernels.table
        for row in stride(from: begin, to: begin + count, by: width) {
          var length: Float = 1
          if let guardValue {
            length = unsafe kernels.sumOfSquares(width, from.base + row).squareRoot() + guardValue
          }
          let along = unsafe kernels.dot(width, target.base + row, from.base + row)
          unsafe kernels.axpy(
            width, -(along / length / length), from.base + row, target.base + row)
        }
      }
    }
    withExtendedLifetime(directions) {}
  }

  /// Σ of all elements' squares: float32 within pieces of fixed size, double over the pieces.
  package func sumOfSquares() -> Double {
    let piece = 4096
    let pieces = (count + piece - 1) / piece
    var sums = [Float](repeating: 0, count: pieces)
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      let out = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(view.pointer)
      Parallel.forRanges(pieces, grain: Parallel.grain(pieces, least: 16)) { range, _ in
        for index in range {
          unsafe out.base[index] = Kernels.table.sumOfSquares(
            min(piece, count - index * piece), from.base + index * piece)
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
    return unsafe withUnsafeElements { elements in
      guard let base = elements.baseAddress, range.count * columns > 0 else { return true }
      return unsafe Kernels.table.allFinite(
        range.count * columns, base + range.lowerBound * columns)
    }
  }

  /// Calls `body` with (first element, count) of pieces that together are the matrix: rows if
  /// `wholeRows`, else pieces of a size that keeps all threads busy.
  private static func forRowsOrPieces(
    _ rows: Int, _ width: Int, wholeRows: Bool, _ body: @Sendable (Int, Int) -> Void
  ) {
    guard rows > 0, width > 0 else { return }
    if wholeRows {
      let least = max(1, 4096 / width)
      Parallel.forRanges(rows, grain: Parallel.grain(rows, least: least)) { range, _ in
        body(range.lowerBound * width, range.count * width)
      }
    } else {
      let count = rows * width
      Parallel.forRanges(count, grain: Parallel.grain(count, least: 4096)) { range, _ in
        body(range.lowerBound, range.count)
      }
    }
  }
}
