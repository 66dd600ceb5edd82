import SAEKernels

/// Reconstructions by nested prefixes of the latents, the longest first.
///
/// With E_ℓ the error of level ℓ's reconstruction, the gradient of everything in group j (the latents
/// that level j adds) is the sum of slope_ℓ E_ℓ over the levels ℓ ≥ j. Going down from the last level,
/// two matrices are enough: the error, from which each group is taken away in turn, and the sum.
package struct NestedReconstruction {
  package let code: SparseLatents
  /// What each token's error counts in the sum; nil where all count alike.
  private let weights: [Float]?
  /// E of the level that comes next, tokens × width.
  package private(set) var error: Matrix
  /// Σ slope_ℓ E_ℓ over the levels that were visited, times the token's weight.
  package private(set) var gradient: Matrix
  /// ⟨gradient, decoder row⟩ of the entries whose group was visited: the gradient of the code.
  package private(set) var projections: [Float]

  /// Begins with the reconstruction from the whole code.
  package init(
    _ code: SparseLatents, decoder: Matrix, bias: [Float], target: Matrix, weights: [Float]? = nil
  ) {
    self.code = code
    self.weights = weights
    error = code.decoded(by: decoder, bias: bias)
    error.add(target, times: -1)
    gradient = Matrix(rows: error.rows, columns: error.columns)
    projections = [Float](repeating: 0, count: code.entryCount)
  }

  /// Visits the next level: adds its error to the gradient and projects it on the group's decoder
  /// rows.
  ///
  /// - Parameter group: the latents that the level adds.
  /// - Returns: Σ ‖E‖² over the tokens, in their order.
  package mutating func visit(group: Range<Int>, slope: Float, decoder: Matrix) -> ErrorSquares {
    let (tokens, width) = (error.rows, error.columns)
    var squares = [Float](repeating: 0, count: tokens)
    let (code, error, weights) = (code, error, weights)
    unsafe gradient.withUnsafeMutableElements { gradient in
      unsafe projections.withUnsafeMutableBufferPointer { projections in
        unsafe squares.withUnsafeMutableBufferPointer { squares in
          unsafe code.indices.withUnsafeBufferPointer { indices in
            guard let gradientBase = gradient.baseAddress, let squareBase = squares.baseAddress
            else { return }
            let out = unsafe (SharedPointer(gradientBase), SharedPointer(squareBase))
            let dots = unsafe projections.baseAddress.map { unsafe SharedPointer($0) }
            let list = unsafe indices.baseAddress.map { unsafe SharedConstant($0) }
            let from = unsafe (
              SharedConstant(error.view.pointer), SharedConstant(decoder.view.pointer)
            )
            Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 16)) { range, _ in
              let kernels = Kernels.table
              for token in range {
                let row = unsafe out.0.base + token * width
                let slope = weights.map { slope * $0[token] } ?? slope
                unsafe kernels.axpy(width, slope, from.0.base + token * width, row)
                unsafe out.1.base[token] = kernels.sumOfSquares(width, from.0.base + token * width)
                guard let dots, let list else { continue }
                let entries = code.entries(of: token, latents: group)
                unsafe kernels.rowDots(
                  entries.count, list.base + entries.lowerBound, row, from.1.base, width, width,
                  dots.base + entries.lowerBound)
              }
            }
          }
        }
      }
    }
    withExtendedLifetime((error, decoder)) {}
    return ErrorSquares(squares, weights: weights)
  }

  /// Takes a group away from the reconstruction.
  package mutating func remove(group: Range<Int>, decoder: Matrix) {
    let (tokens, width) = (error.rows, error.columns)
    let code = code
    let values = code.values.map { -$0 }
    unsafe error.withUnsafeMutableElements { error in
      unsafe code.indices.withUnsafeBufferPointer { indices in
        unsafe values.withUnsafeBufferPointer { values in
          guard let base = error.baseAddress, let list = indices.baseAddress,
            let factors = values.baseAddress
          else { return }
          let out = unsafe SharedPointer(base)
          let from = unsafe (
            SharedConstant(list), SharedConstant(factors), SharedConstant(decoder.view.pointer)
          )
          Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 16)) { range, _ in
            for token in range {
              let entries = code.entries(of: token, latents: group)
              guard !entries.isEmpty else { continue }
              unsafe Kernels.table.weightedRowSum(
                entries.count, from.0.base + entries.lowerBound, from.1.base + entries.lowerBound,
                from.2.base, width, width, out.base + token * width, true)
            }
          }
        }
      }
    }
    withExtendedLifetime(decoder) {}
  }
}

extension SparseLatents {
  /// Where those of a token's entries stand whose latents lie in a range.
  package func entries(of token: Int, latents: Range<Int>) -> Range<Int> {
    let entries = entries(of: token)
    return first(
      in: entries, atLeast: latents.lowerBound)..<first(
        in: entries, atLeast: latents.upperBound)
  }

  private func first(in entries: Range<Int>, atLeast latent: Int) -> Int {
    var (low, high) = (entries.lowerBound, entries.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if Int(indices[middle]) < latent { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
