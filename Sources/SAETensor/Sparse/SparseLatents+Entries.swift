extension SparseLatents {
  /// A number for each entry.
  ///
  /// - Parameter body: gets the entry's position, its token and its latent; called by all threads.
  package func mapEntries(
    _ body: @Sendable (_ entry: Int, _ token: Int, _ latent: Int) -> Float
  ) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: entryCount) { buffer, count in
      if let base = buffer.baseAddress {
        let out = unsafe SharedPointer(base)
        Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 64)) { range, _ in
          for token in range {
            for entry in rowOffsets[token]..<rowOffsets[token + 1] {
              unsafe out.base[entry] = body(entry, token, Int(indices[entry]))
            }
          }
        }
      }
      count = entryCount
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
    var sums = [Double](repeating: 0, count: tokens)
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      let out = unsafe SharedPointer(base)
      Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 64)) { range, _ in
        for token in range {
          var sum = 0.0
          for entry in rowOffsets[token]..<rowOffsets[token + 1] { sum += body(entry) }
          unsafe out.base[token] = sum
        }
      }
    }
    return sums
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
    unsafe partial.withUnsafeMutableBufferPointer { partial in
      guard let base = partial.baseAddress else { return }
      let out = unsafe SharedPointer(base)
      Parallel.forRanges(blocks, grain: 1) { range, _ in
        for index in range {
          let sums = unsafe out.base + index * latents
          for entry in rowOffsets[index * block]..<rowOffsets[min(tokens, (index + 1) * block)] {
            unsafe sums[Int(indices[entry])] += Double(coefficients[entry])
          }
        }
      }
    }
    var sums = [Double](repeating: 0, count: latents)
    for index in 0..<blocks {
      for latent in 0..<latents { sums[latent] += partial[index * latents + latent] }
    }
    return sums
  }
}
