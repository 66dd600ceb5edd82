public import SAECore

/// A decoder-only transformer, from a directory in Hugging Face's layout, that can be run in parts.
///
/// One forward pass (``ForwardPass``) executes what a family's configuration describes
/// (``ModelArchitecture``). All arithmetic is float32, the scaling of the embedding and the rotary angles
/// as Hugging Face's library has them in that type. Weights of shorter types stay in their files, which
/// are mapped, and are widened as products pack them. ``ModelOptions/layers`` leaves out layers that are
/// not needed.
public struct LanguageModel: Sendable {
  /// The model's name in messages and metadata: that of its directory.
  public let name: String
  /// How it was read.
  public let options: ModelOptions
  /// What it computes.
  public let architecture: ModelArchitecture
  let layers: [LayerWeights]
  /// vocabulary × width
  private let embedding: WeightMatrix
  /// Positions × width; nil where positions are not learned.
  private let positions: WeightMatrix?
  private let finalNormWeights: NormWeights
  /// vocabulary × width; nil where it is the embedding.
  private let unembedding: WeightMatrix?

  /// Width of the residual stream.
  public var width: Int { architecture.width }
  /// Layers of the architecture.
  public var layerCount: Int { architecture.layerCount }
  /// Layers that were read.
  public var loadedLayers: Int { layers.count }
  /// Ids lie below this.
  public var vocabularySize: Int { architecture.vocabularySize }
  /// Positions that the model was made for.
  public var maximumContext: Int { architecture.maximumContext }
  /// The token that texts begin with; nil if the configuration names none.
  public var beginningOfSequence: UInt32? { architecture.beginningOfSequence }

  /// Reads a model.
  ///
  /// - Throws: ``ModelError`` or `FileError`, naming file, field or tensor.
  public init(directory: String, options: ModelOptions = ModelOptions()) throws {
    if let wanted = options.layers, wanted < 0 {
      throw ModelError.invalidOption(name: "layers", expected: "at least 0", found: "\(wanted)")
    }
    let (architecture, family) = try LanguageModels.describe(directory)
    let reader = try ModelReader(architecture, family.tensors, ModelWeights(directory: directory))
    let count = min(options.layers ?? architecture.layerCount, architecture.layerCount)
    try reader.checkMemory(layers: count)
    name = directory.split(separator: "/").last.map(String.init) ?? directory
    self.options = options
    self.architecture = architecture
    embedding = try reader.embedding()
    positions = try reader.positions()
    finalNormWeights = try reader.finalNorm()
    unembedding = count == architecture.layerCount ? try reader.unembedding() : nil
    layers = try (0..<count).map { try reader.layer($0) }
  }

  /// The residual stream as it enters layer 0, tokens × width.
  ///
  /// - Precondition: the ids lie in the vocabulary.
  public func embed(_ batch: TokenBatch) -> Matrix { embed(batch, from: 0) }

  /// The same of sequences that begin at a position.
  func embed(_ batch: TokenBatch, from first: Int) -> Matrix {
    var stream = embedding.rows(of: batch.tokens, times: architecture.embeddingScale)
    if let positions {
      let places = batch.sequences.flatMap { (0..<$0.count).map { UInt32(first + $0) } }
      stream.add(positions.rows(of: places, times: 1))
    }
    return stream
  }

  /// The stream as it leaves the last layer, normalized for the unembedding.
  public func finalNorm(_ stream: MatrixView) -> Matrix { finalNormWeights(stream) }

  /// The logits of rows of the stream as it leaves the last layer, rows × vocabulary.
  ///
  /// - Precondition: all layers are loaded, without which an unembedding of its own is not.
  public func logits(_ stream: MatrixView) -> Matrix {
    unembed(finalNorm(stream))
  }

  /// What directions in the residual stream do to the logits when nothing else is there: through the final
  /// norm, without its bias, and the unembedding; rows × vocabulary. The largest are of the tokens that a
  /// direction promotes, the smallest of those that it suppresses.
  ///
  /// - Parameter directions: rows × width, such as the decoder's rows of an autoencoder of the stream or of
  ///   what is added to it.
  /// - Precondition: as for ``logits(_:)``.
  public func directEffects(of directions: MatrixView) -> Matrix {
    unembed(finalNormWeights.withoutBias(directions))
  }

  private func unembed(_ rows: Matrix) -> Matrix {
    precondition(loadedLayers == layerCount, "a model without its last layers has no logits")
    var logits = (unembedding ?? embedding).product(rows.view)
    if let cap = architecture.finalSoftCap { logits.applySoftCap(cap) }
    return logits
  }
}
