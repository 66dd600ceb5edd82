/// How a sparse autoencoder makes latents from activations, and the activations that it reconstructs.
public struct SAEArchitecture: Hashable, Sendable {
  /// How latents follow from pre-activations.
  public enum Activation: String, Sendable, CaseIterable {
    /// max(0, pre-activation).
    case relu
    /// The k largest of a token.
    case topK
    /// The k latents of largest absolute value, with their sign.
    case absTopK
    /// Top-k over a batch, while it is trained; to run it, a threshold.
    case batchTopK
    /// BatchTopK over nested prefixes.
    case matryoshkaBatchTopK
    /// The largest latent of each of k groups.
    case groupMax
    /// The pre-activation where it exceeds its latent's threshold.
    case jumpReLU
    /// A gate that decides whether a latent is active, and a magnitude that decides how much.
    case gated
    /// Latents chosen one after another, each for the residual of the earlier ones.
    case matchingPursuit
    /// The k largest of groups that a router chooses for each token.
    case mixture
    /// Means of distributions that were sampled in training.
    case variational
    /// Temporal feature analysis, with attention over earlier tokens.
    case temporal
  }

  /// How pre-activations become latents.
  public var activation: Activation
  /// Whether it reconstructs other activations than those it sees.
  public var isTranscoder: Bool
  /// Whether a linear map of the input is added to the reconstruction.
  public var hasSkipConnection: Bool

  /// An autoencoder with `activation`, or a transcoder if its target differs from its input.
  public init(
    _ activation: Activation, isTranscoder: Bool = false, hasSkipConnection: Bool = false
  ) {
    self.activation = activation
    self.isTranscoder = isTranscoder
    self.hasSkipConnection = hasSkipConnection
  }

  /// Its name in configurations: SAELens', or one of the same kind where SAELens has none; nil for an
  /// architecture that no file holds.
  var name: String? {
    saeLensName ?? SAEArchitecture.furtherNames.first { $0.value == self }?.key
  }

  /// The architecture of a name in a configuration.
  init?(name: String) {
    let names = [SAEArchitecture.saeLensNames, SAEArchitecture.furtherNames]
    guard let found = names.joined().first(where: { $0.key == name }) else { return nil }
    self = found.value
  }

  /// Its name in SAELens; nil if it has none there.
  public var saeLensName: String? { SAEArchitecture.saeLensNames.first { $0.value == self }?.key }

  /// The architecture that SAELens calls so.
  public init?(saeLensName: String) {
    guard let found = SAEArchitecture.saeLensNames.first(where: { $0.key == saeLensName }) else {
      return nil
    }
    self = found.value
  }

  static let saeLensNames: KeyValuePairs<String, SAEArchitecture> = [
    "standard": SAEArchitecture(.relu),
    "topk": SAEArchitecture(.topK),
    "abstopk": SAEArchitecture(.absTopK),
    "batchtopk": SAEArchitecture(.batchTopK),
    "matryoshka_batchtopk": SAEArchitecture(.matryoshkaBatchTopK),
    "jumprelu": SAEArchitecture(.jumpReLU),
    "gated": SAEArchitecture(.gated),
    "matching_pursuit": SAEArchitecture(.matchingPursuit),
    "temporal": SAEArchitecture(.temporal),
    "transcoder": SAEArchitecture(.relu, isTranscoder: true),
    "skip_transcoder": SAEArchitecture(.relu, isTranscoder: true, hasSkipConnection: true),
    "jumprelu_transcoder": SAEArchitecture(.jumpReLU, isTranscoder: true),
    "jumprelu_skip_transcoder": SAEArchitecture(
      .jumpReLU, isTranscoder: true, hasSkipConnection: true),
  ]

  /// Architectures of sparsify's layout or this library's files that SAELens has no name for.
  private static let furtherNames: KeyValuePairs<String, SAEArchitecture> = [
    "groupmax": SAEArchitecture(.groupMax),
    "mixture": SAEArchitecture(.mixture),
    "variational": SAEArchitecture(.variational),
    "topk_transcoder": SAEArchitecture(.topK, isTranscoder: true),
    "topk_skip_transcoder": SAEArchitecture(.topK, isTranscoder: true, hasSkipConnection: true),
    "groupmax_transcoder": SAEArchitecture(.groupMax, isTranscoder: true),
    "groupmax_skip_transcoder": SAEArchitecture(
      .groupMax, isTranscoder: true, hasSkipConnection: true),
  ]
}

extension SAEArchitecture: CustomStringConvertible {
  public var description: String {
    name ?? "\(activation)\(hasSkipConnection ? " skip" : "")"
      + (isTranscoder ? " transcoder" : "")
  }
}
