/// Files of this library alone: no other has a name for it.
extension MixtureAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = SAEArchive(
      SAEArchitecture(.mixture), inputDimension: inputDimension, outputDimension: outputDimension,
      latentCount: latentCount)
    archive.settings["k"] = .integer(configuration.k)
    archive.settings[SAEArchive.experts] = .integer(configuration.experts)
    archive.settings[SAEArchive.activeExperts] = .integer(configuration.activeExperts)
    archive.settings[SAEArchive.scalesFeatures] = .bool(configuration.scalesFeatures)
    archive.setParameters(parameters)
    return archive
  }

  public init(_ archive: SAEArchive) throws(TensorFileError) {
    let archive = try archive.plain(for: Self.self)
    try archive.check(SAEArchitecture(.mixture))
    try archive.checkSubtractsDecoderBias()
    func count(_ name: String) throws(TensorFileError) -> Int {
      guard let count = archive.settings[name]?.asInteger, count > 0 else {
        throw archive.invalid(
          name, "a whole number above 0", archive.settings[name]?.description ?? "none")
      }
      return count
    }
    let configuration = MixtureConfiguration(
      k: try archive.checkedK(archive.file), experts: try count(SAEArchive.experts),
      activeExperts: try count(SAEArchive.activeExperts),
      scalesFeatures: archive.settings[SAEArchive.scalesFeatures]?.asBool ?? false)
    let scale: [ParameterName] = configuration.scalesFeatures ? [.featureScale] : []
    let parameters = try archive.parameterSet(
      [.encoder, .decoder, .decoderBias, .router, .routerBias] + scale)
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}

extension SAEArchive {
  static let experts = "experts"
  static let activeExperts = "active_experts"
  static let scalesFeatures = "scales_features"

  /// Throws unless b_dec is subtracted from the input.
  func checkSubtractsDecoderBias() throws(TensorFileError) {
    guard subtractsDecoderBias else {
      throw invalid("apply_b_dec_to_input", "true for a \(architecture)", "false")
    }
  }
}
