public import SAECore

/// A run of a model over a batch that stands at a place between its tokens and its last layer.
///
/// A value: a copy runs on by itself, so that what lies before a place is computed once for any number of
/// replacements there. Reading activations changes nothing: the run gives the same bits whether or not it
/// stops on its way.
public struct ForwardPass: Sendable {
  /// The model that runs.
  public let model: LanguageModel
  /// The sequences.
  public let batch: TokenBatch
  /// Where the run stands.
  public private(set) var place: HookPoint

  /// The residual stream before the part that is under way.
  private var stream: Matrix
  /// Within a layer, what the part has computed last: the heads, an output before its norm, the MLP's
  /// input or hidden layer.
  private var part = Matrix(rows: 0, columns: 0)
  /// What was put in the place of the activations within a layer.
  private var replacement: Matrix?
  /// What attention adds to the stream, where the MLP runs beside it.
  private var pending: Matrix?
  private var cache: KeyValueCache?
  /// The position of the first token of each sequence.
  let firstPosition: Int
  private let rotaries: [RotarySettings: RotaryPositions]

  /// Begins a run before the first layer.
  ///
  /// - Throws: ``ModelError`` if an id or a sequence's length is not the model's.
  public init(_ model: LanguageModel, _ batch: TokenBatch) throws(ModelError) {
    try model.check(batch)
    self.init(model, batch, stream: model.embed(batch), at: .residPre(0), cache: nil)
  }

  /// Begins a run at a place in the residual stream between layers; nothing before it is computed.
  ///
  /// - Parameters:
  ///   - model: the model.
  ///   - activations: tokens × width, a row for each token of the batch.
  ///   - place: where they stand.
  ///   - batch: the sequences.
  /// - Throws: ``ModelError`` if the place is not between layers that are loaded, or sizes do not fit.
  public init(
    _ model: LanguageModel, from activations: Matrix, at place: HookPoint, of batch: TokenBatch
  ) throws(ModelError) {
    try model.check(batch)
    try model.check(place)
    guard place.isBetweenLayers else {
      throw .invalidOption(
        name: place.name, expected: "a place between layers to begin at", found: "one in a layer")
    }
    try model.check(activations, at: place, of: batch)
    self.init(model, batch, stream: activations, at: place, cache: nil)
  }

  /// Runs the next tokens of a sequence of which earlier ones are in a cache.
  ///
  /// - Throws: ``ModelError`` if an id is not the model's, or there are more positions than it has.
  init(
    _ model: LanguageModel, next tokens: [UInt32], after cache: consuming KeyValueCache
  ) throws(ModelError) {
    let batch = TokenBatch([tokens])
    let first = cache.count
    try batch.check(
      vocabularySize: model.vocabularySize, maximumContext: model.maximumContext - first)
    self.init(
      model, batch, stream: model.embed(batch, from: first), at: .residPre(0), cache: cache)
  }

  private init(
    _ model: LanguageModel, _ batch: TokenBatch, stream: Matrix, at place: HookPoint,
    cache: consuming KeyValueCache?
  ) {
    self.model = model
    self.batch = batch
    self.stream = stream
    self.place = place
    let first = cache?.count ?? 0
    firstPosition = first
    self.cache = cache
    let longest = batch.sequences.reduce(0) { max($0, $1.count) }
    let settings = Set(
      model.architecture.layers.prefix(model.loadedLayers).compactMap(\.attention.rotary))
    rotaries = Dictionary(
      uniqueKeysWithValues: settings.map {
        (
          $0,
          RotaryPositions(
            positions: first..<first + longest, $0,
            brainFrequencies: model.options.rotaryFrequencies == .bfloat16)
        )
      })
  }

  /// Takes the cache, after all layers have run.
  mutating func takeCache() -> KeyValueCache? {
    var taken = cache.take()
    taken?.advance(by: batch.count)
    return taken
  }

  /// The activations where the run stands, tokens × their width there.
  public var activations: Matrix {
    if let replacement { return replacement }
    let layer = place.layer
    switch place.site {
    case .residPre, .residMid, .residPost: return stream
    case .attentionHeads, .hidden:
      let width = model.architecture.width(at: place)
      return part.columns == width ? part : Matrix(part[rows: 0..<part.rows, columns: 0..<width])
    case .attentionOutput: return model.layers[layer].attentionOutputNorm?(part.view) ?? part
    case .feedForwardOutput: return model.layers[layer].feedForwardOutputNorm?(part.view) ?? part
    case .normalized: return model.layers[layer].feedForwardNorm.withoutWeight(stream.view)
    case .feedForwardInput: return part
    }
  }

  /// Puts others in the place of the activations; the run goes on with them.
  ///
  /// - Parameter activations: tokens × the width at the place.
  /// - Throws: ``ModelError/wrongActivations(hook:expected:found:)``.
  public mutating func replace(with activations: Matrix) throws(ModelError) {
    try model.check(activations, at: place, of: batch)
    switch place.site {
    case .residPre, .residMid, .residPost: stream = activations
    default: replacement = activations
    }
  }

  /// Runs on to a place.
  ///
  /// - Throws: ``ModelError`` if it lies before the one where the run stands, or the model does not have it
  ///   or has not loaded its layer.
  public mutating func advance(to end: HookPoint) throws(ModelError) {
    try model.check(end)
    guard end >= place else {
      throw .hookBehindStart(hook: end.name, start: place.name)
    }
    guard batch.count > 0 else {
      place = end
      return
    }
    while place < end { step(towards: end) }
    if place == end { place = end }
  }
}

