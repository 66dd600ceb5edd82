extension Matrix {
  /// ‖row − point‖₂ of each row.
  ///
  /// - Precondition: the point has a number for each column.
  package func rowDistances(to point: [Float]) -> [Float] {
    precondition(point.count == columns, "\(point.count) numbers for rows of \(columns)")
    return [Float](filling: rows) { distances in
      lending(self, point) { rows, point in
        Parallel.forRanges(rows.count, least: 64) { range in
          Workspace.borrow(rows.width) { difference in
            for row in range {
              difference.setDifference(rows.row(row), point)
              distances[row] = difference.reading.sumOfSquares().squareRoot()
            }
          }
        }
      }
    }
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
    sums.lendMutable { sums in
      lending(self, weights, indices) { all, weights, indices in
        Workspace.borrow(blocks * width) { room in
          let partial = room.rows(of: width)
          Parallel.forEach(blocks) { index in
            let part = index * block..<min((index + 1) * block, rows)
            partial.row(index).sumRows(
              indices[0..<part.count], weights[part], of: all.rows(part), accumulate: false)
          }
          for index in 0..<blocks { partial.row(index).reading.accumulate(into: sums) }
        }
      }
    }
    return sums
  }
}
