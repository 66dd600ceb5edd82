/// A file of weights and the layout that its tensors' names point to.
struct SAECandidate {
  /// Weights, of which the names are known.
  enum Weights {
    case safetensors(SafetensorsFile)
    case shards(SafetensorsShards)
    case npz(NpzFile)
    case torch(TorchFile)

    var names: [String] {
      switch self {
      case .safetensors(let file): file.tensors.map(\.name)
      case .shards(let shards): shards.tensors.map(\.name)
      case .npz(let file): file.names
      case .torch(let file): file.weightTensors.map(\.name)
      }
    }

    var metadata: [String: String] {
      if case .safetensors(let file) = self { file.metadata } else { [:] }
    }

    func tensors() throws(FileError) -> NamedTensors {
      switch self {
      case .safetensors(let file): return NamedTensors(file)
      case .shards(let shards): return NamedTensors(shards)
      case .npz(let file):
        try file.checkMemory()
        return try NamedTensors(file)
      case .torch(let file): return NamedTensors(file)
      }
    }
  }

  let weights: Weights
  let layout: SAELayout
  let directory: String
  /// The name of the file of weights in its directory.
  var name = ""

  /// Reads the description in the files.
  func read() throws(FileError) -> SAEFiles {
    let tensors = try weights.tensors()
    let place = WeightsPlace(directory: directory, name: name)
    if let reader = PublishedLayouts.reader(layout) { return try reader.read(tensors, at: place) }
    return switch layout {
    case .saeLens: try SAELensDirectory.read(tensors, directory: directory)
    case .safetensors: try SelfDescribingWeights.read(tensors)
    case .gemmaScope: try GemmaScope.read(tensors)
    case .gemmaScope2: try GemmaScope.read(tensors, directory: directory)
    case .sparsify: try Sparsify.read(tensors, directory: directory)
    default: throw BoostedDirectory.isNotOne(directory)
    }
  }

  static let known =
    "an autoencoder: cfg.json with safetensors (SAELens, sparsify), params.npz or "
    + "params.safetensors (Gemma Scope), safetensors from sae convert, or the files of another "
    + "library (dictionary_learning, OpenAI, Llama Scope, circuit-tracer and others)"

  /// The weights at a path, or in the directory of that path.
  static func find(_ path: String) throws(FileError) -> SAECandidate {
    let path = Path.trim(path)
    if try SystemCall.isDirectory(path) { return try find(inDirectory: path) }
    let (directory, name) = Path.split(path)
    guard !SafetensorsShards.isShard(name) else {
      throw .wrongContents(
        file: path, expected: "all weights, which the directory or the index of its shards has",
        found: "one shard of several")
    }
    let weights = try open(path)
    switch recognize(weights, name, in: directory) {
    case .layout(let layout):
      return SAECandidate(weights: weights, layout: layout, directory: directory, name: name)
    case .lacksConfiguration: throw lacksConfiguration(path, in: directory)
    case .nothing:
      throw .unrecognized(
        file: path, lookedFor: [known], found: Array(weights.names.prefix(20)))
    }
  }

  private static func find(inDirectory path: String) throws(FileError) -> SAECandidate {
    let names = try FileName.list(path) { String(validating: $0, as: UTF8.self) != nil }
    if names.contains(BoostedDirectory.descriptionName) { throw BoostedDirectory.isNotOne(path) }
    for layout in PublishedLayouts.all {
      if let weights = layout.weights(in: names) { return try find("\(path)/\(weights)") }
    }
    var lacking: String?
    // A preferred name is opened first, and if it is broken, that is the error to report.
    let preferred = preferredNames.filter(names.contains)
    let indices = names.filter {
      $0.hasSuffix(SafetensorsShards.ending)
        && !names.contains(String($0.dropLast(".index.json".count)))
    }
    for name in preferred + indices {
      let weights = try open("\(path)/\(name)")
      switch recognize(weights, name, in: path) {
      case .layout(let layout):
        return SAECandidate(weights: weights, layout: layout, directory: path, name: name)
      case .lacksConfiguration: lacking = lacking ?? name
      case .nothing: break
      }
    }
    var candidates: [(name: String, candidate: SAECandidate)] = []
    for name in names.prefix(1000)
    where !preferred.contains(name) && !SafetensorsShards.isShard(name) {
      guard let weights = try? open("\(path)/\(name)") else { continue }
      switch recognize(weights, name, in: path) {
      case .layout(let layout):
        candidates.append(
          (name, SAECandidate(weights: weights, layout: layout, directory: path, name: name)))
      case .lacksConfiguration: lacking = lacking ?? name
      case .nothing: break
      }
    }
    guard candidates.count == 1 else {
      if candidates.count > 1 {
        if candidates.allSatisfy({ $0.candidate.layout == .circuitTracer }) {
          try CircuitTracer.checkSet(path, names)
        }
        throw .unrecognized(
          file: path, lookedFor: ["one autoencoder, or the name of one of several"],
          found: candidates.prefix(20).map(\.name))
      }
      if let lacking { throw lacksConfiguration("\(path)/\(lacking)", in: path) }
      throw nothing(in: path, names)
    }
    return candidates[0].candidate
  }

  /// Opens a file as the kind that its first bytes tell.
  private static func open(_ path: String) throws(FileError) -> Weights {
    if path.hasSuffix(SafetensorsShards.ending) { return .shards(try SafetensorsShards(path)) }
    switch try TensorFile(FileBytes(mapping: path), expected: "weights of an autoencoder") {
    case .safetensors(let file): return .safetensors(file)
    case .npz(let file): return .npz(file)
    case .torch(let file): return .torch(file)
    case .npy:
      throw .unrecognized(file: path, lookedFor: [known], found: ["one array without a name"])
    }
  }
}