/// The steps of a layer.
extension ForwardPass {
  /// Runs on to the next place, or past places where there is nothing to do.
  private mutating func step(towards end: HookPoint) {
    let index = place.site == .residPost ? place.layer + 1 : place.layer
    let (layer, weights) = (model.architecture.layers[index], model.layers[index])
    func reached(_ site: HookPoint.Site) -> HookPoint { HookPoint(site, layer: index) }
    switch place.site {
    case .residPre, .residPost:
      attend(layer.attention, weights, index)
      place = reached(.attentionHeads)
    case .attentionHeads:
      let columns = layer.attention.outputColumns
      part = weights.attentionOutput(
        take()?.view ?? part[rows: 0..<part.rows, columns: 0..<columns])
      place = reached(.attentionOutput)
    case .attentionOutput where !layer.isParallel:
      addPart(weights.attentionOutputNorm)
      place = reached(.residMid)
    case .attentionOutput, .residMid:
      if place.site == .attentionOutput {
        pending = activations
        replacement = nil
      }
      if end == reached(.normalized) {
        part = Matrix(rows: 0, columns: 0)
        place = end
      } else {
        part = weights.feedForwardNorm(stream.view)
        place = reached(.feedForwardInput)
      }
    case .normalized:
      part = take().map(weights.feedForwardNorm.weighting) ?? weights.feedForwardNorm(stream.view)
      place = reached(.feedForwardInput)
    case .feedForwardInput:
      let input = take() ?? part
      if end == reached(.hidden) {
        part = hidden(input.view, layer.feedForward, weights)
        place = end
      } else {
        part = feedForward(input, layer.feedForward, weights)
        place = reached(.feedForwardOutput)
      }
    case .hidden:
      let columns = layer.feedForward.hiddenWidth
      part = weights.feedForwardOutput(
        take()?.view ?? part[rows: 0..<part.rows, columns: 0..<columns])
      place = reached(.feedForwardOutput)
    case .feedForwardOutput:
      if let pending { stream.add(pending) }
      pending = nil
      addPart(weights.feedForwardOutputNorm)
      part = Matrix(rows: 0, columns: 0)
      place = reached(.residPost)
    }
  }

  /// The replacement, which counts once.
  private mutating func take() -> Matrix? { replacement.take() }

  /// Adds what a part of the layer has computed to the stream.
  private mutating func addPart(_ norm: NormWeights?) {
    if let replacement = take() {
      stream.add(replacement)
    } else if let norm {
      norm.add(part.view, to: &stream)
    } else {
      stream.add(part)
    }
  }

  /// Queries, keys and values, of which attention overwrites the queries by the heads' outputs.
  private mutating func attend(
    _ attention: AttentionArchitecture, _ weights: LayerWeights, _ index: Int
  ) {
    let epsilon = Float(model.architecture.layers[index].norm.epsilon)
    part = weights.heads(weights.attentionNorm(stream.view).view)
    if let norm = weights.queryNorm {
      part.normalizeHeads(attention.queryHeads, from: 0, weight: norm, epsilon: epsilon)
    }
    if let norm = weights.keyNorm {
      part.normalizeHeads(
        attention.keyValueHeads, from: attention.outputColumns, weight: norm, epsilon: epsilon)
    }
    if let rotary = attention.rotary.flatMap({ rotaries[$0] }) {
      // Queries and keys are neighbors in a row.
      part.rotate(
        heads: attention.queryHeads + attention.keyValueHeads, of: attention.headDimension,
        by: rotary, sequences: batch.sequences)
    }
    guard cache != nil else {
      part.attend(attention.kernel, sequences: batch.sequences)
      return
    }
    cache?.set(part, in: index)
    if let keys = cache?.layers[index] {
      part.attend(
        attention.kernel, positions: firstPosition..<firstPosition + batch.count,
        keysAndValues: keys)
    }
  }

  /// The hidden layer, in the first columns.
  private func hidden(
    _ input: MatrixView, _ layer: FeedForwardArchitecture, _ weights: LayerWeights
  ) -> Matrix {
    var hidden = weights.feedForwardInput(input)
    hidden.apply(
      layer.activation, isGated: layer.isGated, count: layer.hiddenWidth, rows: 0..<hidden.rows)
    return hidden
  }

  /// Elements of the hidden layer of some tokens at a time, 64 MB: of all, they would be the largest thing
  /// in memory.
  private static let hiddenElements = 1 << 24

  private func feedForward(
    _ input: Matrix, _ layer: FeedForwardArchitecture, _ weights: LayerWeights
  ) -> Matrix {
    let height = max(256, ForwardPass.hiddenElements / layer.inputColumns)
    var output = Matrix(uninitialized: input.rows, model.width) { _ in }
    for begin in stride(from: 0, to: input.rows, by: height) {
      let rows = begin..<min(begin + height, input.rows)
      let hidden = hidden(input[rows: rows], layer, weights)
      weights.feedForwardOutput.weight.setProduct(
        hidden[rows: 0..<rows.count, columns: 0..<layer.hiddenWidth], into: &output, rows: rows)
    }
    if let bias = weights.feedForwardOutput.bias { output.addToRows(bias) }
    return output
  }
}
