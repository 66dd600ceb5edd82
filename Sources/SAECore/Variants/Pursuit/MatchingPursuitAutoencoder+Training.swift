extension MatchingPursuitAutoencoder: TrainableAutoencoder {
  public var decoderConstraint: DecoderConstraint { .none }

  public func checkErrorWeights() throws(OptionError) {}

  /// The loss is the squared error per token. Because x̂ = x − r, with r the residual in the end, the
  /// step differentiates the residual, back through the iterations: with g the gradient of the residual
  /// after an iteration, dv = −⟨g, W_j⟩, the gradient of row j is dv r − v g, and that of the residual
  /// before it g + dv W_j.
  public func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    try check(batch)
    let pursuit = try pursuit(of: batch.activations)
    let factor = ReconstructionLoss.squaredErrorPerToken.factor(for: batch.target)
    // y − x̂
    var gradient = pursuit.residual
    gradient.add(batch.target)
    gradient.add(batch.activations, times: -1)
    let squares = gradient.weigh(by: batch.errorWeights)
    gradient.scale(by: Float(2 * factor))

    var residual = pursuit.residual
    let none = [Float](repeating: 0, count: inputDimension)
    gradients[.decoder] = Matrix(rows: latentCount, columns: inputDimension)
    for taken in pursuit.iterations.reversed() {
      residual.add(taken.decoded(by: decoder, bias: none))
      let slopes = taken.projections(of: gradient, on: decoder).map { -$0 }
      let occurrences = taken.occurrencesByLatent()
      occurrences.sumRows(
        gradient, coefficients: taken.values.map { -$0 }, into: &gradients[.decoder],
        accumulate: true)
      occurrences.sumRows(
        residual, coefficients: slopes, into: &gradients[.decoder], accumulate: true)
      gradient.add(taken.replacingValues(slopes).decoded(by: decoder, bias: none))
    }
    let sums = configuration.subtractsDecoderBias ? gradient.columnSums() : none.map { Double($0) }
    gradients[.decoderBias] = Matrix(
      rows: 1, columns: inputDimension, values: sums.map { Float(-$0) })
    return TrainingPass(
      losses: [LossTerm("reconstruction", factor * squares.weighted)],
      latents: pursuit.latents(), totalSquaredError: squares.total, deadCount: 0)
  }

  /// Directions stay as they are, since they encode as well; latents shrink by the scale, and b_dec and
  /// ``MatchingPursuitConfiguration/residualThreshold`` with them.
  public func foldingScale(_ scale: Double) throws(ShapeError) -> MatchingPursuitAutoencoder {
    var folded = parameters
    folded[.decoderBias].scale(by: Float(1 / scale))
    var configuration = configuration
    configuration.residualThreshold /= scale
    return try MatchingPursuitAutoencoder(parameters: folded, configuration: configuration)
  }

  /// As for every autoencoder, where b_dec is subtracted and added.
  public func foldingCenter(_ center: [Double]) throws -> MatchingPursuitAutoencoder {
    guard configuration.subtractsDecoderBias else {
      throw OptionError(
        "normalization", expected: "one without a center where b_dec is not subtracted",
        found: ActivationNormalization.centered.rawValue)
    }
    var folded = self
    folded.parameters[.decoderBias].addToRows(center.map { Float($0) })
    return folded
  }
}

extension MatchingPursuitAutoencoder: StorableAutoencoder {
  /// A file with more iterations than this counts as wrong.
  private static let mostIterations = 1 << 16

  public func archive() -> SAEArchive {
    var archive = archive(
      SAEArchitecture(.matchingPursuit), parameters,
      subtractsDecoderBias: configuration.subtractsDecoderBias)
    archive.settings["residual_threshold"] = .double(configuration.residualThreshold)
    archive.settings["max_iterations"] = configuration.maxIterations.map { .integer($0) } ?? .null
    archive.settings["stop_on_duplicate_support"] = .bool(configuration.stopsOnDuplicates)
    return archive
  }

  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.matchingPursuit))
    var configuration = MatchingPursuitConfiguration()
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    if let limit = archive.settings["max_iterations"], limit != .null {
      guard let count = limit.asInteger, (1...Self.mostIterations).contains(count) else {
        throw .invalidSetting(
          file: archive.file, setting: "max_iterations",
          expected: "a whole number from 1 to \(Self.mostIterations)", found: limit.description)
      }
      configuration.maxIterations = count
    }
    if let threshold = archive.settings["residual_threshold"] {
      guard let value = threshold.asDouble, value.isFinite else {
        throw .invalidSetting(
          file: archive.file, setting: "residual_threshold", expected: "a finite number",
          found: threshold.description)
      }
      configuration.residualThreshold = value
    }
    configuration.stopsOnDuplicates =
      archive.settings["stop_on_duplicate_support"]?.asBool ?? true
    self = try archive.autoencoder(
      of: [.decoder, .decoderBias], configuration)
  }
}
