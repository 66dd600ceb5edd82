/// Gradients of weight matrices from sparse codes, latent by latent: each row is written once, and
/// its sum runs over its tokens in their order, whatever the number of threads.
extension LatentOccurrences {
  /// Row i of `result` = (accumulate ? row i : 0) + Σ over i's occurrences of
  /// coefficient of the entry · row of the token.
  ///
  /// - Parameters:
  ///   - coefficients: one per entry of the batch, in the batch's order.
  ///   - rows: tokens × width.
  ///   - result: latents × width.
  ///   - latents: whose rows are made; all unless given.
  package func sumRows(
    _ rows: Matrix, coefficients: [Float], into result: inout Matrix, accumulate: Bool = false,
    latents: Range<Int>? = nil
  ) {
    let latents = latents ?? 0..<latentCount
    precondition(
      rows.rows == tokenCount && result.rows == latentCount && result.columns == rows.columns,
      "cannot sum \(rows.shape) of \(tokenCount) tokens into \(result.shape) for "
        + "\(latentCount) latents")
    precondition(
      coefficients.count == entries.count,
      "\(coefficients.count) coefficients for \(entries.count) entries")
    precondition(
      latents.lowerBound >= 0 && latents.upperBound <= latentCount,
      "latents \(latents) lie outside \(latentCount) latents")
    let most = latents.reduce(0) { max($0, offsets[$1 + 1] - offsets[$1]) }
    result.lendMutable { result in
      lending(rows, tokens) { rows, tokens in
        Parallel.forRanges(latents.count, least: 16) { range in
          Workspace.borrow(most) { scratch in
            for latent in range.lowerBound + latents.lowerBound..<range.upperBound
              + latents.lowerBound
            {
              let occurrences = offsets[latent]..<offsets[latent + 1]
              if accumulate && occurrences.isEmpty { continue }
              for (i, occurrence) in occurrences.enumerated() {
                scratch[i] = coefficients[Int(entries[occurrence])]
              }
              result.row(latent).sumRows(
                tokens[occurrences], scratch.reading, of: rows, accumulate: accumulate)
            }
          }
        }
      }
    }
  }

  /// Σ of the coefficients of each latent's entries, in token order.
  ///
  /// - Parameter latents: whose sums are made; those of others are 0.
  package func sumCoefficients(
    _ coefficients: [Float], latents: Range<Int>? = nil
  ) -> [Float] {
    let latents = latents ?? 0..<latentCount
    return (0..<latentCount).map { latent in
      guard latents.contains(latent) else { return 0 }
      var sum = 0.0
      for i in offsets[latent]..<offsets[latent + 1] {
        sum += Double(coefficients[Int(entries[i])])
      }
      return Float(sum)
    }
  }
}
