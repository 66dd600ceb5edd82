/// Reconstructions, and the errors and projections that the gradients need, token by token: the decoder
/// rows of a token are still in cache when its latents' gradients are computed.
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
    Matrix(uninitialized: tokens, decoder.columns) { result in
      forEachToken(decoder, bias) { token, entries, decoder, bias in
        let row = result.row(token)
        row.copy(bias)
        row.sumRows(entries.indices, entries.values, of: decoder, accumulate: true)
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
    let error = Matrix(uninitialized: tokens, decoder.columns) { errors in
      squared.lendMutable { squared in
        projections.lendMutable { projections in
          target.lend { targets in
            forEachToken(decoder, bias) { token, entries, decoder, bias in
              let row = errors.row(token)
              row.copy(bias)
              row.sumRows(entries.indices, entries.values, of: decoder, accumulate: true)
              row.setDifference(row.reading, targets.row(token))
              squared[token] = row.reading.sumOfSquares()
              projections[entries.range].setDots(entries.indices, row.reading, with: decoder)
            }
          }
        }
      }
    }
    return ReconstructionPass(error: error, squaredErrors: squared, projections: projections)
  }

  /// ⟨row of the token, row of the latent⟩ for every entry.
  package func projections(of rows: Matrix, on dictionary: Matrix) -> [Float] {
    precondition(
      rows.rows == tokens && rows.columns == dictionary.columns,
      "cannot project \(rows.shape) of \(tokens) tokens on \(dictionary.shape)")
    var result = [Float](repeating: 0, count: entryCount)
    let none = [Float](repeating: 0, count: dictionary.columns)
    result.lendMutable { result in
      rows.lend { rows in
        forEachToken(dictionary, none) { token, entries, dictionary, _ in
          result[entries.range].setDots(entries.indices, rows.row(token), with: dictionary)
        }
      }
    }
    return result
  }

  /// The entries of a token.
  private struct TokenEntries {
    let range: Range<Int>
    let indices: Lent<UInt32>
    let values: Lent<Float>
  }

  @inline(__always)
  private func forEachToken(
    _ decoder: Matrix, _ bias: [Float],
    _ body:
      @Sendable (
        _ token: Int, _ entries: TokenEntries, _ decoder: LentRows<Float>, _ bias: Lent<Float>
      ) -> Void
  ) {
    precondition(
      decoder.rows == latentCount && bias.count == decoder.columns,
      "cannot decode \(latentCount) latents with \(decoder.shape) and \(bias.count) biases")
    lending(indices, values, decoder, bias) { indices, values, decoder, bias in
      Parallel.forEach(tokens, least: 16) { token in
        let range = rowOffsets[token]..<rowOffsets[token + 1]
        body(
          token, TokenEntries(range: range, indices: indices[range], values: values[range]),
          decoder, bias)
      }
    }
  }
}
