/// A pretrained autoencoder with a second one that learns the error of the first:
///
///     x̂ = x̂₀(x) + ê(x)      loss: that of the second one, with y − x̂₀(x) for its target
///
/// Both see the same activations. The first one is frozen; the second, the booster, has no decoder
/// bias: its b_dec is held at 0. Several boosters are added one around another.
///
/// Encoded latents are those of the base, then those of the booster. Training concerns the booster
/// alone: ``parameters``, the report of a step and the dead latents are the booster's.
///
/// Source: Koriagin et al. 2025, arXiv 2507.12990 ("Teach Old SAEs New Domain Tricks with Boosting"),
/// section 3; there is no released code that this was compared with.
public struct BoostedAutoencoder<
  Base: TrainableAutoencoder & Equatable, Booster: TrainableAutoencoder & Equatable
>: TrainableAutoencoder, Equatable where Booster.Configuration.Model == Booster {
  public let configuration: BoostingConfiguration<Base, Booster.Configuration>
  /// What learns.
  public private(set) var booster: Booster

  public static var variantName: String {
    "BoostedAutoencoder<\(Base.variantName), \(Booster.variantName)>"
  }

  /// The frozen autoencoder.
  public var base: Base { configuration.base }

  /// The booster's.
  public var parameters: ParameterSet {
    get { booster.parameters }
    _modify { yield &booster.parameters }
  }

  public var inputDimension: Int { booster.inputDimension }
  public var outputDimension: Int { booster.outputDimension }
  public var latentCount: Int { base.latentCount + booster.latentCount }
  public var decoderConstraint: DecoderConstraint { booster.decoderConstraint }

  /// The base's rows, then the booster's.
  public var decoder: Matrix { base.decoder.above(booster.decoder) }

  /// The base's rows, then the booster's, where both have such.
  public var encoder: Matrix? { base.encoder?.above(booster.encoder) }

  /// A boosted autoencoder.
  ///
  /// - Parameters:
  ///   - parameters: the booster's; b_dec is set to 0.
  ///   - configuration: the pretrained autoencoder, and the settings of the second.
  /// - Throws: ``ShapeError`` if they do not fit each other, the booster's settings or the base.
  public init(
    parameters: ParameterSet, configuration: BoostingConfiguration<Base, Booster.Configuration>
  ) throws(ShapeError) {
    var parameters = parameters
    parameters[.decoderBias] = Matrix(rows: 1, columns: parameters[.decoderBias].columns)
    booster = try Booster(parameters: parameters, configuration: configuration.booster)
    self.configuration = configuration
    _ = try pair
  }

  /// Both, as they run.
  private var pair: BoostedPair {
    get throws(ShapeError) { try BoostedPair(base: base, booster: booster) }
  }

  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try pair.encode(activations)
  }

  public func reconstruct(
    _ activations: Matrix, from latents: SparseLatents
  ) throws(ShapeError) -> Matrix {
    try pair.reconstruct(activations, from: latents)
  }

  public func checkErrorWeights() throws(OptionError) { try booster.checkErrorWeights() }

  public mutating func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    var target = batch.target
    let reconstruction = try base.reconstruct(batch.activations)
    try ShapeError.check("target", "rows", expected: reconstruction.rows, found: target.rows)
    try ShapeError.check(
      "target", "columns", expected: reconstruction.columns, found: target.columns)
    target.add(reconstruction, times: -1)
    let pass = try booster.computeGradients(
      of: TrainingBatch(
        activations: batch.activations, target: target, errorWeights: batch.errorWeights,
        deadLatents: batch.deadLatents, step: batch.step), into: &gradients)
    gradients[.decoderBias] = Matrix(rows: 1, columns: outputDimension)
    return pass
  }

  public mutating func finishStep(_ pass: TrainingPass, step: Int) {
    booster.finishStep(pass, step: step)
  }

  public var trainingState: [String: [Double]] { booster.trainingState }

  public mutating func restore(_ trainingState: [String: [Double]]) throws(ShapeError) {
    try booster.restore(trainingState)
  }

  /// Folds the scale into both: the base has to be one for the scaled activations, too.
  public func foldingScale(_ scale: Double) throws -> BoostedAutoencoder {
    var folded = self
    folded.booster = try booster.foldingScale(scale)
    let base = try base.foldingScale(scale)
    return BoostedAutoencoder(
      configuration: BoostingConfiguration(base: base, booster: folded.booster.configuration),
      booster: folded.booster)
  }

  /// Folds the center into both: the booster's b_dec stays 0, so its encoder takes it.
  public func foldingCenter(_ center: [Double]) throws -> BoostedAutoencoder {
    var booster = booster
    try booster.parameters.foldCenterIntoEncoder(center)
    return BoostedAutoencoder(
      configuration: BoostingConfiguration(
        base: try base.foldingCenter(center), booster: booster.configuration),
      booster: booster)
  }

  init(
    configuration: BoostingConfiguration<Base, Booster.Configuration>, booster: Booster
  ) {
    self.configuration = configuration
    self.booster = booster
  }
}

