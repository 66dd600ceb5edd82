import SAEKernels

/// The function between the products of a transformer's MLP.
package enum FeedForwardActivation: String, Sendable, CaseIterable {
  /// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))
  case tanhGELU
  /// x Φ(x)
  case exactGELU
  /// x / (1 + e⁻ˣ)
  case siLU
  /// max(x, 0)
  case reLU

  fileprivate var kernel: @Sendable (Int, KernelTable.P, KernelTable.M) -> Void {
    switch self {
    case .tanhGELU: Kernels.table.gelu
    case .exactGELU: Kernels.table.exactGELU
    case .siLU: Kernels.table.silu
    case .reLU: Kernels.table.relu
    }
  }
}

extension Matrix {
  /// Applies a function to the first `count` elements of each of some rows, in place.
  ///
  /// - Parameter isGated: whether the `count` elements after those multiply the results, as in gated units
  ///   (Shazeer 2020, arXiv 2002.05202, section 2).
  package mutating func apply(
    _ activation: FeedForwardActivation, isGated: Bool, count: Int, rows range: Range<Int>
  ) {
    precondition(
      count >= 0 && columns >= (isGated ? 2 : 1) * count && range.lowerBound >= 0
        && range.upperBound <= rows, "\(count) columns of \(range) do not lie in \(shape)")
    let kernel = activation.kernel
    lendMutable { rows in
      rows[rows: range].forEach(least: 16) { _, row in
        unsafe kernel(count, row.base, row.base)
        if isGated {
          unsafe Kernels.table.multiply(count, row.base, row.base + count, row.base)
        }
      }
    }
  }
}
