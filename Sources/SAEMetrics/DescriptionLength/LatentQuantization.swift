public import SAECore

/// The smallest and the largest finite activation of each latent, other than 0.
public struct LatentRanges: Sendable, Equatable {
  /// Of each latent the smallest, infinity while it has not fired.
  public private(set) var smallest: [Float]
  /// Of each latent the largest, minus infinity while it has not fired.
  public private(set) var largest: [Float]

  /// Ranges of `latentCount` latents, none seen yet.
  public init(latentCount: Int) {
    smallest = [Float](repeating: .infinity, count: latentCount)
    largest = [Float](repeating: -.infinity, count: latentCount)
  }

  /// d_sae.
  public var latentCount: Int { smallest.count }

  /// Adds the counted tokens of a batch.
  ///
  /// - Parameter batch: with latents.
  /// - Throws: `ShapeError` if the number of latents differs.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.check(latentCount: latentCount)
    let latents = batch.latents
    for row in batch.rows {
      for entry in latents.entries(of: Int(row)) {
        let (latent, value) = (Int(latents.indices[entry]), latents.values[entry])
        guard value != 0, value.isFinite else { continue }
        smallest[latent] = min(smallest[latent], value)
        largest[latent] = max(largest[latent], value)
      }
    }
  }

  /// Adds what another accumulator has counted.
  ///
  /// - Throws: `ShapeError` if its number of latents is another.
  public mutating func merge(_ other: LatentRanges) throws(ShapeError) {
    try ShapeError.check(
      "merged ranges", "latents", expected: latentCount, found: other.latentCount)
    for latent in smallest.indices {
      smallest[latent] = min(smallest[latent], other.smallest[latent])
      largest[latent] = max(largest[latent], other.largest[latent])
    }
  }
}

/// How the activations of latents are rounded for a code: to bins, of which a code names the index.
public enum LatentQuantization: Sendable, Equatable {
  /// So many equal bins between the latent's smallest and largest activation, the last one closed.
  case bins(Int, LatentRanges)
  /// Bins of one width for all latents: index ⌊z / width⌋.
  case width(Double)

  /// The bin of an activation other than 0.
  func index(_ value: Float, latent: Int) -> Int {
    switch self {
    case .bins(let count, let ranges):
      let (low, high) = (Double(ranges.smallest[latent]), Double(ranges.largest[latent]))
      guard high > low else { return 0 }
      let place = (Double(value) - low) / (high - low) * Double(count)
      return max(0, min(count - 1, Int(place)))
    case .width(let width):
      // A bin beyond all integers is the last one.
      return Int(max(-1e18, min(1e18, (Double(value) / width).rounded(.down))))
    }
  }

  /// The middle of a bin.
  func midpoint(_ index: Int, latent: Int) -> Float {
    switch self {
    case .bins(let count, let ranges):
      let (low, high) = (Double(ranges.smallest[latent]), Double(ranges.largest[latent]))
      guard high > low else { return ranges.smallest[latent] }
      return Float(low + (Double(index) + 0.5) * (high - low) / Double(count))
    case .width(let width): return Float((Double(index) + 0.5) * width)
    }
  }

  /// Latents with every activation replaced by the middle of its bin; zeros stay zero.
  ///
  /// - Parameter latents: finite activations of the latents that the ranges are of.
  /// - Returns: the same entries with other values.
  public func quantizing(_ latents: SparseLatents) -> SparseLatents {
    latents.replacingValues(
      zip(latents.indices, latents.values).map { latent, value in
        value == 0 || !value.isFinite
          ? value : midpoint(index(value, latent: Int(latent)), latent: Int(latent))
      })
  }
}
