import SAECore

/// What a decoder-only transformer computes, whatever its family: its sizes, and the parts of each layer.
///
/// A family reads it from `config.json`; one forward pass executes it.
public struct ModelArchitecture: Sendable, Equatable {
  /// The name of the architecture in `config.json`.
  public let name: String
  /// Ids lie below this.
  public let vocabularySize: Int
  /// Width of the residual stream.
  public let width: Int
  /// Positions that the model was made for.
  public let maximumContext: Int
  /// The token that texts begin with; nil if the configuration names none.
  public var beginningOfSequence: UInt32?
  /// The tokens that end a text.
  public var endOfSequence: Set<UInt32> = []
  /// Layers.
  public var layerCount: Int { layers.count }

  /// Factor of the embedding.
  var embeddingScale: Float = 1
  /// Whether a vector of each position is added to the embedding.
  var hasLearnedPositions = false
  var layers: [LayerArchitecture]
  var finalNorm: Normalization
  /// nil: logits are not capped.
  var finalSoftCap: Float?
  /// Whether the unembedding is the embedding.
  var isTied: Bool

  init(
    _ name: String, vocabularySize: Int, width: Int, maximumContext: Int,
    layers: [LayerArchitecture], finalNorm: Normalization, isTied: Bool
  ) {
    self.name = name
    self.vocabularySize = vocabularySize
    self.width = width
    self.maximumContext = maximumContext
    self.layers = layers
    self.finalNorm = finalNorm
    self.isTied = isTied
  }
}

extension ModelArchitecture {
  /// Whether a layer has a place.
  func has(_ hook: HookPoint) -> Bool {
    hook.site != .residMid || !layers[hook.layer].isParallel
  }

  /// The width of the activations at a place.
  func width(at hook: HookPoint) -> Int {
    switch hook.site {
    case .attentionHeads: layers[hook.layer].attention.outputColumns
    case .hidden: layers[hook.layer].feedForward.hiddenWidth
    default: width
    }
  }
}