/// The settings of a ``BoostedAutoencoder``.
///
/// A base that works on activations as they are is boosted with
/// a ``TrainingOptions/Data/normalization`` of ``ActivationNormalization/none``, or in the form that
/// ``TrainableAutoencoder/fitting(_:)`` gives it for the run's scaling.
public struct BoostingConfiguration<
  Base: TrainableAutoencoder & Equatable, Booster: AutoencoderConfiguration
>: AutoencoderConfiguration where Booster.Model: Equatable {
  public typealias Model = BoostedAutoencoder<Base, Booster.Model>

  /// The frozen part, for activations as the booster sees them: put through the run's normalization.
  public let base: Base
  /// How the second autoencoder is trained.
  public var booster: Booster
  /// The factor of the booster's decoder rows in the beginning, so that it begins near 0. A constraint to
  /// unit rows undoes it.
  public var initialDecoderScale: Float

  /// Trains `booster` on what `base` leaves; `base` itself stays as it is.
  public init(base: Base, booster: Booster, initialDecoderScale: Float = 0.1) {
    self.base = base
    self.booster = booster
    self.initialDecoderScale = initialDecoderScale
  }

  public var weightInitialization: WeightInitialization { booster.weightInitialization }
  public var decoderBiasInitialization: DecoderBiasInitialization { .zeros }

  public func learningRate(latentCount: Int, steps: Int) -> Double {
    booster.learningRate(latentCount: latentCount, steps: steps)
  }

  public func check() throws(OptionError) { try booster.check() }

  public func parameterCount(_ sizes: TrainingSizes) -> Int { booster.parameterCount(sizes) }

  /// The base, and the booster's settings.
  public func workspaceCount(_ sizes: TrainingSizes, batchTokens: Int) -> Int {
    let base = base.parameters
    return MemoryEstimate.sum(
      base.names.reduce(0) { $0 + base[$1].count },
      booster.workspaceCount(sizes, batchTokens: batchTokens))
  }

  public func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet {
    var parameters = booster.initialParameters(weights, batch: batch)
    parameters[.decoder].scale(by: initialDecoderScale)
    return parameters
  }
}

/// The base is told by its kind and a checksum of its numbers: a checkpoint does not hold it.
extension BoostingConfiguration: Encodable {
  private enum CodingKeys: String, CodingKey {
    case base, booster, initialDecoderScale
  }

  private struct Frozen: Encodable {
    let variant: String
    let configuration: StoredSettings
    let crc32: UInt32
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    var checksum = CRC32()
    for name in base.parameters.names { checksum.update(base.parameters[name].array) }
    for (_, numbers) in base.trainingState.sorted(by: { $0.key < $1.key }) {
      checksum.update(numbers.map { Float($0) })
    }
    let frozen = Frozen(
      variant: Base.variantName, configuration: try StoredSettings(base.configuration),
      crc32: checksum.value)
    let form = SettingsForm.of(encoder)
    // Version 0.1.0 wrote nothing of the base.
    try form.encode(frozen, absent: StoredSettings(frozen), forKey: .base, in: &container)
    try form.encode(booster, absent: nil, forKey: .booster, in: &container)
    try form.encode(initialDecoderScale, absent: nil, forKey: .initialDecoderScale, in: &container)
  }
}

extension SparseLatents {
  /// The same tokens with further latents after these.
  func besides(_ other: SparseLatents) -> SparseLatents {
    precondition(other.tokens == tokens, "\(tokens) tokens besides \(other.tokens)")
    var offsets = [0]
    var indices: [UInt32] = []
    var values: [Float] = []
    let shift = UInt32(truncatingIfNeeded: latentCount)
    for token in 0..<tokens {
      indices += self.indices[entries(of: token)]
      values += self.values[entries(of: token)]
      indices += other.indices[other.entries(of: token)].map { $0 + shift }
      values += other.values[other.entries(of: token)]
      offsets.append(indices.count)
    }
    return SparseLatents(
      unchecked: latentCount + other.latentCount, rowOffsets: offsets, indices: indices,
      values: values)
  }

  /// Some latents, numbered from 0.
  func slice(_ latents: Range<Int>) -> SparseLatents {
    let restricted = restricted(to: latents)
    let shift = UInt32(truncatingIfNeeded: latents.lowerBound)
    return SparseLatents(
      unchecked: latents.count, rowOffsets: restricted.rowOffsets,
      indices: restricted.indices.map { $0 - shift }, values: restricted.values)
  }
}
