extension SparseLatents {
  /// The same latents, filled up to a number of places for each token with its lowest other latents, at
  /// 0: a selection of the largest rectified scores has these entries.
  package func fillingPlaces(_ places: Int) -> SparseLatents {
    let places = min(places, latentCount)
    guard (0..<tokens).contains(where: { entries(of: $0).count < places }) else { return self }
    var offsets = [0]
    var (filled, filledValues) = ([UInt32](), [Float]())
    for token in 0..<tokens {
      var missing = places - entries(of: token).count
      var next: UInt32 = 0
      func fill(before end: UInt32) {
        while missing > 0, next < end {
          filled.append(next)
          filledValues.append(0)
          next += 1
          missing -= 1
        }
      }
      for entry in entries(of: token) {
        fill(before: indices[entry])
        filled.append(indices[entry])
        filledValues.append(values[entry])
        next = indices[entry] + 1
      }
      fill(before: UInt32(latentCount))
      offsets.append(filled.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: filled, values: filledValues)
  }
}
