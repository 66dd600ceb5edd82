public import SAECore

/// A Gemma-2 model, from a directory in Hugging Face's layout.
///
/// All arithmetic is float32, the scaling of the embedding and the rotary angles as Hugging Face's
/// library has them in that type. Weights are widened to float32 once, when the model is opened:
/// widened again at each use they would take half the memory, and the time would grow by 1 to 2% at 4096
/// tokens per batch, but by a sixth at a single sequence of 256 (measured on a model of width 256 in
/// bfloat16). ``ModelOptions/layers`` leaves out layers that are not needed.
///
/// Source: Gemma Team 2024, arXiv 2408.00118, section 2.
public struct Gemma2: LanguageModel {
  public static let architectures = ["Gemma2ForCausalLM"]

  public let name: String
  public let options: ModelOptions
  /// Sizes and constants, from `config.json`.
  public let configuration: Gemma2Configuration
  /// vocabulary × width; scaled as the embedding, not scaled as the unembedding.
  private let embedding: Matrix
  private let layers: [Gemma2Layer]
  private let finalNormWeight: [Float]

  public var width: Int { configuration.width }
  public var layerCount: Int { configuration.layerCount }
  public var loadedLayers: Int { layers.count }
  /// `vocab_size`
  public var vocabularySize: Int { configuration.vocabularySize }
  public var maximumContext: Int { configuration.maximumContext }
  /// `bos_token_id`; nil where it is null.
  public var beginningOfSequence: UInt32? { configuration.beginningOfSequence }

  public init(directory: String, options: ModelOptions = ModelOptions()) throws {
    if let wanted = options.layers, wanted < 0 {
      throw ModelError.invalidOption(name: "layers", expected: "at least 0", found: "\(wanted)")
    }
    let fields = try ConfigurationFields("\(directory)/config.json")
    let configuration = try Gemma2Configuration(fields)
    let weights = try ModelWeights(directory: directory)
    try Gemma2.checkNames(weights, layers: configuration.layerCount)
    let count = min(options.layers ?? configuration.layerCount, configuration.layerCount)
    let prefixes = (0..<count).map { Gemma2Layer.prefix($0) }
    try weights.checkMemory { name in
      !name.hasPrefix("lm_head.")
        && (!name.hasPrefix("model.layers.") || prefixes.contains { name.hasPrefix($0) })
    }
    name = directory.split(separator: "/").last.map(String.init) ?? directory
    self.configuration = configuration
    self.options = options
    embedding = try weights.matrix(
      "model.embed_tokens.weight", rows: configuration.vocabularySize,
      columns: configuration.width)
    finalNormWeight = try weights.vector("model.norm.weight", count: configuration.width)
      .map { 1 + $0 }
    layers = try (0..<count).map { try Gemma2Layer($0, configuration, weights) }
  }

  /// Refuses tensors that would go unused: another architecture, or more layers than configured.
  private static func checkNames(_ weights: ModelWeights, layers: Int) throws(ModelError) {
    // A copy of the tied embedding, which some writers store.
    var known: Set = ["model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"]
    for layer in 0..<layers {
      known.formUnion(Gemma2Layer.tensorNames.map { Gemma2Layer.prefix(layer) + $0 })
    }
    // Frequencies that follow from the configuration, stored by old writers.
    let unknown = weights.names.first {
      !known.contains($0) && !$0.hasSuffix(".rotary_emb.inv_freq")
    }
    if let unknown {
      throw .unexpectedTensor(file: weights.file(of: unknown), tensor: unknown)
    }
  }

  public func embed(_ batch: TokenBatch) -> Matrix {
    embedding.gatheringRows(batch.tokens, by: Float(width).squareRoot())
  }

  public func run(layers range: Range<Int>, on stream: inout Matrix, of batch: TokenBatch) {
    guard !range.isEmpty, !batch.tokens.isEmpty else { return }
    let longest = batch.sequences.reduce(0) { max($0, $1.count) }
    let rotary = RotaryPositions(
      positions: longest, headDimension: configuration.headDimension,
      base: configuration.rotaryBase, brainFrequencies: options.rotaryFrequencies == .bfloat16)
    var work = Gemma2Workspace(
      tokens: batch.count, configuration, attentionColumns: attention(window: nil).columns)
    for layer in range {
      layers[layer].run(
        on: &stream, attention: attention(window: configuration.windows[layer]), rotary: rotary,
        sequences: batch.sequences, epsilon: Float(configuration.normEpsilon), work: &work)
    }
  }

  private func attention(window: Int?) -> Attention {
    Attention(
      queryHeads: configuration.queryHeads, keyValueHeads: configuration.keyValueHeads,
      headDimension: configuration.headDimension,
      scale: Float(1 / configuration.queryScalar.squareRoot()),
      softCap: configuration.attentionSoftCap.map { Float($0) }, window: window)
  }

  public func finalNorm(_ stream: MatrixView) -> Matrix {
    var normed = Matrix(rows: stream.rows, columns: width)
    normed.setRMSNorm(
      of: stream, weight: finalNormWeight, epsilon: Float(configuration.normEpsilon))
    return normed
  }

  public func logits(_ stream: MatrixView) -> Matrix {
    var logits = Matrix.product(finalNorm(stream).view, embedding.transposed)
    if let cap = configuration.finalSoftCap { logits.applySoftCap(Float(cap)) }
    return logits
  }
}
