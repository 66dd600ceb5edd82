extension BatchTopKAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    thresholdArchive(
      trainedAs: .batchTopK,
      details: [
        ("k", .double(configuration.k)),
        ("topk_threshold_lr", .double(configuration.thresholdAverage.rate)),
      ])
  }

  /// The autoencoder that files hold: a checkpoint, or a JumpReLU autoencoder that says it was trained
  /// as one of these.
  public init(_ archive: SAEArchive, file: String) throws(TensorFileError) {
    let stored = try archive.batchSelection(.batchTopK, file: file)
    var configuration = BatchTopKConfiguration(k: stored.k)
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    configuration.rescalesByDecoderNorm =
      stored.settings[SAEArchive.rescaling]?.asBool ?? true
    do {
      try self.init(
        parameters: stored.parameters, configuration: configuration, threshold: stored.threshold)
    } catch {
      throw error.of(file: file)
    }
  }
}
