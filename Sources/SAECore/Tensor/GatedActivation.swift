import SAEKernels

extension Matrix {
  /// The gated unit of a transformer's block: with rows of gate and up side by side, overwrites the
  /// first half of every row with gelu(gate) ⊙ up, GELU in its tanh form.
  ///
  /// - Precondition: the number of columns is even.
  package mutating func applyGatedGELU() {
    precondition(columns % 2 == 0, "\(columns) columns are not two halves")
    let (rows, width, half) = (rows, columns, columns / 2)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 16)) { range, _ in
        for row in range {
          let gate = unsafe target.base + row * width
          unsafe Kernels.table.gatedGELU(half, gate, gate + half, gate)
        }
      }
    }
  }
}
