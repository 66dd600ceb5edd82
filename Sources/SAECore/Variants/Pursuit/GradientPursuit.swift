/// Latents found anew for a dictionary that another encoder was trained with, by gradient pursuit:
/// a bound on the variance that better encoding could explain.
///
///     r = x − b − zW      S ← S ∪ {argmaxᵢ ⟨r, W_i⟩}      g = ⟨r, W_i⟩ on S, else 0
///     z ← max(z + ⟨gW, r⟩/‖gW‖² · g, 0)
///
/// as many times as latents may be active. A token none of whose directions has a positive product with
/// r gets no new one.
///
/// Source: Blumensath and Davies 2008, "Gradient Pursuits"; for autoencoders Smith 2024, "Replacing SAE
/// Encoders with Inference-Time Optimisation"; dictionary_learning's `grad_pursuit`.
public struct GradientPursuit: SparseAutoencoder, Equatable {
  /// W, latents × width.
  public let decoder: Matrix
  /// b
  public let bias: [Float]
  /// Iterations, and so latents that are active on a token at most.
  public let iterations: Int

  public var inputDimension: Int { decoder.columns }
  public var latentCount: Int { decoder.rows }

  /// A pursuit over a dictionary.
  ///
  /// - Parameters:
  ///   - decoder: the directions, latents × width, of any norm.
  ///   - bias: b_dec, as many numbers as the width.
  ///   - iterations: latents that may be active on a token.
  /// - Throws: ``ShapeError`` if the widths differ, or there is no iteration.
  public init(decoder: Matrix, bias: [Float], iterations: Int) throws(ShapeError) {
    try ShapeError.check("bias", "numbers", expected: decoder.columns, found: bias.count)
    guard iterations > 0 else {
      throw ShapeError("iterations", "or more", expected: 1, found: iterations)
    }
    self.decoder = decoder
    self.bias = bias
    self.iterations = iterations
  }

  /// Encodes activations; of equal directions the lower index is taken.
  ///
  /// - Parameter activations: tokens × width.
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  /// - Complexity: O(iterations · tokens · width · latents) time.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    let signal = activations.subtractingFromRows(bias)
    let none = [Float](repeating: 0, count: latentCount)
    let origin = [Float](repeating: 0, count: inputDimension)
    let tokens = Array(0..<UInt32(activations.rows))
    var residual = signal
    var code = SparseLatents(
      unchecked: latentCount, rowOffsets: [Int](repeating: 0, count: activations.rows + 1),
      indices: [], values: [])
    for _ in 0..<iterations {
      let best = LatentScores(activations: residual, encoder: decoder, bias: none).largest(1)
      code = code.inserting(best)
      let slopes = code.projections(of: residual, on: decoder)
      let direction = code.replacingValues(slopes).decoded(by: decoder, bias: origin)
      let lengths = direction.rowProducts(with: residual, rows: tokens).map {
        $0.squaredNorm > 0 ? Float($0.product / $0.squaredNorm) : 0
      }
      let before = code.values
      code = code.replacingValues(
        code.mapEntries { entry, token, _ in
          max(before[entry] + lengths[token] * slopes[entry], 0)
        })
      residual = code.decoded(by: decoder, bias: origin)
      residual.scale(by: -1)
      residual.add(signal)
    }
    return code.droppingZeros()
  }

  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try check(activations, latents)
    return latents.decoded(by: decoder, bias: bias)
  }
}

extension SparseLatents {
  /// With the entries of another one too, at 0 where this one has none there.
  fileprivate func inserting(_ others: SparseLatents) -> SparseLatents {
    var offsets = [0]
    var indices: [UInt32] = []
    var values: [Float] = []
    for token in 0..<tokens {
      var missing = others.indices[others.entries(of: token)]
      for entry in entries(of: token) {
        while let next = missing.first, next < self.indices[entry] {
          indices.append(next)
          values.append(0)
          missing = missing.dropFirst()
        }
        if missing.first == self.indices[entry] { missing = missing.dropFirst() }
        indices.append(self.indices[entry])
        values.append(self.values[entry])
      }
      indices += missing
      values += [Float](repeating: 0, count: missing.count)
      offsets.append(indices.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: indices, values: values)
  }
}
