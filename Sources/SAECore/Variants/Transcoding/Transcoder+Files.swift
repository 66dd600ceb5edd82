/// sparsify's layout holds it, SAELens' has no name for it.
extension Transcoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    let isGrouped = configuration.selection == .groupMax
    var archive = archive(isGrouped ? .groupMax : .topK, k: configuration.k)
    if configuration.selection == .topKOfAnySign {
      archive.settings[SAEArchive.keepsNegative] = .bool(true)
    }
    archive.architecture.isTranscoder = true
    archive.architecture.hasSkipConnection = configuration.hasSkipConnection
    return archive
  }

  public init(_ archive: SAEArchive) throws(FileError) {
    var archive = try archive.plain(for: Self.self)
    let activation = archive.architecture.activation
    guard archive.architecture.isTranscoder, activation == .topK || activation == .groupMax else {
      throw .invalidSetting(
        file: archive.file, setting: "architecture", expected: "a transcoder with topk or groupmax",
        found: "\(archive.architecture)")
    }
    var configuration = TranscoderConfiguration(
      k: try archive.checkedK(archive.file),
      hasSkipConnection: archive.architecture.hasSkipConnection)
    let keepsNegative = archive.settings[SAEArchive.keepsNegative]?.asBool ?? false
    configuration.selection =
      activation == .groupMax ? .groupMax : keepsNegative ? .topKOfAnySign : .topK
    configuration.rescalesByDecoderNorm = archive.settings[SAEArchive.rescaling]?.asBool ?? false
    let skip: [ParameterName] = configuration.hasSkipConnection ? [.skip] : []
    try archive.moveDecoderBiasOutOfInput()
    self = try archive.autoencoder(
      of: SAEArchive.selectingParameters + skip, configuration)
  }
}
