import SAEKernels

extension Matrix {
  /// ‖row − point‖₂ of each row.
  ///
  /// - Precondition: the point has a number for each column.
  package func rowDistances(to point: [Float]) -> [Float] {
    precondition(point.count == columns, "\(point.count) numbers for rows of \(columns)")
    let (rows, width) = (rows, columns)
    var distances = [Float](repeating: 0, count: rows)
    unsafe distances.withUnsafeMutableBufferPointer { distances in
      unsafe point.withUnsafeBufferPointer { point in
        guard let base = distances.baseAddress, let shift = point.baseAddress else { return }
        let target = unsafe SharedPointer(base)
        let from = unsafe (SharedConstant(view.pointer), SharedConstant(shift))
        Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 64)) { range, _ in
          Workspace.borrow(width) { difference in
            let kernels = Kernels.table
            for row in range {
              unsafe kernels.subtract(
                width, from.0.base + row * width, from.1.base, difference.base)
              unsafe target.base[row] =
                kernels.sumOfSquares(width, difference.base).squareRoot()
            }
          }
        }
      }
    }
    withExtendedLifetime(storage) {}
    return distances
  }

  /// Σ over the rows of weight times row: float32 within 64 rows, double over these.
  ///
  /// - Precondition: there is a weight for each row.
  package func weightedSum(ofRows weights: [Float]) -> [Double] {
    precondition(weights.count == rows, "\(weights.count) weights for \(rows) rows")
    let (rows, width) = (rows, columns)
    var sums = [Double](repeating: 0, count: width)
    guard rows > 0, width > 0 else { return sums }
    let block = 64
    let blocks = (rows + block - 1) / block
    let indices = Array(0..<UInt32(block))
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      unsafe weights.withUnsafeBufferPointer { weights in
        unsafe indices.withUnsafeBufferPointer { indices in
          guard let target = sums.baseAddress, let factors = weights.baseAddress,
            let list = indices.baseAddress
          else { return }
          let shared = unsafe (SharedConstant(factors), SharedConstant(list))
          let from = unsafe SharedConstant(view.pointer)
          Workspace.borrow(blocks * width) { partial in
            Parallel.forRanges(blocks, grain: 1) { range, _ in
              for index in range {
                let first = index * block
                unsafe Kernels.table.weightedRowSum(
                  min(block, rows - first), shared.1.base, shared.0.base + first,
                  from.base + first * width, width, width, partial.base + index * width, false)
              }
            }
            for index in 0..<blocks {
              unsafe Kernels.table.accumulate(width, partial.base + index * width, target)
            }
          }
        }
      }
    }
    withExtendedLifetime(storage) {}
    return sums
  }
}
