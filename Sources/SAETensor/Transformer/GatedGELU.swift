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
    let (width, half) = (columns, columns / 2)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = unsafe SharedPointer(base + range.lowerBound * width)
      Parallel.forRanges(range.count, grain: Parallel.grain(range.count, least: 16)) { part, _ in
        for row in part {
          let gate = unsafe target.base + row * width
          unsafe Kernels.table.gatedGELU(half, gate, gate + half)
        }
      }
    }
  }

  /// x ← cap · tanh(x / cap) for every element.
  package mutating func applySoftCap(_ cap: Float) {
    precondition(cap > 0, "cannot cap at \(cap)")
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      Parallel.forRanges(elements.count, grain: Parallel.grain(elements.count, least: 4096)) {
        range, _ in
        unsafe Kernels.table.softCap(range.count, 1, cap, target.base + range.lowerBound)
      }
    }
  }
}
