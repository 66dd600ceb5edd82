extension MatryoshkaAutoencoder: StorableAutoencoder {
  /// Levels over a selection of batches; one over each token is a TopK autoencoder once trained.
  public func archive() -> SAEArchive {
    let widths = JSONValue.array(prefixes.map { .integer($0) })
    if configuration.selection == .token {
      var archive = archive(.topK, k: Int(configuration.meanK))
      archive.metadata[MatryoshkaAutoencoder.widths] = widths
      return archive
    }
    return thresholdArchive(
      trainedAs: .matryoshkaBatchTopK,
      details: [
        ("k", .double(configuration.meanK)),
        ("topk_threshold_lr", .double(configuration.thresholdAverage.rate)),
        (MatryoshkaAutoencoder.widths, widths),
        ("use_matryoshka_aux_loss", .bool(configuration.hasAuxiliaryLossPerLevel)),
      ])
  }

  private static let widths = "matryoshka_widths"

  /// The autoencoder that files hold: a checkpoint, or a JumpReLU or TopK autoencoder that says it was
  /// trained as one of these.
  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self)
    var configuration: MatryoshkaConfiguration
    var threshold: Double?
    let parameters: ParameterSet
    let levels: JSONValue?
    if archive.architecture == SAEArchitecture(.topK) {
      configuration = MatryoshkaConfiguration(meanK: Double(try archive.checkedK(archive.file)))
      configuration.selection = .token
      archive.apply(to: &configuration)
      levels = archive.metadata[MatryoshkaAutoencoder.widths]
      parameters = try archive.parameterSet(SAEArchive.selectingParameters)
    } else {
      let stored = try archive.batchSelection(.matryoshkaBatchTopK)
      configuration = MatryoshkaConfiguration(meanK: stored.k)
      configuration.subtractsDecoderBias = archive.subtractsDecoderBias
      configuration.rescalesByDecoderNorm = stored.rescalesByDecoderNorm
      configuration.hasAuxiliaryLossPerLevel =
        stored.settings["use_matryoshka_aux_loss"]?.asBool ?? false
      levels = stored.settings[MatryoshkaAutoencoder.widths]
      threshold = stored.threshold
      parameters = stored.parameters
    }
    guard case .array(let values) = levels else {
      throw .invalidSetting(
        file: archive.file, setting: MatryoshkaAutoencoder.widths,
        expected: "a list of whole numbers",
        found: levels?.description ?? "none")
    }
    configuration.levels = .widths(values.map { $0.asInteger ?? -1 })
    do {
      try self.init(parameters: parameters, configuration: configuration, threshold: threshold)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}
