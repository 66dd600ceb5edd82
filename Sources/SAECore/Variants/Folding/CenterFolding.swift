extension TrainableAutoencoder {
  /// The same with a center made part of ``parameters``.
  func foldingCenter(_ center: [Double], subtractsDecoderBias: Bool) throws(InvalidOption) -> Self {
    var folded = self
    try folded.parameters.foldCenter(center, subtractsDecoderBias: subtractsDecoderBias)
    return folded
  }
}

extension SelectingAutoencoder {
  public func foldingCenter(_ center: [Double]) throws -> Self {
    try foldingCenter(center, subtractsDecoderBias: configuration.subtractsDecoderBias)
  }
}

extension ReLUAutoencoder {
  public func foldingCenter(_ center: [Double]) throws -> ReLUAutoencoder {
    try foldingCenter(center, subtractsDecoderBias: configuration.subtractsDecoderBias)
  }
}

extension JumpReLUAutoencoder {
  public func foldingCenter(_ center: [Double]) throws -> JumpReLUAutoencoder {
    try foldingCenter(center, subtractsDecoderBias: configuration.subtractsDecoderBias)
  }
}

extension GatedAutoencoder {
  public func foldingCenter(_ center: [Double]) throws -> GatedAutoencoder {
    try foldingCenter(center, subtractsDecoderBias: configuration.subtractsDecoderBias)
  }
}

extension VariationalAutoencoder {
  public func foldingCenter(_ center: [Double]) throws -> VariationalAutoencoder {
    var folded = self
    folded.parameters[.decoderBias].addToRows(center.map { Float($0) })
    return folded
  }
}

extension MixtureAutoencoder {
  /// As for every autoencoder, and what the router subtracts as b_dec is.
  public func foldingCenter(_ center: [Double]) throws -> MixtureAutoencoder {
    var folded = self
    for bias in [ParameterName.decoderBias, .routerBias] {
      folded.parameters[bias].addToRows(center.map { Float($0) })
    }
    return folded
  }
}

extension MatchingPursuitAutoencoder {
  /// As for every autoencoder, where b_dec is subtracted and added.
  public func foldingCenter(_ center: [Double]) throws -> MatchingPursuitAutoencoder {
    guard configuration.subtractsDecoderBias else {
      throw InvalidOption(
        "normalization", expected: "one without a center where b_dec is not subtracted",
        found: ActivationNormalization.centered.rawValue)
    }
    var folded = self
    folded.parameters[.decoderBias].addToRows(center.map { Float($0) })
    return folded
  }
}

extension Transcoder {
  public func foldingCenter(_ center: [Double]) throws -> Transcoder {
    try foldingCenter(center, targetCenter: center)
  }

  /// The input's center goes through W_enc from b_enc and through W_skip from b_dec, the target's is
  /// added to b_dec.
  public func foldingCenter(_ center: [Double], targetCenter: [Double]) throws -> Transcoder {
    var folded = self
    try folded.parameters.foldCenterIntoEncoder(center)
    folded.parameters[.decoderBias].addToRows(targetCenter.map { Float($0) })
    if parameters.contains(.skip) {
      folded.parameters.subtract(parameters[.skip].products(with: center), from: .decoderBias)
    }
    return folded
  }
}

extension BoostedAutoencoder {
  /// Folds the center into both: the booster's b_dec stays 0, so its encoder takes it.
  public func foldingCenter(_ center: [Double]) throws -> BoostedAutoencoder {
    var booster = booster
    try booster.parameters.foldCenterIntoEncoder(center)
    return BoostedAutoencoder(
      configuration: BoostingConfiguration(
        base: try base.foldingCenter(center), booster: booster.configuration),
      booster: booster)
  }
}
