extension TopKAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive { archive(.topK, k: configuration.k) }

  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.topK))
    var configuration = TopKConfiguration(k: try archive.checkedK(archive.file))
    archive.apply(to: &configuration)
    self = try archive.autoencoder(
      of: SAEArchive.selectingParameters, configuration)
  }
}
