extension TrainableAutoencoder {
  public func foldingScale(_ scale: Double) throws -> Self {
    var folded = parameters
    try folded.foldScalingFactor(scale)
    return try Self(parameters: folded, configuration: configuration)
  }

  /// The same with a center made part of ``parameters``.
  func foldingCenter(_ center: [Double], subtractsDecoderBias: Bool) throws(OptionError) -> Self {
    var folded = self
    try folded.parameters.foldCenter(center, subtractsDecoderBias: subtractsDecoderBias)
    return folded
  }

  /// The autoencoder for activations as they are, of one trained on scaled ones: the inverse of
  /// ``fitting(_:)``.
  ///
  /// - Parameters:
  ///   - scaling: of the activations.
  ///   - targetScaling: of a transcoder's targets, where it was trained on such.
  /// - Throws: ``OptionError`` if that cannot be said by its parameters.
  public func folding(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling? = nil
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
      throw OptionError(
        "normalization", expected: "one that is the same for every token", found: "\(scaling)")
    }
  }

  /// The autoencoder for activations that went through a scaling, from one for activations as they are. A
  /// ``BoostedAutoencoder`` begins with it.
  ///
  /// - Throws: ``OptionError`` if it is a whitening or gives each token a scale of its own, or the
  ///   variant has no such form; ``ShapeError`` as the initializer does.
  public func fitting(_ scaling: ActivationScaling) throws -> Self {
    switch scaling {
    case .identity: return self
    case .factor(let factor): return try foldingScale(1 / factor)
    case .centered(let factor, let center):
      let moved = center.allSatisfy { $0 == 0 } ? self : try foldingCenter(center.map { -$0 })
      return try moved.foldingScale(1 / factor)
    case .whitening, .layerNorm, .constantNorm:
      throw OptionError(
        "normalization", expected: "one factor, about a center or not", found: "\(scaling)")
    }
  }

  /// The same, or an autoencoder that scales its input.
  func taking(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling?
  ) throws -> any SparseAutoencoder {
    scaling.isFoldable
      ? try folding(scaling, targetScaling: targetScaling)
      : try NormalizedAutoencoder(self, scaling: scaling)
  }

  /// Throws what ``taking(_:targetScaling:)`` would at the end of training.
  func checkTaking(_ scaling: ActivationScaling, targetScaling: ActivationScaling?) throws {
    if case .identity = scaling, targetScaling == nil { return }
    _ = try taking(scaling, targetScaling: targetScaling)
  }
}

extension TrainableAutoencoder where Self: StorableAutoencoder {
  /// What ``taking(_:targetScaling:)`` makes, to be saved.
  func storable(
    _ scaling: ActivationScaling, targetScaling: ActivationScaling?
  ) throws -> any StorableAutoencoder {
    scaling.isFoldable
      ? try folding(scaling, targetScaling: targetScaling)
      : try NormalizedAutoencoder(self, scaling: scaling)
  }
}
