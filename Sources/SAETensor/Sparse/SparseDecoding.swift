import SAEKernels

/// Reconstructions and what the gradients need of them, token by token: the decoder rows of a token
/// are still in cache when its latents' gradients are taken.
package struct ReconstructionPass: Sendable {
  /// x̂ − y, tokens × width; times the token's weight where there are weights.
  package let error: Matrix
  /// ‖x̂ − y‖² of each token.
  package let squaredErrors: [Float]
  /// ⟨error, decoder row⟩ of each entry: times the loss's factor, the gradient of the code.
  package let projections: [Float]
  /// What each token's squared error counts in the loss; nil where all count alike.
  package var weights: [Float]?

  /// Σ ‖x̂ − y‖², added in token order.
  package var totalSquaredError: Double { squaredErrors.reduce(0) { $0 + Double($1) } }
}

extension SparseLatents {
  /// code · decoder + bias, tokens × width.
  ///
  /// - Parameters:
  ///   - decoder: latents × width.
  ///   - bias: width.
  package func decoded(by decoder: Matrix, bias: [Float]) -> Matrix {
    unsafe Matrix(uninitialized: tokens, decoder.columns) { buffer in
      guard let base = buffer.baseAddress else { return }
      let out = unsafe SharedPointer(base)
      unsafe forEachToken(decoder, bias) { token, count, indices, values, decoder, bias in
        let row = unsafe out.base + token * decoder.width
        unsafe row.update(from: bias, count: decoder.width)
        unsafe Kernels.table.weightedRowSum(
          count, indices, values, decoder.base, decoder.width, decoder.width, row, true)
      }
    }
  }

  /// The reconstruction error against `target`, and its projections on the active decoder rows.
  package func reconstructionPass(
    decoder: Matrix, bias: [Float], target: Matrix
  ) -> ReconstructionPass {
    precondition(
      target.rows == tokens && target.columns == decoder.columns,
      "cannot compare \(target.shape) with \(tokens) tokens of width \(decoder.columns)")
    var squared = [Float](repeating: 0, count: tokens)
    var projections = [Float](repeating: 0, count: entryCount)
    let error = unsafe Matrix(uninitialized: tokens, decoder.columns) { buffer in
      unsafe squared.withUnsafeMutableBufferPointer { squared in
        unsafe projections.withUnsafeMutableBufferPointer { projections in
          guard let base = buffer.baseAddress, let squaredBase = squared.baseAddress,
            let projectionBase = projections.baseAddress
          else { return }
          let out = unsafe SharedPointer(base)
          let sums = unsafe SharedPointer(squaredBase)
          let dots = unsafe SharedPointer(projectionBase)
          let targetBase = unsafe SharedConstant(target.view.pointer)
          unsafe forEachToken(decoder, bias) { token, count, indices, values, decoder, bias in
            let kernels = Kernels.table
            let width = decoder.width
            let row = unsafe out.base + token * width
            unsafe row.update(from: bias, count: width)
            unsafe kernels.weightedRowSum(
              count, indices, values, decoder.base, width, width, row, true)
            unsafe kernels.subtract(width, row, targetBase.base + token * width, row)
            unsafe sums.base[token] = kernels.sumOfSquares(width, row)
            unsafe kernels.rowDots(
              count, indices, row, decoder.base, width, width, dots.base + rowOffsets[token])
          }
        }
      }
    }
    withExtendedLifetime(target) {}
    return ReconstructionPass(error: error, squaredErrors: squared, projections: projections)
  }

  /// ⟨row of the token, row of the latent⟩ for every entry.
  package func projections(of rows: Matrix, on dictionary: Matrix) -> [Float] {
    precondition(
      rows.rows == tokens && rows.columns == dictionary.columns,
      "cannot project \(rows.shape) of \(tokens) tokens on \(dictionary.shape)")
    var result = [Float](repeating: 0, count: entryCount)
    unsafe result.withUnsafeMutableBufferPointer { result in
      guard let base = result.baseAddress else { return }
      let out = unsafe SharedPointer(base)
      let from = unsafe SharedConstant(rows.view.pointer)
      let none = [Float](repeating: 0, count: dictionary.columns)
      unsafe forEachToken(dictionary, none) { token, count, indices, _, dictionary, _ in
        unsafe Kernels.table.rowDots(
          count, indices, from.base + token * dictionary.width, dictionary.base, dictionary.width,
          dictionary.width, out.base + rowOffsets[token])
      }
    }
    withExtendedLifetime(rows) {}
    return result
  }

  /// A decoder inside a loop over tokens.
  @safe
  private struct Rows {
    let base: UnsafePointer<Float>
    let width: Int
  }

  private typealias TokenBody =
    @Sendable (
      _ token: Int, _ count: Int, _ indices: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>,
      _ decoder: Rows, _ bias: UnsafePointer<Float>
    ) -> Void

  private func forEachToken(_ decoder: Matrix, _ bias: [Float], _ body: TokenBody) {
    precondition(
      decoder.rows == latentCount && bias.count == decoder.columns,
      "cannot decode \(latentCount) latents with \(decoder.shape) and \(bias.count) biases")
    // A pointer to something even where there are no entries at all.
    let held: [UInt32] = indices.isEmpty ? [0] : indices
    let heldValues: [Float] = values.isEmpty ? [0] : values
    unsafe held.withUnsafeBufferPointer { indexBuffer in
      unsafe heldValues.withUnsafeBufferPointer { valueBuffer in
        unsafe bias.withUnsafeBufferPointer { biasBuffer in
          guard let indexBase = indexBuffer.baseAddress, let valueBase = valueBuffer.baseAddress,
            let biasBase = biasBuffer.baseAddress
          else { return }
          let shared = unsafe (
            SharedConstant(indexBase), SharedConstant(valueBase), SharedConstant(biasBase),
            SharedConstant(decoder.view.pointer)
          )
          let width = decoder.columns
          Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 16)) { range, _ in
            for token in range {
              let begin = rowOffsets[token]
              unsafe body(
                token, rowOffsets[token + 1] - begin, shared.0.base + begin,
                shared.1.base + begin, Rows(base: shared.3.base, width: width), shared.2.base)
            }
          }
        }
      }
    }
    withExtendedLifetime(decoder) {}
  }
}
