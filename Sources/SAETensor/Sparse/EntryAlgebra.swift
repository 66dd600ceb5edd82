/// The linear algebra on the entries of a batch: reconstruction, projections and gradients of weight
/// matrices, by sparse sums where entries are few and by dense products where they are many.
///
/// Both give the same results within rounding. Dense products take the tokens a piece at a time, of
/// a fixed size, so that bits do not depend on the number of threads and the matrix tokens × latents
/// is never whole in memory.
package struct CodeAlgebra: Sendable {
  /// The entries; their values make no difference.
  package let latents: SparseLatents
  /// Whether reconstructions and projections are dense products.
  private let isDense: Bool
  /// nil where sums of rows are dense products.
  private let occurrences: LatentOccurrences?

  /// The share of entries in tokens × latents above which products are dense, measured at 768 → 16384:
  /// reconstruction and projections cost the same at 0.09, sums of rows, whose rows of few tokens stay in
  /// cache, at 0.25.
  package static let denseShare = 1.0 / 12
  package static let denseSumShare = 1.0 / 5

  /// Elements of a dense piece, 32 MB.
  private static let pieceElements = 1 << 23

  /// - Parameter isDense: nil decides by the number of entries.
  package init(_ latents: SparseLatents, isDense: Bool? = nil) {
    self.latents = latents
    self.isDense = isDense ?? latents.isDense
    let sumsAreDense = isDense ?? (latents.share > CodeAlgebra.denseSumShare)
    occurrences = sumsAreDense && latents.tokens > 0 ? nil : latents.occurrencesByLatent()
  }

  /// The error of the reconstruction from a code against `target`, and its projections on the
  /// decoder rows of all entries.
  ///
  /// - Parameters:
  ///   - code: one number per entry.
  ///   - decoder: latents × width.
  ///   - bias: width.
  ///   - target: tokens × width.
  package func reconstructionPass(
    code: [Float], decoder: Matrix, bias: [Float], target: Matrix
  ) -> ReconstructionPass {
    let batch = latents.replacingValues(code)
    guard isDense else {
      return batch.reconstructionPass(decoder: decoder, bias: bias, target: target)
    }
    var error = batch.denselyDecoded(by: decoder, bias: bias)
    error.add(target, times: -1)
    let squared = error.rowNorms().map { $0 * $0 }
    var projections = [Float](repeating: 0, count: latents.entryCount)
    latents.forPieces { tokens in
      let products = Matrix.product(error[rows: tokens], decoder.transposed)
      latents.gather(products, tokens, into: &projections)
    }
    return ReconstructionPass(error: error, squaredErrors: squared, projections: projections)
  }

  /// Row i of `result` = (accumulate ? row i : 0) + Σ over i's entries of coefficient · row of the
  /// token.
  ///
  /// - Parameters:
  ///   - rows: tokens × width.
  ///   - coefficients: one per entry.
  ///   - result: latents × width.
  package func sumRows(
    _ rows: Matrix, coefficients: [Float], into result: inout Matrix, accumulate: Bool = false
  ) {
    if let occurrences {
      occurrences.sumRows(rows, coefficients: coefficients, into: &result, accumulate: accumulate)
      return
    }
    let batch = latents.replacingValues(coefficients)
    batch.forPieces { tokens in
      let dense = batch.dense(tokens)
      result.multiply(
        dense.transposed, rows[rows: tokens], rows: 0..<result.rows, columns: 0..<result.columns,
        accumulate: accumulate || tokens.lowerBound > 0)
    }
  }

  /// Tokens of a piece.
  static func pieceTokens(latents: Int) -> Int { max(16, pieceElements / max(1, latents)) }
}

extension SparseLatents {
  /// Whether dense products reconstruct faster than sums over the entries.
  package var isDense: Bool { share > CodeAlgebra.denseShare }

  /// Entries over tokens × latents.
  fileprivate var share: Double {
    Double(entryCount) / max(1, Double(tokens) * Double(latentCount))
  }

  /// code · decoder + bias, each token by whichever of sums and products is faster for its own entries,
  /// so that its bits do not depend on the tokens beside it.
  package func reconstruction(by decoder: Matrix, bias: [Float]) -> Matrix {
    let limit = CodeAlgebra.denseShare * Double(latentCount)
    var (sparse, dense): ([Int], [Int]) = ([], [])
    for token in 0..<tokens {
      if Double(entries(of: token).count) > limit {
        dense.append(token)
      } else {
        sparse.append(token)
      }
    }
    if dense.isEmpty { return decoded(by: decoder, bias: bias) }
    if sparse.isEmpty { return denselyDecoded(by: decoder, bias: bias) }
    var result = Matrix(rows: tokens, columns: decoder.columns)
    result.addRows(of: selecting(sparse).decoded(by: decoder, bias: bias), to: sparse)
    result.addRows(of: selecting(dense).denselyDecoded(by: decoder, bias: bias), to: dense)
    return result
  }

  /// Some of the tokens.
  private func selecting(_ tokens: [Int]) -> SparseLatents {
    var (offsets, chosen, numbers): ([Int], [UInt32], [Float]) = ([0], [], [])
    for token in tokens {
      chosen += indices[entries(of: token)]
      numbers += values[entries(of: token)]
      offsets.append(chosen.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: chosen, values: numbers)
  }

  fileprivate func denselyDecoded(by decoder: Matrix, bias: [Float]) -> Matrix {
    var result = Matrix(rows: tokens, columns: decoder.columns)
    forPieces { range in
      result.multiply(
        dense(range).view, decoder.view, rows: range, columns: 0..<decoder.columns,
        accumulate: false)
    }
    return result.subtractingFromRows(bias.map { -$0 })
  }

  fileprivate func forPieces(_ body: (Range<Int>) -> Void) {
    let piece = CodeAlgebra.pieceTokens(latents: latentCount)
    for first in stride(from: 0, to: tokens, by: piece) { body(first..<min(tokens, first + piece)) }
  }

  /// Some tokens' entries among zeros.
  fileprivate func dense(_ range: Range<Int>) -> Matrix {
    Matrix(uninitialized: range.count, latentCount) { result in
      result.forEach(least: 8) { row, elements in
        elements.fill(0)
        let token = range.lowerBound + row
        for entry in rowOffsets[token]..<rowOffsets[token + 1] {
          elements[Int(indices[entry])] = values[entry]
        }
      }
    }
  }

  /// Reads some tokens' entries out of a dense matrix.
  fileprivate func gather(
    _ matrix: Matrix, _ range: Range<Int>, into result: inout [Float]
  ) {
    result.lendMutable { result in
      matrix.lend { rows in
        Parallel.forEach(range.count, least: 8) { row in
          let (elements, token) = (rows.row(row), range.lowerBound + row)
          for entry in rowOffsets[token]..<rowOffsets[token + 1] {
            result[entry] = elements[Int(indices[entry])]
          }
        }
      }
    }
  }
}
