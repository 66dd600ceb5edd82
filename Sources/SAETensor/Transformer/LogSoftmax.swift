import SAEKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Matrix {
  /// log Σ eˣ of each row; what has to be subtracted from logits to have log probabilities.
  ///
  /// The largest element is subtracted first, so that no size of logits overflows.
  package func logNormalizers() -> [Double] {
    let width = columns
    return unsafe forEachLogitRow(width) { row, scratch in
      let kernels = Kernels.table
      let largest = unsafe kernels.maximum(width, row)
      let sum = unsafe kernels.shiftedExponentials(width, largest, row, scratch)
      return Double(largest) + log(Double(sum))
    }
  }

  /// The Kullback–Leibler divergence Σ p (log p − log q) of each row, in nats: p is the softmax of
  /// this matrix's row, q that of the other's.
  ///
  /// - Precondition: the shapes are equal.
  package func divergences(to other: Matrix) -> [Double] {
    precondition(other.shape == shape, "cannot compare logits of \(shape) with \(other.shape)")
    let width = columns
    let from = unsafe (SharedConstant(view.pointer), SharedConstant(other.view.pointer))
    return unsafe forEachLogitRow(2 * width) { p, scratch in
      let kernels = Kernels.table
      let q = unsafe from.1.base + (p - from.0.base)
      let difference = unsafe scratch + width
      let largestQ = unsafe kernels.maximum(width, q)
      let sumQ = unsafe kernels.shiftedExponentials(width, largestQ, q, scratch)
      let largestP = unsafe kernels.maximum(width, p)
      let sumP = unsafe kernels.shiftedExponentials(width, largestP, p, scratch)
      unsafe kernels.subtract(width, p, q, difference)
      let mean = unsafe kernels.dot(width, scratch, difference)
      return Double(mean) / Double(sumP) - (Double(largestP) - Double(largestQ))
        - (log(Double(sumP)) - log(Double(sumQ)))
    }
  }

  private func forEachLogitRow(
    _ scratch: Int,
    _ body: @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Double
  ) -> [Double] {
    let width = columns
    var result = [Double](repeating: 0, count: rows)
    unsafe result.withUnsafeMutableBufferPointer { result in
      guard let base = result.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(view.pointer)
      Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 4)) { range, _ in
        Workspace.borrow(scratch) { buffer in
          for row in range {
            unsafe target.base[row] = body(from.base + row * width, buffer.base)
          }
        }
      }
    }
    return result
  }
}
