/// A sparse autoencoder whose bias decides which latents are active, and not how active they are:
///
///     h = W_enc (x − b_dec)      z = h where h > 0 and h + b > 0, else 0      x̂ = W_decᵀ z + b_dec
///
/// A bias above 0 acts as 0 does. It has no gradient of its own; ``ProLUConfiguration/Estimator`` gives
/// the substitute. Once trained it is a ``JumpReLUAutoencoder`` without an encoder bias, and its files
/// are those of one.
///
/// Source: Taggart 2024, "ProLU: A Nonlinearity for Sparse Autoencoders", and the code there.
public struct ProLUAutoencoder: ThresholdingAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_prolu (1 × latents), b_dec (1 × width).
  public var parameters: ParameterSet
  public let configuration: ProLUConfiguration

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other.
  public init(
    parameters: ParameterSet, configuration: ProLUConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes(vectors: [.gatingBias])
    self.parameters = parameters
    self.configuration = configuration
  }

  public func unit(for batch: TrainingBatch, _ inputs: Matrix) -> some ThresholdingUnit {
    ProLUUnit(thresholds: thresholds, estimator: configuration.estimator)
  }

  public func latents(of inputs: Matrix) -> SparseLatents {
    preActivations(
      of: inputs, bias: [Float](repeating: 0, count: latentCount), above: thresholds)
  }

  /// h + b > 0 and h > 0 exactly where h > max(−b, 0).
  private var thresholds: [Float] { parameters[.gatingBias].array.map { max(-$0, 0) } }
}

extension ParameterName {
  /// b of a ``ProLUAutoencoder``, 1 × latents.
  public static let gatingBias = ParameterName(rawValue: "b_prolu")
}

/// The settings of a ``ProLUAutoencoder``.
public struct ProLUConfiguration: ThresholdingConfiguration {
  public typealias Model = ProLUAutoencoder

  /// The gradients of z where it is above 0; b has none in truth. G is the gradient of the loss by z.
  public enum Estimator: Sendable, Equatable, Codable {
    /// G to h, and G to b: those of max(h + b, 0).
    case reLU
    /// h G to b, as by a straight-through estimator of the step, and G + h G to h.
    case straightThrough
  }

  /// The substitute for the gradients of the gate.
  public var estimator: Estimator
  /// The penalty that keeps latents sparse.
  public var penalty: ActivationPenalty
  /// λ, the factor of the penalty.
  public var coefficient: CoefficientSchedule
  /// Whether b_dec is subtracted from the activations before encoding.
  public var subtractsDecoderBias: Bool
  /// The scale of the reconstruction error.
  public var reconstructionLoss: ReconstructionLoss
  /// The constraint that keeps decoder rows at unit norm: needed unless the penalty is weighted by norms.
  public var decoderConstraint: DecoderConstraint

  /// A penalty multiplied by `coefficient`; the other settings have their defaults unless given.
  public init(
    estimator: Estimator = .reLU, penalty: ActivationPenalty = .weightedL1,
    coefficient: CoefficientSchedule, subtractsDecoderBias: Bool = true,
    reconstructionLoss: ReconstructionLoss = .squaredErrorPerToken,
    decoderConstraint: DecoderConstraint = .none
  ) {
    self.estimator = estimator
    self.penalty = penalty
    self.coefficient = coefficient
    self.subtractsDecoderBias = subtractsDecoderBias
    self.reconstructionLoss = reconstructionLoss
    self.decoderConstraint = decoderConstraint
  }

  public var activationPenalty: ActivationPenalty? { penalty }
  public var weightInitialization: WeightInitialization { .uniformEntries(rowNorm: 1) }
  public var decoderBiasInitialization: DecoderBiasInitialization { .geometricMedian }

  /// b begins at 0, where half of all latents are active.
  public func initialParameters(_ weights: ParameterSet, batch: Matrix) -> ParameterSet {
    weights.replacing([.encoderBias], with: [(.gatingBias, weights[.encoderBias].array)])
  }
}

extension ProLUConfiguration: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .optional("estimator", \.estimator, absent: .reLU),
      .optional("penalty", \.penalty, absent: .weightedL1),
      .required("coefficient", \.coefficient),
      .optional("subtractsDecoderBias", \.subtractsDecoderBias, absent: true),
      .optional("reconstructionLoss", \.reconstructionLoss, absent: .squaredErrorPerToken),
      .optional("decoderConstraint", \.decoderConstraint, absent: .none),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: ProLUConfiguration(coefficient: .one))
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}

/// z = h above a threshold, with the gradients that are chosen for b.
private struct ProLUUnit: ThresholdingUnit {
  let bias: [Float]
  let bounds: [Float]
  let estimator: ProLUConfiguration.Estimator
  private var biasSums: [Double] = []
  private(set) var inputSums: [Double] = []

  init(thresholds: [Float], estimator: ProLUConfiguration.Estimator) {
    bias = [Float](repeating: 0, count: thresholds.count)
    bounds = thresholds
    self.estimator = estimator
  }

  func makeCodes(of hidden: inout LatentElements, _ codes: inout [LatentElements]) {
    codes[0].set(hidden, above: bounds)
  }

  mutating func passGradients(
    _ hidden: inout LatentElements, _ codes: inout [LatentElements],
    _ gradients: inout [LatentElements]
  ) {
    switch estimator {
    case .reLU: biasSums += gradients[0].sumsByLatent()
    case .straightThrough:
      codes[0].combine(gradients[0]) { _, _, z, gradient in z * gradient }
      biasSums += codes[0].sumsByLatent()
      gradients[0].add(codes[0])
    }
    inputSums += gradients[0].sumsByLatent()
  }

  func finish(_ inputSums: inout [Double], into gradients: inout ParameterSet) -> [LossTerm] {
    gradients[.gatingBias] = .rowVector(biasSums)
    return []
  }
}

/// Files of a JumpReLU autoencoder that say how it was trained.
extension ProLUAutoencoder: StorableAutoencoder {
  public func archive() -> SAEArchive {
    var archive = archive(
      SAEArchitecture(.jumpReLU),
      parameters.replacing(
        [.gatingBias],
        with: [
          (.encoderBias, [Float](repeating: 0, count: latentCount)), (.threshold, thresholds),
        ]), subtractsDecoderBias: configuration.subtractsDecoderBias)
    archive.metadata[SAEArchive.trainingArchitecture] = .string(Self.name)
    return archive
  }

  private static let name = "prolu"

  /// The autoencoder that files hold: a JumpReLU autoencoder that says it was trained as one of these.
  public init(_ archive: SAEArchive) throws(FileError) {
    let archive = try archive.plain(for: Self.self, SAEArchitecture(.jumpReLU))
    let stored = try archive.parameterSet(
      [.encoder, .encoderBias, .decoder, .decoderBias, .threshold])
    let trained = archive.metadata[SAEArchive.trainingArchitecture]?.asString
    guard trained == Self.name, stored[.encoderBias].array.allSatisfy({ $0 == 0 }) else {
      throw archive.invalid(
        SAEArchive.trainingArchitecture, "\(Self.name), with an encoder bias of 0",
        trained ?? "none")
    }
    var configuration = ProLUConfiguration(coefficient: .one)
    configuration.subtractsDecoderBias = archive.subtractsDecoderBias
    let biases = stored[.threshold].array.map { -$0 }
    do {
      try self.init(
        parameters: stored.replacing(
          [.encoderBias, .threshold], with: [(.gatingBias, biases)]),
        configuration: configuration)
    } catch {
      throw error.of(file: archive.file)
    }
  }
}
