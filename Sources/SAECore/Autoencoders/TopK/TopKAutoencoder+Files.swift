extension TopKAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive { archive(.topK, k: configuration.k) }

  public init(_ archive: SAEArchive, file: String) throws(TensorFileError) {
    try archive.check(SAEArchitecture(.topK), file: file)
    var configuration = TopKConfiguration(k: try archive.checkedK(file))
    archive.apply(to: &configuration)
    let parameters = try archive.parameterSet(SAEArchive.selectingParameters, file: file)
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw error.of(file: file)
    }
  }
}
