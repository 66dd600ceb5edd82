/// Files of this library alone: no other has a name for it.
extension MixtureAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = archive(SAEArchitecture(.mixture), parameters)
    archive.settings["k"] = .integer(configuration.k)
    archive.settings[SAEArchive.experts] = .integer(configuration.experts)
    archive.settings[SAEArchive.activeExperts] = .integer(configuration.activeExperts)
    archive.settings[SAEArchive.scalesFeatures] = .bool(configuration.scalesFeatures)
    if !configuration.weighsByProbability {
      archive.settings[SAEArchive.weighsByRouter] = .bool(false)
    }
    return archive
  }

  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.mixture))
    try archive.checkSubtractsDecoderBias()
    func count(_ name: String) throws(FileError) -> Int {
      guard let count = archive.settings[name]?.asInteger, count > 0 else {
        throw archive.invalid(
          name, "a whole number above 0", archive.settings[name]?.description ?? "none")
      }
      return count
    }
    let configuration = MixtureConfiguration(
      k: try archive.checkedK(archive.file), experts: try count(SAEArchive.experts),
      activeExperts: try count(SAEArchive.activeExperts),
      scalesFeatures: archive.settings[SAEArchive.scalesFeatures]?.asBool ?? false,
      weighsByProbability: archive.settings[SAEArchive.weighsByRouter]?.asBool ?? true)
    let scale: [ParameterName] = configuration.scalesFeatures ? [.featureScale] : []
    self = try archive.autoencoder(
      of: [.encoder, .decoder, .decoderBias, .router, .routerBias] + scale, configuration)
  }
}

extension SAEArchive {
  /// Throws unless b_dec is subtracted from the input.
  func checkSubtractsDecoderBias() throws(FileError) {
    guard subtractsDecoderBias else {
      throw invalid("apply_b_dec_to_input", "true for a \(architecture)", "false")
    }
  }
}
