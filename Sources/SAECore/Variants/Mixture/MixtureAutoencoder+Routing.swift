import Foundation

/// The results of a mixture for a batch.
struct RoutedPass {
  /// x − b_router
  let routerInputs: Matrix
  /// x − b_dec
  let inputs: Matrix
  /// p, tokens × experts.
  let probabilities: Matrix
  /// The experts that see each token, ascending.
  let chosen: [[Int]]
  /// W̃_enc, latents × width.
  let encoder: Matrix
  /// f where it is kept.
  let latents: SparseLatents
}

extension MixtureAutoencoder {
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  func routedPass(_ activations: Matrix) throws(ShapeError) -> RoutedPass {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    let routerInputs = activations.subtractingFromRows(parameters[.routerBias].array)
    let inputs = activations.subtractingFromRows(parameters[.decoderBias].array)
    let probabilities = Matrix.product(routerInputs.view, parameters[.router].transposed)
      .softmaxOfRows()
    let chosen = (0..<activations.rows).map { token in
      (0..<configuration.experts).sorted {
        let (a, b) = (probabilities[token, $0], probabilities[token, $1])
        return a != b ? a > b : $0 < $1
      }.prefix(configuration.activeExperts).sorted()
    }
    let encoder = scaledEncoder()
    let latents = expertLatents(inputs, encoder, probabilities, chosen)
      .keepingLargest(configuration.k)
    return RoutedPass(
      routerInputs: routerInputs, inputs: inputs, probabilities: probabilities, chosen: chosen,
      encoder: encoder, latents: latents)
  }

  /// The k largest latents of each chosen expert, expert by expert: each one's tokens are packed, so
  /// that its product is no larger than it must be.
  private func expertLatents(
    _ inputs: Matrix, _ encoder: Matrix, _ probabilities: Matrix, _ chosen: [[Int]]
  ) -> SparseLatents {
    var tokens = [[Int]](repeating: [], count: configuration.experts)
    for (token, experts) in chosen.enumerated() {
      for expert in experts { tokens[expert].append(token) }
    }
    let none = [Float](repeating: 0, count: expertSize)
    var rows = [(indices: [UInt32], values: [Float])](repeating: ([], []), count: inputs.rows)
    for expert in 0..<configuration.experts where !tokens[expert].isEmpty {
      let first = expert * expertSize
      let found = LatentScores(
        activations: inputs.gatheringRows(tokens[expert]),
        encoder: encoder.gatheringRows(Array(first..<first + expertSize)), bias: none
      ).largest(min(configuration.k, expertSize))
      for (row, token) in tokens[expert].enumerated() {
        let probability = configuration.weighsByProbability ? probabilities[token, expert] : 1
        for entry in found.entries(of: row) {
          rows[token].indices.append(found.indices[entry] + UInt32(first))
          rows[token].values.append(found.values[entry] * probability)
        }
      }
    }
    var offsets = [0]
    for row in rows { offsets.append(offsets[offsets.count - 1] + row.indices.count) }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: rows.flatMap(\.indices),
      values: rows.flatMap(\.values))
  }

  /// W̃_enc.
  func scaledEncoder() -> Matrix {
    var encoder = parameters[.encoder]
    guard configuration.scalesFeatures else { return encoder }
    for expert in 0..<configuration.experts {
      let scale = parameters[.featureScale][0, expert]
      let mean = parameters[.encoder].meanOfRows(expertRows(expert))
      for latent in expertRows(expert) {
        var row = encoder.mutableRow(latent)
        for column in row.indices { row[column] += scale * (row[column] - mean[column]) }
      }
    }
    return encoder
  }

  func expertRows(_ expert: Int) -> Range<Int> {
    expert * expertSize..<(expert + 1) * expertSize
  }
}

extension Matrix {
  /// The mean of some rows, summed in double.
  func meanOfRows(_ range: Range<Int>) -> [Float] {
    var sums = [Double](repeating: 0, count: columns)
    for index in range {
      let row = row(index)
      for column in row.indices { sums[column] += Double(row[column]) }
    }
    return sums.map { Float($0 / Double(max(1, range.count))) }
  }

  /// eˣ / Σ eˣ over each row.
  func softmaxOfRows() -> Matrix {
    var result = self
    for index in 0..<rows {
      var row = result.mutableRow(index)
      var largest = -Float.infinity
      for column in row.indices { largest = max(largest, row[column]) }
      var sum = 0.0
      for column in row.indices {
        let power = exp(Double(row[column] - largest))
        row[column] = Float(power)
        sum += power
      }
      for column in row.indices { row[column] = Float(Double(row[column]) / sum) }
    }
    return result
  }
}
