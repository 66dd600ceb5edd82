/// The course of matching pursuit over a batch.
struct Pursuit {
  /// The entries that one iteration took out of the tokens: at most one per token.
  private(set) var iterations: [SparseLatents] = []
  /// The residuals, tokens × width.
  private(set) var residual: Matrix
  let latentCount: Int

  init(residual: Matrix, latentCount: Int) {
    self.residual = residual
    self.latentCount = latentCount
  }

  /// Runs until every token has ended.
  mutating func run(_ dictionary: Matrix, _ configuration: MatchingPursuitConfiguration) {
    let none = [Float](repeating: 0, count: latentCount)
    var active = Array(0..<residual.rows)
    var support = [Set<UInt32>](repeating: [], count: residual.rows)
    for _ in 0..<(configuration.maxIterations ?? dictionary.columns) where !active.isEmpty {
      // The tokens that go on, packed, so that the product is no larger than it must be.
      let rows = active.count == residual.rows ? residual : residual.gatheringRows(active)
      let best = LatentScores(activations: rows, encoder: dictionary, bias: none).largest(1)
      let taken = best.spread(to: active, of: residual.rows)
      residual.add(
        taken.decoded(by: dictionary, bias: [Float](repeating: 0, count: residual.columns)),
        times: -1)
      iterations.append(taken)

      let norms = configuration.residualThreshold > 0 ? residual.rowNorms() : []
      active = active.filter { token in
        guard let entry = taken.entries(of: token).first else { return false }
        let isNew = support[token].insert(taken.indices[entry]).inserted
        if configuration.stopsOnDuplicates && !isNew { return false }
        return norms.isEmpty || Double(norms[token]) >= configuration.residualThreshold
      }
    }
  }

  /// The entries of all iterations, those of one latent and token added up in their order.
  func latents() -> SparseLatents {
    var offsets = [0]
    var indices: [UInt32] = []
    var values: [Float] = []
    for token in 0..<residual.rows {
      var sums: [UInt32: Float] = [:]
      for taken in iterations {
        for entry in taken.entries(of: token) {
          sums[taken.indices[entry], default: 0] += taken.values[entry]
        }
      }
      for (index, value) in sums.sorted(by: { $0.key < $1.key }) {
        indices.append(index)
        values.append(value)
      }
      offsets.append(indices.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: indices, values: values)
  }
}

extension SparseLatents {
  /// The rows at the given places, ascending, among `tokens` rows of which the others are empty.
  func spread(to places: [Int], of tokens: Int) -> SparseLatents {
    precondition(places.count == self.tokens, "\(places.count) places for \(self.tokens) rows")
    var counts = [Int](repeating: 0, count: tokens)
    for (row, place) in places.enumerated() { counts[place] = entries(of: row).count }
    var offsets = [0]
    offsets.reserveCapacity(tokens + 1)
    for count in counts { offsets.append(offsets[offsets.count - 1] + count) }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: indices, values: values)
  }
}
