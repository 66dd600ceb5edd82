import Foundation

extension ParameterSet {
  /// Weights for activations as they are, of weights trained on activations times `scale`: W_enc
  /// times it, W_dec and b_dec divided by it, or by the scale of a transcoder's target; W_skip times
  /// the one and divided by the other.
  func foldingScale(_ scale: Double, targetScale: Double? = nil) -> ParameterSet {
    let targetScale = targetScale ?? scale
    guard scale != 1 || targetScale != 1 else { return self }
    var folded = self
    folded[.encoder].scale(by: Float(scale))
    folded[.decoder].scale(by: Float(1 / targetScale))
    folded[.decoderBias].scale(by: Float(1 / targetScale))
    if contains(.skip), scale != targetScale {
      folded[.skip].scale(by: Float(scale / targetScale))
    }
    return folded
  }

  /// Weights for activations as they are, of weights trained on whitened ones.
  ///
  /// - Throws: ``InvalidOption`` as ``foldWhitening(_:subtractsDecoderBias:)`` does.
  func foldingWhitening(
    _ whitening: Whitening, subtractsDecoderBias: Bool
  ) throws(InvalidOption) -> ParameterSet {
    var folded = self
    try folded.foldWhitening(whitening, subtractsDecoderBias: subtractsDecoderBias)
    return folded
  }

  /// Subtracts what the encoder makes of a center from its biases: b_enc, b_gate, exp(r_mag) times as
  /// much from b_mag; and what W_var makes of it from b_var.
  ///
  /// - Throws: ``InvalidOption`` if there is no bias that could take it.
  mutating func foldCenterIntoEncoder(_ center: [Double]) throws(InvalidOption) {
    let biases: [ParameterName] = [.encoderBias, .gateBias]
    guard contains(.encoder), biases.contains(where: contains) else {
      throw InvalidOption(
        "normalization", expected: "one without a center for an encoder without a bias",
        found: "parameters \(names.map(\.rawValue).joined(separator: ", "))")
    }
    let shift = self[.encoder].products(with: center)
    for name in biases where contains(name) { subtract(shift, from: name) }
    if contains(.magnitudeBias) {
      let scales = self[.magnitudeScale].array.map { exp(Double($0)) }
      subtract(zip(shift, scales).map { $0 * $1 }, from: .magnitudeBias)
    }
    if contains(.variance) {
      subtract(self[.variance].products(with: center), from: .varianceBias)
    }
  }

  mutating func subtract(_ shift: [Double], from name: ParameterName) {
    self[name] = .rowVector(zip(self[name].array, shift).map { Float(Double($0) - $1) })
  }
}

extension Matrix {
  /// ⟨row, vector⟩ of each row, in double.
  func products(with vector: [Double]) -> [Double] {
    (0..<rows).map { index in
      let row = row(index)
      var sum = 0.0
      for column in row.indices { sum += Double(row[column]) * vector[column] }
      return sum
    }
  }
}

extension TrainableAutoencoder {
  /// The autoencoder for activations as they are, of one trained on scaled ones.
  ///
  /// - Parameters:
  ///   - scaling: of the activations.
  ///   - targetScaling: of a transcoder's targets, where it was trained on such.
  /// - Throws: ``InvalidOption`` if that cannot be said by its parameters.
  func folding(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling?
  ) throws -> Self {
    if let targetScaling {
      let folded = try foldingScale(
        scaling.sharedFactor, targetScale: targetScaling.sharedFactor)
      guard case .centered(_, let center) = scaling,
        case .centered(_, let targetCenter) = targetScaling
      else { return folded }
      return try folded.foldingCenter(center, targetCenter: targetCenter)
    }
    switch scaling {
    case .identity: return self
    case .factor(let factor): return try foldingScale(factor)
    case .centered(let factor, let center):
      let scaled = try foldingScale(factor)
      return center.allSatisfy { $0 == 0 } ? scaled : try scaled.foldingCenter(center)
    case .whitening(let whitening): return try foldingWhitening(whitening)
    case .layerNorm, .constantNorm:
      throw InvalidOption(
        "normalization", expected: "one that is the same for every token", found: "\(scaling)")
    }
  }

  /// The autoencoder for activations that went through a scaling, of one for activations as they are:
  /// what a ``BoostedAutoencoder`` is begun with.
  ///
  /// - Throws: ``InvalidOption`` if it is a whitening or gives each token a scale of its own, or the
  ///   variant has no such form; ``ShapeError`` as the initializer does.
  public func fitting(_ scaling: ActivationScaling) throws -> Self {
    switch scaling {
    case .identity: return self
    case .factor(let factor): return try foldingScale(1 / factor)
    case .centered(let factor, let center):
      let moved = center.allSatisfy { $0 == 0 } ? self : try foldingCenter(center.map { -$0 })
      return try moved.foldingScale(1 / factor)
    case .whitening, .layerNorm, .constantNorm:
      throw InvalidOption(
        "normalization", expected: "one factor, about a center or not", found: "\(scaling)")
    }
  }

  /// The same, or an autoencoder that scales what it is given.
  func taking(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling?
  ) throws -> any SparseAutoencoder {
    scaling.isFoldable
      ? try folding(scaling, targetScaling: targetScaling)
      : try NormalizedAutoencoder(self, scaling: scaling)
  }

  /// Throws what ``taking(_:targetScaling:)`` would at the end of training; a factor every variant takes
  /// that has no targets.
  func checkTaking(_ scaling: ActivationScaling, targetScaling: ActivationScaling?) throws {
    if case .identity = scaling, targetScaling == nil { return }
    if case .factor = scaling, targetScaling == nil { return }
    _ = try taking(scaling, targetScaling: targetScaling)
  }
}
