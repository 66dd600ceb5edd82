/// Momentum whose matrices are made nearly orthogonal before each step; vectors are Adam's.
///
///     m ← β m + (1 − β) g      u = (1 − β) g + β m
///     w ← (1 − η λ) w − 0.2 η √max(rows, columns) · O(u)
///
/// O(u) is what five steps of a Newton–Schulz iteration make of u/‖u‖: a matrix with the singular
/// vectors of u and singular values near 1 (between about 0.7 and 1.2, whatever they were, but for the
/// smallest).
///
///     X ← a X + (b X Xᵀ + c (X Xᵀ)²) X
///
/// It is computed in float32 where sparsify has bfloat16. A step costs some 20 width² · latents operations
/// per matrix beside the model's own.
///
/// Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the scale of
/// the update from Liu et al. 2025, arXiv 2502.16982; momentum and weight decay are sparsify's.
package struct Muon: Optimizer, Equatable {
  /// β
  package let momentum: Float
  /// λ
  package let weightDecay: Double
  /// For vectors.
  package private(set) var adam: Adam
  /// m, of the matrices.
  package private(set) var moments: ParameterSet

  /// An optimizer that has made no step yet.
  ///
  /// - Precondition: the momentum is at least 0 and below 1.
  package init(for parameters: ParameterSet, momentum: Float = 0.95, weightDecay: Double = 0.1) {
    precondition(momentum >= 0 && momentum < 1, "a momentum of \(momentum)")
    self.momentum = momentum
    self.weightDecay = weightDecay
    let matrices = parameters.names.filter { parameters[$0].rows > 1 }
    let vectors = parameters.names.filter { parameters[$0].rows <= 1 }
    moments = parameters.keeping(matrices).zeros()
    adam = Adam(for: parameters.keeping(vectors))
  }

  package mutating func update(
    _ parameters: inout ParameterSet, gradients: ParameterSet, learningRate: Double,
    gradientScale: Double, decoderRowGuard: Float?
  ) {
    var vectors = parameters.keeping(adam.firstMoments.names)
    adam.update(
      &vectors, gradients: gradients, learningRate: learningRate, gradientScale: gradientScale,
      decoderRowGuard: nil)
    for name in vectors.names { parameters[name] = vectors[name] }
    for (position, name) in moments.names.enumerated() {
      moments[position].scale(by: momentum)
      moments[position].add(gradients[name], times: (1 - momentum) * Float(gradientScale))
      var direction = moments[position]
      direction.scale(by: momentum)
      direction.add(gradients[name], times: (1 - momentum) * Float(gradientScale))
      let size = Double(max(direction.rows, direction.columns)).squareRoot()
      parameters[name].scale(by: Float(1 - learningRate * weightDecay))
      parameters[name].add(
        direction.orthogonalized(), times: Float(-0.2 * learningRate * size))
      if name == .decoder, let decoderRowGuard {
        parameters[name].normalizeRows(normGuard: decoderRowGuard)
      }
    }
  }

  package var state: OptimizerState {
    var state = adam.state
    state.parameters["momentum"] = moments
    return state
  }

  package mutating func restore(_ state: OptimizerState) throws(ShapeError) {
    let stored = try state.set("momentum", like: moments)
    try adam.restore(state)
    moments = stored
  }
}

extension Matrix {
  /// A matrix with the same singular vectors and singular values near 1; 0 stays 0.
  func orthogonalized(iterations: Int = 5) -> Matrix {
    let isTall = rows > columns
    var x = isTall ? Matrix(transposed) : self
    x.scale(by: Float(1 / (x.sumOfSquares().squareRoot() + 1e-7)))
    for _ in 0..<iterations {
      let square = Matrix.product(x.view, x.transposed)
      var factor = square.multiplied(by: square)
      factor.scale(by: 2.0315)
      factor.add(square, times: -4.775)
      var next = factor.multiplied(by: x)
      next.add(x, times: 3.4445)
      x = next
    }
    return isTall ? Matrix(x.transposed) : x
  }
}

extension ParameterSet {
  /// The parameters of some names, in their order.
  func keeping(_ kept: [ParameterName]) -> ParameterSet {
    ParameterSet(names: kept, matrices: kept.map { self[$0] })
  }
}
