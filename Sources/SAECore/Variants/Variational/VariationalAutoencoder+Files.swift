/// Files of this library alone: no other has a name for it. Variances are of training, and not in them.
extension VariationalAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = SAEArchive(
      SAEArchitecture(.variational), inputDimension: inputDimension,
      outputDimension: outputDimension, latentCount: latentCount)
    archive.settings["k"] = configuration.k.map { .integer($0) } ?? .null
    archive.settings[Self.rectifies] = .bool(configuration.isRectified)
    archive.setParameters(parameters.replacing(Self.variances, with: []))
    return archive
  }

  private static let rectifies = "rectified"
  private static let variances: [ParameterName] = [.variance, .varianceBias]

  public init(_ archive: SAEArchive) throws(TensorFileError) {
    let archive = try archive.plain(for: Self.self)
    try archive.check(SAEArchitecture(.variational))
    try archive.checkSubtractsDecoderBias()
    let hasK = archive.settings["k"].map { $0 != .null } ?? false
    var configuration = VariationalConfiguration(
      k: hasK ? try archive.checkedK(archive.file) : nil, divergence: .one)
    configuration.isRectified = archive.settings[Self.rectifies]?.asBool ?? true
    let parameters = try archive.parameterSet(SAEArchive.selectingParameters)
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}
