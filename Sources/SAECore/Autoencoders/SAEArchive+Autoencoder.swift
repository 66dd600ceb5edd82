extension SAEArchive {
  /// The autoencoder, ready to run.
  ///
  /// - Parameter file: the name that errors mention.
  /// - Throws: ``TensorFileError`` if there is no implementation of its architecture, or something
  ///   is missing.
  public func autoencoder(file: String) throws(TensorFileError) -> any StorableAutoencoder {
    switch architecture {
    case SAEArchitecture(.topK): return try TopKAutoencoder(self, file: file)
    default:
      throw .invalidSetting(
        file: file, setting: "architecture", expected: "topk", found: "\(architecture)")
    }
  }
}
