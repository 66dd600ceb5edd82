/// An autoencoder that can be written to files and read back.
public protocol StorableAutoencoder: SparseAutoencoder {
  /// The parameters and settings that files hold.
  func archive() -> SAEArchive

  /// The autoencoder that files hold, for activations as they are.
  ///
  /// Where the files say that activations were scaled before, an autoencoder must do so as well: a
  /// conforming type begins with ``SAEArchive/plain(for:)``, which folds a common factor into the
  /// weights and refuses every other normalization.
  ///
  /// - Throws: ``FileError`` if it is of another architecture, needs something that the type does
  ///   not do, or something is missing.
  init(_ archive: SAEArchive) throws(FileError)
}

extension StorableAutoencoder {
  /// Reads an autoencoder of this type in any of the known layouts, for activations as they are: a
  /// factor that files hold is folded into the weights.
  ///
  /// ``SAE/load(_:activationScale:)`` reads an autoencoder of any type.
  ///
  /// - Parameters:
  ///   - path: its directory, or the file with its weights.
  ///   - activationScale: the factor that activations were multiplied by in training, for files that say
  ///     that there was one and not which; 1 if the activations to come are scaled already.
  /// - Throws: ``FileError`` if there is none, it is of another type, or something about it is
  ///   wrong.
  public static func load(
    _ path: String, activationScale: Double? = nil
  ) throws(FileError) -> Self {
    let files = try SAEFiles.findAll(path)
    guard let one = files.first, files.count == 1 else { throw BoostedDirectory.isNotOne(path) }
    var archive = try one.archive()
    try archive.provide(activationScale: activationScale)
    return try Self(archive)
  }

  /// Writes the autoencoder as a new directory in SAELens' form, which appears when it is complete. An
  /// architecture without a name in SAELens gets one of this library's, which SAELens refuses.
  ///
  /// - Parameters:
  ///   - path: the directory; its parent must exist.
  ///   - replacing: whether an autoencoder of that name gives way. A directory that holds anything
  ///     else stays.
  /// - Throws: ``FileError`` if something is there already, or the disk refuses.
  public func save(to path: String, replacing: Bool = false) throws(FileError) {
    try archive().write(to: path, replacing: replacing)
  }
}

extension SAEArchive {
  /// The archive for a type that encodes activations as they are: a common factor becomes part of the
  /// weights, and where each token has a scale of its own there is an error, since the type would drop
  /// it.
  ///
  /// - Parameter type: the type that is made of the archive, for the message.
  /// - Throws: ``FileError`` if tokens have scales of their own, or the factor is not known.
  public func plain(for type: Any.Type) throws(FileError) -> SAEArchive {
    switch inputNormalization {
    case .none, .averageOnly: return try foldingActivationScale()
    case .constantNorm, .layerNorm:
      throw invalid(
        SAEArchive.normalization,
        "none, since \(type) scales no tokens (NormalizedAutoencoder<\(type)>.load and SAE.load do)",
        inputNormalization.rawValue)
    case .constantScalar:
      throw invalid(
        SAEArchive.normalization, "a normalization that this library applies",
        inputNormalization.rawValue)
    }
  }

  /// Throws unless the archive is of an architecture.
  func check(_ expected: SAEArchitecture) throws(FileError) {
    guard architecture == expected else {
      throw invalid("architecture", "\(expected)", "\(architecture)")
    }
  }

  func invalid(_ setting: String, _ expected: String, _ found: String) -> FileError {
    .invalidSetting(file: file, setting: setting, expected: expected, found: found)
  }

  static let normalization = "normalize_activations"

  /// Parameters as files name and shape them: a matrix of one row is a vector there, unless it is a
  /// weight matrix.
  mutating func setParameters(_ set: ParameterSet) {
    let matrices: [ParameterName] = [.encoder, .decoder, .skip, .router]
    for name in set.names {
      parameters[name.rawValue] = Parameter(
        set[name], isVector: set[name].rows == 1 && !matrices.contains(name))
    }
  }

  /// The archive for a type that has this architecture alone, otherwise as ``plain(for:)``.
  ///
  /// - Throws: ``FileError`` if it is another, and as ``plain(for:)`` does.
  func plain(
    for type: Any.Type, _ expected: SAEArchitecture
  ) throws(FileError) -> SAEArchive {
    let archive = try plain(for: type)
    try archive.check(expected)
    return archive
  }

  /// An autoencoder of the parameters of the given names.
  ///
  /// - Throws: ``FileError`` if one is missing, or they do not fit each other or the settings.
  func autoencoder<Model: TrainableAutoencoder>(
    of names: [ParameterName], _ configuration: Model.Configuration
  ) throws(FileError) -> Model {
    let parameters = try parameterSet(names)
    do {
      return try Model(parameters: parameters, configuration: configuration)
    } catch {
      throw error.of(file: file)
    }
  }

  /// The parameters of the given names.
  ///
  /// - Throws: ``FileError`` if one is missing.
  func parameterSet(_ names: [ParameterName]) throws(FileError) -> ParameterSet {
    var matrices: [Matrix] = []
    for name in names {
      guard let parameter = parameters[name.rawValue] else {
        throw .noSuchTensor(
          file: file, tensor: name.rawValue, present: parameters.keys.sorted())
      }
      matrices.append(parameter.values)
    }
    return ParameterSet(names: names, matrices: matrices)
  }
}

extension SparseAutoencoder {
  /// An archive with the sizes of this autoencoder.
  func archive(
    _ architecture: SAEArchitecture, _ parameters: ParameterSet, subtractsDecoderBias: Bool = true
  ) -> SAEArchive {
    var archive = SAEArchive(
      architecture, inputDimension: inputDimension, outputDimension: outputDimension,
      latentCount: latentCount)
    archive.subtractsDecoderBias = subtractsDecoderBias
    archive.setParameters(parameters)
    return archive
  }
}
