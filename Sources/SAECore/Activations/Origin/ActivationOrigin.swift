/// Where activations are from: which model, which place in it, and how it was run. What is not known
/// is nil.
///
/// Files of harvested activations carry one in their metadata, autoencoders carry that of what they
/// were trained on, and a model that is run has one. ``OriginCheck`` tells whether those that are
/// brought together agree.
public struct ActivationOrigin: Sendable, Equatable {
  /// What the model is called.
  public var model: String?
  /// The CRC-32 of the model's files of weights, in eight hexadecimal digits.
  public var weights: String?
  /// The place in the model.
  public var hook: HookName?
  /// Tokens of a text in a sequence that the model runs, without the prefix.
  public var context: Int?
  /// What stands before each sequence.
  public var prefix: Prefix?
  /// Whether the prefix's own activations are among the rows.
  public var keepsPrefix: Bool?
  /// The precision of the frequencies of rotary positions that the model ran with, by its element type.
  public var rotaryFrequencies: String?
  /// What was done to the activations since, by SAELens' names of `normalize_activations`.
  public var normalization: String?

  /// What a model sees before each sequence.
  public enum Prefix: Sendable, Equatable {
    /// No token.
    case nothing
    /// A token by its id.
    case token(Int)
    /// A beginning-of-sequence token, whichever the model has.
    case unnamed
  }

  /// An origin of which nothing is known.
  public init() {}

  /// Whether nothing is known.
  public var isUnknown: Bool { self == ActivationOrigin() }
}

extension ActivationOrigin.Prefix: CustomStringConvertible {
  /// `none`, the token's id, or `bos`.
  public var description: String {
    switch self {
    case .nothing: "none"
    case .token(let id): "\(id)"
    case .unnamed: "bos"
    }
  }

  /// Reads a ``description``.
  public init?(_ text: String) {
    switch text {
    case "none": self = .nothing
    case "bos": self = .unnamed
    default:
      guard let id = Int(text), id >= 0 else { return nil }
      self = .token(id)
    }
  }
}

/// As the metadata of harvested shards have it: a text for each name.
extension ActivationOrigin: Codable {
  private enum Name: String, CodingKey, CaseIterable {
    case model
    case weights = "weights_crc32"
    case hook, context, prefix
    case keepsPrefix = "prefix_activations"
    case rotaryFrequencies = "rotary_frequencies"
    case normalization
  }

  /// The names in ``metadata``.
  public static let metadataNames = Set(Name.allCases.map(\.rawValue))

  /// What is known, by the names that shards' metadata have.
  public var metadata: [String: String] {
    var metadata: [String: String] = [:]
    metadata[Name.model.rawValue] = model
    metadata[Name.weights.rawValue] = weights
    metadata[Name.hook.rawValue] = hook?.text
    metadata[Name.context.rawValue] = context.map { "\($0)" }
    metadata[Name.prefix.rawValue] = prefix?.description
    metadata[Name.keepsPrefix.rawValue] = keepsPrefix.map { $0 ? "kept" : "left out" }
    metadata[Name.rotaryFrequencies.rawValue] = rotaryFrequencies
    metadata[Name.normalization.rawValue] = normalization
    return metadata
  }

  /// Reads what metadata say; the rest stays unknown.
  public init(metadata: [String: String]) {
    model = metadata[Name.model.rawValue]
    weights = metadata[Name.weights.rawValue]
    hook = metadata[Name.hook.rawValue].map { HookName($0) }
    context = metadata[Name.context.rawValue].flatMap { Int($0) }
    prefix = metadata[Name.prefix.rawValue].flatMap { Prefix($0) }
    switch metadata[Name.keepsPrefix.rawValue] {
    case "kept": keepsPrefix = true
    case "left out": keepsPrefix = false
    default: break
    }
    rotaryFrequencies = metadata[Name.rotaryFrequencies.rawValue]
    normalization = metadata[Name.normalization.rawValue]
    // Our harvests write what the model has.
    if normalization == nil, metadata["producer"]?.hasPrefix("swift-sae ") ?? false {
      normalization = ActivationNormalization.none.rawValue
    }
  }

  /// What a file of activations says; nothing where its format has no metadata.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  public init(file: String) throws(FileError) {
    guard case .safetensors(let contents) = try TensorFile(file) else {
      self.init()
      return
    }
    self.init(metadata: contents.metadata)
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Name.self)
    var metadata: [String: String] = [:]
    for name in Name.allCases {
      metadata[name.rawValue] = try values.decodeIfPresent(String.self, forKey: name)
    }
    self.init(metadata: metadata)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    for name in Name.allCases {
      try container.encodeIfPresent(metadata[name.rawValue], forKey: name)
    }
  }
}
