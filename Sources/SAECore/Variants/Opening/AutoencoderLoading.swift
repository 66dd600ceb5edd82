extension SAEArchive {
  /// The autoencoder, ready to run on activations as they are: a factor that its files hold is folded
  /// into the weights, and one that scales each token does so.
  ///
  /// - Throws: ``FileError`` if there is no implementation of its architecture, something is
  ///   missing, or the files say that activations were scaled and neither they nor
  ///   ``provide(activationScale:)`` say by what.
  public func autoencoder() throws(FileError) -> any StorableAutoencoder {
    try storableType().init(self)
  }

  /// Throws what ``autoencoder()`` would say of all but the weights.
  ///
  /// - Throws: ``FileError`` if there is no implementation of its architecture, or its files lack
  ///   something or have too much.
  public func checkRuns() throws(FileError) { _ = try storableType() }

  /// The type that runs the architecture, with the normalization that its files ask for.
  ///
  /// - Throws: ``FileError`` if there is none, or something is missing that is no weight.
  func storableType() throws(FileError) -> any StorableAutoencoder.Type {
    let type = try variant()
    try checkActivationScale()
    switch inputNormalization {
    case .none, .averageOnly: return type
    case .constantNorm, .layerNorm: return normalizing(type)
    case .constantScalar:
      throw invalid(
        SAEArchive.normalization, "a normalization that this library applies",
        inputNormalization.rawValue)
    }
  }

  /// The type that runs the architecture on activations that need no scale of their own.
  private func variant() throws(FileError) -> any StorableAutoencoder.Type {
    if let variant = Variant.allCases.first(where: { $0.architectures.contains(architecture) }) {
      let type = variant.training.opening
      if type is any BatchSelectingAutoencoder.Type { _ = try sharedThreshold() }
      return type
    }
    guard ThresholdTranscoder.architectures.contains(architecture) else {
      throw invalid("architecture", "an architecture that this library runs", "\(architecture)")
    }
    return ThresholdTranscoder.self
  }

  private func normalizing(
    _ type: any StorableAutoencoder.Type
  ) -> any StorableAutoencoder.Type {
    func around<Base: StorableAutoencoder>(_: Base.Type) -> any StorableAutoencoder.Type {
      NormalizedAutoencoder<Base>.self
    }
    return around(type)
  }
}
