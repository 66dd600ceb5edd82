extension Crosscoder {
  /// The latents of each group.
  ///
  /// - Parameter activations: one matrix per input, tokens × width.
  /// - Throws: ``ShapeError`` if there are more or fewer matrices than inputs, or a size is another.
  public func encode(_ activations: [Matrix]) throws(ShapeError) -> [SparseLatents] {
    let inputs = try normalized(activations)
    return groups.map { encode(inputs, $0) }
  }

  /// What the activations become at each output, tokens × ``outputDimension``.
  ///
  /// - Throws: ``ShapeError`` as ``encode(_:)`` does, or if the latents are of other sizes.
  public func reconstruct(
    _ activations: [Matrix], from latents: [SparseLatents]
  ) throws(ShapeError) -> [Matrix] {
    let inputs = try normalized(activations)
    try ShapeError.check("latents", "groups", expected: groups.count, found: latents.count)
    for (group, found) in zip(groups, latents) {
      try ShapeError.check(
        "latents", "latents", expected: group.latentCount, found: found.latentCount)
      try ShapeError.check(
        "latents", "tokens", expected: inputs[0].rows, found: found.tokens)
    }
    return biases.indices.map { output($0, inputs, latents) }
  }

  /// Latents and reconstructions of one encoding.
  ///
  /// - Throws: ``ShapeError`` as ``encode(_:)`` does.
  public func run(
    _ activations: [Matrix]
  ) throws(ShapeError) -> (latents: [SparseLatents], reconstructions: [Matrix]) {
    let latents = try encode(activations)
    return (latents, try reconstruct(activations, from: latents))
  }

  private func normalized(_ activations: [Matrix]) throws(ShapeError) -> [Matrix] {
    try ShapeError.check("activations", "sites", expected: inputs.count, found: activations.count)
    let tokens = activations.first?.rows ?? 0
    var result: [Matrix] = []
    for (matrix, affine) in zip(activations, inputs) {
      try ShapeError.check(
        "activations", "columns", expected: inputDimension, found: matrix.columns)
      try ShapeError.check("activations", "tokens", expected: tokens, found: matrix.rows)
      var scaled = affine.mean.map { matrix.subtractingFromRows($0) } ?? matrix
      if affine.factor != 1 { scaled.scale(by: affine.factor) }
      result.append(scaled)
    }
    return result
  }

  /// Several encoders are one, of the inputs side by side.
  private func encode(_ inputs: [Matrix], _ group: Group) -> SparseLatents {
    let (activations, encoder) = sideBySide(inputs, group)
    switch group.selection {
    case .above(let thresholds):
      return SparseLatents.aboveThreshold(
        of: activations, encoder: encoder, bias: group.bias, thresholds: thresholds)
    case .largest(let k, let scale):
      let latents = LatentScores(
        activations: activations, encoder: encoder, bias: group.bias, scale: scale
      ).largest(k)
      return scale.map { latents.dividingValues(by: $0) } ?? latents
    }
  }

  private func sideBySide(_ inputs: [Matrix], _ group: Group) -> (Matrix, Matrix) {
    if group.encoders.count == 1 {
      return (inputs[group.encoders[0].site], group.encoders[0].matrix)
    }
    let width = inputDimension
    var activations = Matrix(rows: inputs[0].rows, columns: width * group.encoders.count)
    var encoder = Matrix(rows: group.latentCount, columns: width * group.encoders.count)
    for (place, part) in group.encoders.enumerated() {
      activations.copy(inputs[part.site], toRow: 0, column: place * width)
      encoder.copy(part.matrix, toRow: 0, column: place * width)
    }
    return (activations, encoder)
  }

  private func output(_ site: Int, _ inputs: [Matrix], _ latents: [SparseLatents]) -> Matrix {
    var sum = Matrix(rows: inputs[0].rows, columns: outputDimension)
    sum.addToRows(biases[site])
    let none = [Float](repeating: 0, count: outputDimension)
    for (group, latents) in zip(groups, latents) {
      for decoder in group.decoders where decoder.site == site {
        let code =
          decoder.shift.map { shift in
            latents.replacingValues(
              latents.mapEntries { entry, _, latent in latents.values[entry] + shift[latent] })
          } ?? latents
        sum.add(code.decoded(by: decoder.matrix, bias: none), times: 1)
      }
    }
    for skip in skips where skip.to == site {
      sum.add(Matrix.product(inputs[skip.from].view, skip.matrix.transposed), times: 1)
    }
    if outputs[site].factor != 1 { sum.scale(by: outputs[site].factor) }
    if let mean = outputs[site].mean { sum.addToRows(mean) }
    return sum
  }
}
