import SAECore

/// Reads the weights of a model by the names of its family.
struct ModelReader {
  let architecture: ModelArchitecture
  let names: TensorNames
  let weights: ModelWeights
  /// What stands before the names of all tensors but the unembedding's.
  let root: String

  /// - Throws: ``ModelError`` if there are tensors that the architecture has no place for.
  init(
    _ architecture: ModelArchitecture, _ names: TensorNames, _ weights: ModelWeights
  ) throws(ModelError) {
    self.architecture = architecture
    self.names = names
    self.weights = weights
    let embedding = names.embedding
    root = names.roots.first { weights.has("\($0)\(embedding).weight") } ?? names.roots[0]
    try checkNames()
  }

  func prefix(_ layer: Int) -> String { "\(root)\(names.layers).\(layer)." }

  /// Refuses tensors that would go unused: another architecture, or more layers than configured.
  private func checkNames() throws(ModelError) {
    var known: Set = [root + names.embedding + ".weight", root + names.finalNorm + ".weight"]
    if architecture.finalNorm.kind == .layerNorm { known.insert(root + names.finalNorm + ".bias") }
    if let positions = names.positions { known.insert(root + positions + ".weight") }
    // Where the embedding is used, a copy of it, which some writers store.
    known.formUnion(names.unembeddings.map { $0 + ".weight" })
    for (index, layer) in architecture.layers.enumerated() {
      known.formUnion(names.layer.tensors(layer).map { prefix(index) + $0 })
    }
    let unknown = weights.names.first { name in
      !known.contains(name) && !names.unneeded.contains(where: name.hasSuffix)
        && !names.otherParts.contains(where: name.hasPrefix)
    }
    if let unknown {
      throw .unexpectedTensor(file: weights.file(of: unknown), tensor: unknown)
    }
  }

  /// Throws unless the weights of some layers fit into memory, with those beside layers.
  func checkMemory(layers count: Int) throws(FileError) {
    let prefixes = (0..<count).map { prefix($0) }
    let ofLayers = "\(root)\(names.layers)."
    try weights.checkMemory { name in
      !names.otherParts.contains(where: name.hasPrefix)
        && (!name.hasPrefix(ofLayers) || prefixes.contains { name.hasPrefix($0) })
    }
  }

  func embedding() throws -> WeightMatrix {
    try weights.matrix(
      root + names.embedding + ".weight", rows: architecture.vocabularySize,
      columns: architecture.width)
  }

  /// The vectors of positions; nil where there are none.
  func positions() throws -> WeightMatrix? {
    guard architecture.hasLearnedPositions, let name = names.positions else { return nil }
    return try weights.matrix(
      root + name + ".weight", rows: architecture.maximumContext, columns: architecture.width)
  }

  /// The unembedding; nil where it is the embedding.
  func unembedding() throws -> WeightMatrix? {
    guard !architecture.isTied else { return nil }
    let candidates = names.unembeddings.map { $0 + ".weight" }
    return try weights.matrix(
      candidates.first(where: weights.has) ?? candidates[0], rows: architecture.vocabularySize,
      columns: architecture.width)
  }

  func finalNorm() throws -> NormWeights {
    try norm(root + names.finalNorm, architecture.finalNorm)
  }

  private func norm(_ name: String, _ kind: Normalization) throws -> NormWeights {
    let width = architecture.width
    let weight = try weights.vector(name + ".weight", count: width)
    return NormWeights(
      kind: kind,
      weight: kind.kind == .shiftedRootMeanSquare ? weight.map { 1 + $0 } : weight,
      bias: kind.kind == .layerNorm
        ? try weights.vector(name + ".bias", count: width) : [Float](repeating: 0, count: width))
  }

