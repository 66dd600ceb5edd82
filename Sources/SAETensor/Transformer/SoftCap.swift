import SAEKernels

extension Matrix {
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
