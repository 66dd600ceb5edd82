import SAEKernels

/// Gradients of weight matrices from sparse codes, latent by latent: each row is written once, and
/// its sum runs over its tokens in their order, whatever the number of threads.
extension LatentOccurrences {
  /// Row i of `result` = (accumulate ? row i : 0) + Σ over i's occurrences of
  /// coefficient of the entry · row of the token.
  ///
  /// - Parameters:
  ///   - coefficients: one an entry of the batch, in the batch's order.
  ///   - rows: tokens × width.
  ///   - result: latents × width.
  package func sumRows(
    _ rows: Matrix, coefficients: [Float], into result: inout Matrix, accumulate: Bool = false
  ) {
    precondition(
      rows.rows == tokenCount && result.rows == latentCount && result.columns == rows.columns,
      "cannot sum \(rows.shape) of \(tokenCount) tokens into \(result.shape) for "
        + "\(latentCount) latents")
    precondition(
      coefficients.count == entries.count,
      "\(coefficients.count) coefficients for \(entries.count) entries")
    let width = rows.columns
    let most = (0..<latentCount).reduce(0) { max($0, offsets[$1 + 1] - offsets[$1]) }
    let heldTokens: [UInt32] = tokens.isEmpty ? [0] : tokens
    unsafe result.withUnsafeMutableElements { out in
      unsafe heldTokens.withUnsafeBufferPointer { tokens in
        guard let outBase = out.baseAddress, let tokenBase = tokens.baseAddress else { return }
        let target = unsafe SharedPointer(outBase)
        let list = unsafe SharedConstant(tokenBase)
        let from = unsafe SharedConstant(rows.view.pointer)
        Parallel.forRanges(latentCount, grain: Parallel.grain(latentCount, least: 16)) {
          range, _ in
          Workspace.borrow(max(1, most)) { scratch in
            for latent in range {
              let begin = offsets[latent]
              let count = offsets[latent + 1] - begin
              for i in 0..<count {
                unsafe scratch.base[i] = coefficients[Int(entries[begin + i])]
              }
              unsafe Kernels.table.weightedRowSum(
                count, list.base + begin, scratch.base, from.base, width, width,
                target.base + latent * width, accumulate)
            }
          }
        }
      }
    }
    withExtendedLifetime(rows) {}
  }

  /// Σ of the coefficients of each latent's entries, in token order.
  package func sumCoefficients(_ coefficients: [Float]) -> [Float] {
    (0..<latentCount).map { latent in
      var sum = 0.0
      for i in offsets[latent]..<offsets[latent + 1] {
        sum += Double(coefficients[Int(entries[i])])
      }
      return Float(sum)
    }
  }
}
