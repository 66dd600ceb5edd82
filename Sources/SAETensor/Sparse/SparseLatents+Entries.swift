extension SparseLatents {
  /// A number for each entry.
  ///
  /// - Parameter body: gets the entry's position, its token and its latent; called by all threads.
  package func mapEntries(
    _ body: @Sendable (_ entry: Int, _ token: Int, _ latent: Int) -> Float
  ) -> [Float] {
    [Float](filling: entryCount) { result in
      Parallel.forEach(tokens, least: 64) { token in
        for entry in rowOffsets[token]..<rowOffsets[token + 1] {
          result[entry] = body(entry, token, Int(indices[entry]))
        }
      }
    }
  }

  /// The entries that are not 0.
  package func droppingZeros() -> SparseLatents {
    guard values.contains(0) else { return self }
    var offsets = [0]
    offsets.reserveCapacity(tokens + 1)
    var (kept, keptValues) = ([UInt32](), [Float]())
    for token in 0..<tokens {
      for entry in rowOffsets[token]..<rowOffsets[token + 1] where values[entry] != 0 {
        kept.append(indices[entry])
        keptValues.append(values[entry])
      }
      offsets.append(kept.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: kept, values: keptValues)
  }

  /// Σ over each token's entries of a number for each entry, added in their order.
  package func sumByToken(_ body: @Sendable (_ entry: Int) -> Double) -> [Double] {
    [Double](filling: tokens) { sums in
      Parallel.forEach(tokens, least: 64) { token in
        var sum = 0.0
        for entry in rowOffsets[token]..<rowOffsets[token + 1] { sum += body(entry) }
        sums[token] = sum
      }
    }
  }

  /// Σ over each latent's entries of a number for each entry, added in double: over the tokens of a
  /// block of fixed size in their order, then over the blocks.
  package func sumByLatent(_ coefficients: [Float]) -> [Double] {
    precondition(
      coefficients.count == entryCount, "\(coefficients.count) numbers for \(entryCount) entries")
    let block = 512
    let blocks = (tokens + block - 1) / block
    let latents = latentCount
    var partial = [Double](repeating: 0, count: blocks * latents)
    partial.lendMutable { partial in
      let partial = partial.rows(of: latents)
      Parallel.forEach(blocks) { index in
        let entries =
          rowOffsets[index * block]..<rowOffsets[min(tokens, (index + 1) * block)]
        guard !entries.isEmpty else { return }
        let sums = partial.row(index)
        for entry in entries { sums[Int(indices[entry])] += Double(coefficients[entry]) }
      }
    }
    var sums = [Double](repeating: 0, count: latents)
    for index in 0..<blocks {
      for latent in 0..<latents { sums[latent] += partial[index * latents + latent] }
    }
    return sums
  }
}
