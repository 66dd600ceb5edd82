extension TopKAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive { archive(.topK, k: configuration.k) }

  public init(_ archive: SAEArchive) throws(FileError) {
    self = try archive.selecting(.topK) { TopKConfiguration(k: $0) }
  }
}
