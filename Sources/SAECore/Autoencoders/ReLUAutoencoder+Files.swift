extension ReLUAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = SAEArchive(
      SAEArchitecture(.relu), inputDimension: inputDimension, outputDimension: outputDimension,
      latentCount: latentCount)
    archive.subtractsDecoderBias = configuration.subtractsDecoderBias
    archive.setParameters(parameters)
    return archive
  }

  /// The autoencoder that files hold; what they do not say of its training is SAELens' default.
  public init(_ archive: SAEArchive, file: String) throws(TensorFileError) {
    try archive.check(is: .relu, file)
    var configuration = ReLUConfiguration(coefficient: .one)
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    let parameters = try archive.parameterSet(
      [.encoder, .encoderBias, .decoder, .decoderBias], file: file)
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw .invalidSetting(file, error)
    }
  }
}

extension SAEArchive {
  /// Throws unless the archive is of an architecture, and what is encoded is the activations as they
  /// come or multiplied by one factor.
  func check(
    is activation: SAEArchitecture.Activation, _ file: String
  ) throws(TensorFileError) {
    let expected = SAEArchitecture(activation)
    guard architecture == expected else {
      throw .invalidSetting(
        file: file, setting: "architecture", expected: "\(expected)", found: "\(architecture)")
    }
    guard inputNormalization == .none || inputNormalization == .averageOnly else {
      throw .invalidSetting(
        file: file, setting: "normalize_activations",
        expected: "none, or expected_average_only_in: other normalisations are applied before",
        found: inputNormalization.rawValue)
    }
  }
}

extension TensorFileError {
  static func invalidSetting(_ file: String, _ error: ShapeError) -> TensorFileError {
    .invalidSetting(
      file: file, setting: error.subject, expected: "\(error.expected) \(error.dimension)",
      found: "\(error.found)")
  }
}

extension CoefficientSchedule {
  /// 1 from the first step on: SAELens' default for λ.
  public static let one = CoefficientSchedule(constant: 1)

  private init(constant: Double) {
    finalValue = constant
    warmUpSteps = 0
  }
}
