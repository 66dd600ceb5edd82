import SAEKernels

extension Matrix {
  /// The gated unit of a transformer's block: with gate and up side by side in a row, overwrites the
  /// first half of the row with gelu(gate) ⊙ up, GELU in its tanh form.
  ///
  /// - Precondition: the number of columns is even, and the rows are there.
  package mutating func applyGatedGELU(rows range: Range<Int>) {
    precondition(columns % 2 == 0, "\(columns) columns are not two halves")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows, "\(range) lies outside \(shape)")
    let half = columns / 2
    lendMutable { rows in
      rows[rows: range].forEach(least: 16) { _, row in
        unsafe Kernels.table.gatedGELU(half, row.base, row.base + half)
      }
    }
  }

  /// x ← cap · tanh(x / cap) for every element.
  package mutating func applySoftCap(_ cap: Float) {
    precondition(cap > 0, "cannot cap at \(cap)")
    lendMutable { rows in
      Parallel.forRanges(rows.elements.count, least: 4096) { range in
        rows.elements[range].softCap(scale: 1, cap)
      }
    }
  }
}
