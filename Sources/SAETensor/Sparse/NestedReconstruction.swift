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
    let tokens = error.rows
    var squares = [Float](repeating: 0, count: tokens)
    let (code, error, weights) = (code, error, weights)
    gradient.lendMutable { gradient in
      projections.lendMutable { projections in
        squares.lendMutable { squares in
          lending(error, decoder, code.indices) { error, decoder, indices in
            Parallel.forEach(tokens, least: 16) { token in
              let row = gradient.row(token)
              row.add(error.row(token), times: weights.map { slope * $0[token] } ?? slope)
              squares[token] = error.row(token).sumOfSquares()
              let entries = code.entries(of: token, latents: group)
              projections[entries].setDots(indices[entries], row.reading, with: decoder)
            }
          }
        }
      }
    }
    return ErrorSquares(squares, weights: weights)
  }

  /// Takes a group away from the reconstruction.
  package mutating func remove(group: Range<Int>, decoder: Matrix) {
    let tokens = error.rows
    let code = code
    let values = code.values.map { -$0 }
    error.lendMutable { error in
      lending(code.indices, values, decoder) { indices, values, decoder in
        Parallel.forEach(tokens, least: 16) { token in
          let entries = code.entries(of: token, latents: group)
          guard !entries.isEmpty else { return }
          error.row(token).sumRows(
            indices[entries], values[entries], of: decoder, accumulate: true)
        }
      }
    }
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
