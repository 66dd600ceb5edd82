/// A sparse autoencoder as files hold it: architecture, settings and weights, without the means to
/// run it.
///
/// Weights are in one orientation whatever layout they came from: encoder and decoder latents ×
/// width, vectors as one row. Everything else in a layout is kept in ``metadata``.
public struct SAEArchive: Sendable, Equatable {
  /// Where activations are brought to another scale before the autoencoder sees them.
  public enum InputNormalization: String, Sendable, CaseIterable {
    /// Activations are encoded as they are.
    case none
    /// One factor for all tokens, applied by the trainer and not part of the files.
    case averageOnly = "expected_average_only_in"
    /// Each token to norm √width, and back.
    case constantNorm = "constant_norm_rescale"
    /// Each token to mean 0 and variance 1, and back.
    case layerNorm = "layer_norm"
    /// A stored factor, of temporal autoencoders.
    case constantScalar = "constant_scalar_rescale"
  }

  /// A weight and how it is stored.
  public struct Parameter: Sendable, Equatable {
    /// The elements; a vector is one row.
    public var values: Matrix
    /// The element type in the file; wider elements than float32 were rounded to it.
    public var type: ElementType
    /// Whether the file has one axis for it instead of two.
    public var isVector: Bool

    /// A parameter to be stored as `type`, a vector as one dimension.
    public init(_ values: Matrix, _ type: ElementType = .f32, isVector: Bool = false) {
      self.values = values
      self.type = type
      self.isVector = isVector
    }
  }

  /// The architecture that the parameters belong to.
  public var architecture: SAEArchitecture
  /// d_in.
  public var inputDimension: Int
  /// d_out: ``inputDimension`` except for transcoders.
  public var outputDimension: Int
  /// d_sae.
  public var latentCount: Int
  /// The type that weights should be computed with, as their author intended.
  public var type: ElementType = .f32
  /// Whether b_dec is subtracted from the input.
  public var subtractsDecoderBias = true
  /// The normalization of activations before they are encoded.
  public var inputNormalization = InputNormalization.none
  /// Whether inputs come as heads × head width and are flattened.
  public var flattensHeads = false
  /// The architecture's other settings: k, rescale_acts_by_decoder_norm and so on, by SAELens' names.
  public var settings = JSONObject()
  /// Anything else: model, hook point, training.
  public var metadata = JSONObject()
  /// By SAELens' names; W_enc and W_dec latents × width, W_skip output width × width, attention as
  /// stored.
  public var parameters: [String: Parameter] = [:]
  /// log₁₀ of each latent's firing frequency, where it was measured.
  public var logFrequencies: [Float]?
  /// The factor that activations were multiplied by in training, and must be before encoding, where a
  /// checkpoint has it.
  public var activationScale: Double?

  /// The directory or file that it was read from, which errors name.
  public var file: String {
    get { origin.file }
    set { origin.file = newValue }
  }
  private var origin = Origin()

  /// The place an archive is from. It does not count in comparisons: all are equal.
  private struct Origin: Sendable, Equatable {
    var file = "an autoencoder in memory"

    static func == (_: Origin, _: Origin) -> Bool { true }
  }

  /// An archive without parameters; `outputDimension` differs from `inputDimension` for a
  /// transcoder.
  public init(
    _ architecture: SAEArchitecture, inputDimension: Int, outputDimension: Int, latentCount: Int
  ) {
    self.architecture = architecture
    self.inputDimension = inputDimension
    self.outputDimension = outputDimension
    self.latentCount = latentCount
  }
}

extension SAEArchive {
  /// The setting of whether latents compete multiplied by their decoder rows' norms.
  static let rescaling = "rescale_acts_by_decoder_norm"
  /// The setting of whether the k largest latents of a token may be negative.
  static let keepsNegative = "keeps_negative_latents"
  /// The settings of mixtures of experts.
  static let experts = "experts"
  static let activeExperts = "active_experts"
  static let scalesFeatures = "scales_features"
  static let weighsByRouter = "weighs_by_probability"

  /// The required form of a parameter.
  struct Shape: Equatable {
    let rows: Int
    let columns: Int
    let isVector: Bool

    /// As SAELens stores it: W_enc the other way round.
    func stored(_ name: String) -> [Int] {
      isVector ? [columns] : name == "W_enc" ? [columns, rows] : [rows, columns]
    }
  }

  /// The parameters that the architecture needs, with their shapes.
  var requiredParameters: [String: Shape] {
    func vector(_ count: Int) -> Shape { Shape(rows: 1, columns: count, isVector: true) }
    func matrix(_ rows: Int, _ columns: Int) -> Shape {
      Shape(rows: rows, columns: columns, isVector: false)
    }
    var shapes = [
      "W_dec": matrix(latentCount, outputDimension), "b_dec": vector(outputDimension),
    ]
    let encoder = matrix(latentCount, inputDimension)
    switch architecture.activation {
    case .relu, .topK, .absTopK, .batchTopK, .matryoshkaBatchTopK, .groupMax, .jumpReLU,
      .variational:
      shapes["W_enc"] = encoder
      shapes["b_enc"] = vector(latentCount)
    case .gated:
      shapes["W_enc"] = encoder
      for name in ["b_gate", "b_mag", "r_mag"] { shapes[name] = vector(latentCount) }
    case .temporal:
      if settings["tied_weights"]?.asBool == false { shapes["W_enc"] = encoder }
    case .matchingPursuit: break
    case .mixture:
      shapes["W_enc"] = encoder
      let experts = settings[SAEArchive.experts]?.asInteger ?? 0
      shapes["W_router"] = matrix(experts, inputDimension)
      shapes["b_router"] = vector(inputDimension)
      if settings[SAEArchive.scalesFeatures]?.asBool == true { shapes["omega"] = vector(experts) }
    }
    if architecture.activation == .jumpReLU { shapes["threshold"] = vector(latentCount) }
    if architecture.hasSkipConnection {
      shapes["W_skip"] = matrix(outputDimension, inputDimension)
    }
    return shapes
  }
}
