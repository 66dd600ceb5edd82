extension SAEArchive {
  /// The autoencoder, ready to run; one that brings each token to a scale of its own does so.
  ///
  /// A factor for all tokens, ``activationScale``, is not applied: see ``foldingActivationScale()``.
  ///
  /// - Parameter file: the name that errors mention.
  /// - Throws: ``TensorFileError`` if there is no implementation of its architecture, or something
  ///   is missing.
  public func autoencoder(file: String) throws(TensorFileError) -> any StorableAutoencoder {
    switch inputNormalization {
    case .none, .averageOnly: break
    case .constantNorm, .layerNorm:
      var plain = self
      plain.inputNormalization = .none
      return try plain.autoencoder(file: file).normalized(as: self, file: file)
    case .constantScalar:
      throw .invalidSetting(
        file: file, setting: "normalize_activations",
        expected: "a normalisation that this library applies", found: inputNormalization.rawValue)
    }
    if architecture.isTranscoder {
      switch architecture.activation {
      case .topK, .groupMax: return try Transcoder(self, file: file)
      case .relu, .jumpReLU: return try ThresholdTranscoder(self, file: file)
      default: throw unsupported(file)
      }
    }
    guard !architecture.hasSkipConnection else { throw unsupported(file) }
    switch architecture.activation {
    case .topK: return try TopKAutoencoder(self, file: file)
    case .absTopK: return try AbsTopKAutoencoder(self, file: file)
    case .groupMax: return try GroupMaxAutoencoder(self, file: file)
    case .batchTopK: return try BatchTopKAutoencoder(self, file: file)
    case .matryoshkaBatchTopK: return try MatryoshkaAutoencoder(self, file: file)
    case .relu: return try ReLUAutoencoder(self, file: file)
    case .jumpReLU: return try JumpReLUAutoencoder(self, file: file)
    case .gated: return try GatedAutoencoder(self, file: file)
    case .matchingPursuit: return try MatchingPursuitAutoencoder(self, file: file)
    case .temporal: throw unsupported(file)
    }
  }

  private func unsupported(_ file: String) -> TensorFileError {
    .invalidSetting(
      file: file, setting: "architecture",
      expected: "an architecture that this library runs", found: "\(architecture)")
  }
}
