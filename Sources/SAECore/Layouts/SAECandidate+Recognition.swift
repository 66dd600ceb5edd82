extension SAECandidate {
  /// Names that a layout's own files have.
  static let preferredNames = [
    SAELensDirectory.weightsName, Sparsify.weightsName, GemmaScope.archiveName,
    GemmaScope.weightsName,
  ]

  /// The layout that tensors' names point to.
  enum Recognition {
    case layout(SAELayout)
    /// Weights that only a configuration beside them explains.
    case lacksConfiguration
    case nothing
  }

  /// Tells a layout from the names of tensors; the file's own name counts where these do not decide.
  static func recognize(
    _ weights: Weights, _ name: String, in directory: String
  ) -> Recognition {
    let names = weights.names
    let place = WeightsPlace(directory: directory, name: name)
    if let reader = PublishedLayouts.all.first(where: { $0.isOne(weights, at: place) }) {
      return .layout(reader.layout)
    }
    if SelfDescribingWeights.isOne(weights.metadata) { return .layout(.safetensors) }
    if case .npz = weights {
      return GemmaScope.isNamed(names) || name == GemmaScope.archiveName
        ? .layout(.gemmaScope) : .nothing
    }
    if GemmaScope.isSecond(names) { return .layout(.gemmaScope2) }
    let isSparsify = Sparsify.isNamed(names) || name == Sparsify.weightsName
    let isSAELens =
      names.contains("W_dec") && names.contains("b_dec") || name == SAELensDirectory.weightsName
    guard isSparsify || isSAELens else {
      return name == GemmaScope.weightsName && names.contains { GemmaScope.names2.contains($0) }
        ? .layout(.gemmaScope2) : .nothing
    }
    guard SystemCall.exists("\(directory)/\(SAELensDirectory.configurationName)") else {
      // Without tensors of an autoencoder a file's name says nothing.
      return names.contains { weightNames.contains($0) } ? .lacksConfiguration : .nothing
    }
    return .layout(Sparsify.isNamed(names) || !isSAELens ? .sparsify : .saeLens)
  }

  /// Names of tensors that several architectures' weights have.
  private static let weightNames: Set = [
    "W_dec", "W_enc", "b_dec", "b_enc", "encoder.weight", "encoder.bias", "decoder.weight",
    "decoder.bias",
  ]

  /// Weights under names that several architectures share.
  static func lacksConfiguration(_ path: String, in directory: String) -> FileError {
    let names =
      (try? FileName.list(directory) { String(validating: $0, as: UTF8.self) != nil }) ?? []
    let others = names.filter { name in
      [".json", ".yaml", ".yml"].contains { name.hasSuffix($0) }
    }
    return .wrongContents(
      file: path,
      expected: "cfg.json beside it, without which its tensors could be of several architectures",
      found: others.isEmpty ? "none" : others.prefix(5).map(quoted).joined(separator: ", "))
  }

  /// Files that are signs of a layout which is not read.
  private static let foreignLayouts: [(name: String, layout: String)] = [
    ("conf.yaml", "a temporal autoencoder"), ("model_cfg.yaml", "crosscode"),
  ]

  /// The error that a directory holds no autoencoder, with its content.
  static func nothing(in path: String, _ names: [String]) -> FileError {
    let configuration = SAELensDirectory.configurationName
    if names.contains(configuration) {
      let others = names.filter { $0 != configuration && !$0.hasPrefix(".") }
      return .wrongContents(
        file: path,
        expected: "weights beside \(configuration) (\(SAELensDirectory.weightsName) or "
          + "\(Sparsify.weightsName))",
        found: FileKind.foreign(in: path, names)
          ?? (others.isEmpty ? "none" : others.prefix(20).map(quoted).joined(separator: ", ")))
    }
    let checkpoints = ["checkpoint.json": "training run", "sweep.json": "sweep"]
    for (name, what) in checkpoints where names.contains(name) {
      return .wrongContents(
        file: path, expected: known,
        found: "a checkpoint of a \(what), which the training goes on from")
    }
    if Crosscoder.isOne(path) {
      return .wrongContents(
        file: path, expected: known,
        found: "a crosscoder or a cross-layer transcoder, which Crosscoder.load reads")
    }
    if let (name, layout) = foreignLayouts.first(where: { names.contains($0.name) }) {
      return .wrongContents(
        file: path, expected: known,
        found: "\(quoted(name)) of the layout of \(layout), which is not read")
    }
    let tensors = [".safetensors", ".npy", ".npz"]
    if !names.contains(where: { name in tensors.contains { name.hasSuffix($0) } }),
      let foreign = FileKind.foreign(in: path, names)
    {
      return .wrongContents(file: path, expected: known, found: foreign)
    }
    return .unrecognized(file: path, lookedFor: [known], found: Array(names.prefix(20)))
  }
}
