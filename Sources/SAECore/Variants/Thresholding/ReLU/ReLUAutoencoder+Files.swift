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
  public init(_ archive: SAEArchive) throws(TensorFileError) {
    let archive = try archive.plain(for: Self.self)
    try archive.check(SAEArchitecture(.relu))
    var configuration = ReLUConfiguration(coefficient: .one)
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    let parameters = try archive.parameterSet(
      [.encoder, .encoderBias, .decoder, .decoderBias])
    do {
      try self.init(parameters: parameters, configuration: configuration)
    } catch {
      throw error.of(file: archive.file)
    }
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