  func layer(_ index: Int) throws -> LayerWeights {
    let (layer, prefix, own) = (architecture.layers[index], prefix(index), names.layer)
    let (attention, feedForward) = (layer.attention, layer.feedForward)
    let (width, hidden) = (architecture.width, feedForward.hiddenWidth)
    func norm(_ name: String) throws -> NormWeights { try self.norm(prefix + name, layer.norm) }
    func headNorm(_ name: String) throws -> [Float]? {
      guard attention.normalizesHeads else { return nil }
      let weight = try weights.vector(prefix + name + ".weight", count: attention.headDimension)
      return layer.norm.kind == .shiftedRootMeanSquare ? weight.map { 1 + $0 } : weight
    }
    func bias(_ name: String, _ count: Int, _ isThere: Bool) throws -> [Float]? {
      isThere ? try weights.vector(prefix + name + ".bias", count: count) : nil
    }
    func map(_ name: String, rows: Int, columns: Int, _ hasBias: Bool) throws -> LinearMap {
      LinearMap(
        weight: try weights.matrix(
          prefix + name + ".weight", rows: rows, columns: columns,
          isTransposed: own.isTransposed), bias: try bias(name, rows, hasBias))
    }
    return LayerWeights(
      attentionNorm: try norm(own.attentionNorm), heads: try heads(prefix, attention),
      queryNorm: try headNorm(own.queryNorm), keyNorm: try headNorm(own.keyNorm),
      attentionOutput: try map(
        own.attentionOutput, rows: width, columns: attention.outputColumns,
        attention.hasOutputBias),
      attentionOutputNorm: layer.normalizesOutputs ? try norm(own.attentionOutputNorm) : nil,
      feedForwardNorm: try norm(own.feedForwardNorm),
      feedForwardInput: feedForward.isGated
        ? LinearMap(
          weight: try weights.stacked(
            [prefix + own.gate + ".weight": hidden, prefix + own.up + ".weight": hidden],
            columns: width),
          bias: try joined([
            bias(own.gate, hidden, feedForward.hasBias), bias(own.up, hidden, feedForward.hasBias),
          ]))
        : try map(own.up, rows: hidden, columns: width, feedForward.hasBias),
      feedForwardOutput: try map(own.down, rows: width, columns: hidden, feedForward.hasBias),
      feedForwardOutputNorm: layer.normalizesOutputs ? try norm(own.feedForwardOutputNorm) : nil)
  }

  /// The matrix of queries, keys and values.
  private func heads(_ prefix: String, _ attention: AttentionArchitecture) throws -> LinearMap {
    let (width, dimension) = (architecture.width, attention.headDimension)
    let (queries, keys) = (attention.outputColumns, attention.keyValueHeads * dimension)
    let rows = queries + 2 * keys
    func bias(_ name: String, _ count: Int) throws -> [Float]? {
      attention.hasInputBias ? try weights.vector(prefix + name + ".bias", count: count) : nil
    }
    switch names.layer.heads {
    case .separate(let query, let key, let value):
      return LinearMap(
        weight: try weights.stacked(
          [
            prefix + query + ".weight": queries, prefix + key + ".weight": keys,
            prefix + value + ".weight": keys,
          ], columns: width),
        bias: try joined([bias(query, queries), bias(key, keys), bias(value, keys)]))
    case .stacked(let name):
      return LinearMap(
        weight: try weights.matrix(
          prefix + name + ".weight", rows: rows, columns: width,
          isTransposed: names.layer.isTransposed), bias: try bias(name, rows))
    case .byHead(let name):
      let order = (0..<3).flatMap { part in
        (0..<attention.queryHeads).map { head -> Range<Int> in
          let begin = (3 * head + part) * dimension
          return begin..<begin + dimension
        }
      }
      return LinearMap(
        weight: try weights.matrix(
          prefix + name + ".weight", rows: rows, columns: width, order: order),
        bias: try bias(name, rows).map { bias in order.flatMap { bias[$0] } })
    }
  }

  private func joined(_ parts: [[Float]?]) -> [Float]? {
    let vectors = parts.compactMap { $0 }
    return vectors.isEmpty ? nil : Array(vectors.joined())
  }
}
