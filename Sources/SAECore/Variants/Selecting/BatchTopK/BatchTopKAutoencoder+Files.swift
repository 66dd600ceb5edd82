extension BatchTopKAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    thresholdArchive(
      trainedAs: .batchTopK,
      details: [
        ("k", .double(configuration.meanK)),
        ("topk_threshold_lr", .double(configuration.thresholdAverage.rate)),
      ])
  }

  /// The autoencoder that files hold: a checkpoint, or a JumpReLU autoencoder that says it was trained
  /// as one of these.
  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self)
    let stored = try archive.batchSelection(.batchTopK)
    var configuration = BatchTopKConfiguration(meanK: stored.k)
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    configuration.rescalesByDecoderNorm = stored.rescalesByDecoderNorm
    do {
      try self.init(
        parameters: stored.parameters, configuration: configuration, threshold: stored.threshold)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}
