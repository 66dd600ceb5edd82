extension TopKAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive { archive(.topK, k: configuration.k) }

  public init(_ archive: SAEArchive) throws(TensorFileError) {
    let archive = try archive.plain(for: Self.self)
    try archive.check(SAEArchitecture(.topK))
    var configuration = TopKConfiguration(k: try archive.checkedK(archive.file))
    archive.apply(to: &configuration)
    let parameters = try archive.parameterSet(SAEArchive.selectingParameters)
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}
