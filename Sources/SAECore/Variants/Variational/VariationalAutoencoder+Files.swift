/// Files of this library alone: no other has a name for it. Variances are of training, and not in them.
extension VariationalAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = archive(
      SAEArchitecture(.variational), parameters.replacing(Self.variances, with: []))
    archive.settings["k"] = configuration.k.map { .integer($0) } ?? .null
    archive.settings[Self.rectifies] = .bool(configuration.isRectified)
    return archive
  }

  private static let rectifies = "rectified"
  private static let variances: [ParameterName] = [.variance, .varianceBias]

  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.variational))
    try archive.checkSubtractsDecoderBias()
    let hasK = archive.settings["k"].map { $0 != .null } ?? false
    var configuration = VariationalConfiguration(
      k: hasK ? try archive.checkedK(archive.file) : nil, divergence: .one)
    configuration.isRectified = archive.settings[Self.rectifies]?.asBool ?? true
    self = try archive.autoencoder(
      of: SAEArchive.selectingParameters, configuration)
  }
}
