/// The layouts of Gemma Scope: `params.npz` of the first release, `params.safetensors` with
/// `config.json` of the second.
///
/// Source: Lieberum et al. 2024, arXiv 2408.05147; JumpReLU without subtraction of b_dec.
enum GemmaScope {
  static let archiveName = "params.npz"
  static let weightsName = "params.safetensors"
  static let configurationName = "config.json"

  /// Names that tell the kind of a file, in either case in the first release.
  static let names = ["W_enc", "W_dec", "b_enc", "b_dec", "threshold"]
  /// The names of the second release: SAELens' would be taken for another layout's.
  static let names2 = ["w_enc", "w_dec", "b_enc", "b_dec", "threshold"]
  private static let skip = "affine_skip_connection"

  static func isNamed(_ found: [String]) -> Bool {
    names.allSatisfy { found.contains($0) || found.contains($0.lowercased()) }
  }

  static func isSecond(_ found: [String]) -> Bool { names2.allSatisfy(found.contains) }

  /// Reads the arrays of the first release.
  static func read(_ tensors: NamedTensors) throws(FileError) -> SAEFiles {
    let kind = GemmaScopeKind(path: tensors.path)
    var files = try files(tensors, .gemmaScope, JSONObject(), kind)
    for (name, value) in metadata(path: tensors.path).members {
      files.outline.metadata[name] = value
    }
    return files
  }

  /// Reads the tensors of the second release.
  static func read(
    _ tensors: NamedTensors, directory: String
  ) throws(FileError) -> SAEFiles {
    let path = "\(directory)/\(configurationName)"
    guard SystemCall.exists(path) else {
      return try files(tensors, .gemmaScope2, JSONObject(), GemmaScopeKind(path: tensors.path))
    }
    var reader = try SettingsReader(path)
    let architecture = try reader.string("architecture") ?? "jump_relu"
    guard architecture == "jump_relu" else {
      throw reader.invalid("architecture", "jump_relu", .string(architecture))
    }
    if let hasSkip = try reader.bool("affine_connection"), hasSkip != tensors.contains(skip) {
      throw reader.invalid(
        "affine_connection", "whether there is a tensor \(skip)", .bool(hasSkip))
    }
    if reader.contains("width") {
      let width = try reader.positiveInteger("width")
      let latents = try tensors.matrix(oneOf: ["w_enc", "W_enc"]).shape[1]
      guard width == latents else {
        throw reader.invalid("width", "\(latents), the latents of w_enc", .integer(width))
      }
    }
    let kind = try kind(&reader, path: tensors.path)
    return try files(tensors, .gemmaScope2, reader.rest, kind)
  }

  /// The kind that the configuration gives; where it gives none, the one that its hook points or the path
  /// give.
  private static func kind(
    _ reader: inout SettingsReader, path: String
  ) throws(FileError) -> GemmaScopeKind {
    let type = try reader.string("type")
    let (input, output) = (reader.rest["hf_hook_point_in"], reader.rest["hf_hook_point_out"])
    let differs = output != nil && output != .null && input != output
    switch type {
    case "transcoder": return .transcoder
    case "sae":
      guard !differs else {
        throw reader.invalid("type", "transcoder, since the hook points differ", .string("sae"))
      }
      return .autoencoder
    case nil: return differs ? .transcoder : GemmaScopeKind(path: path)
    case let other?: throw reader.invalid("type", "sae or transcoder", .string(other))
    }
  }

  private static func files(
    _ tensors: NamedTensors, _ layout: SAELayout, _ configuration: JSONObject,
    _ kind: GemmaScopeKind
  ) throws(FileError) -> SAEFiles {
    func named(_ name: String) -> [String] { [name, name.lowercased()] }
    let encoder = try tensors.matrix(oneOf: named("W_enc"))
    let decoder = try tensors.matrix(oneOf: named("W_dec"))
    let hasSkip = tensors.contains(skip)
    let isTranscoder =
      kind == .transcoder || hasSkip || encoder.shape[0] != decoder.shape[1]
    var outline = SAEArchive(
      SAEArchitecture(.jumpReLU, isTranscoder: isTranscoder, hasSkipConnection: hasSkip),
      inputDimension: encoder.shape[0], outputDimension: decoder.shape[1],
      latentCount: encoder.shape[1])
    outline.subtractsDecoderBias = false
    outline.metadata = configuration
    outline.metadata["hook_name"] = configuration["hf_hook_point_in"]
    outline.metadata["hook_name_out"] = configuration["hf_hook_point_out"]
    let required = outline.requiredParameters
    var files = SAEFiles(layout, outline)
    // Autoencoders of embeddings were trained on inputs before the model's scaling by √d_in, and their
    // hook points come after the scaling.
    let scale = Float(encoder.shape[0]).squareRoot()
    let factors = kind == .embedding ? ["W_enc": 1 / scale, "W_dec": scale] : [:]
    for name in names {
      guard let shape = required[name] else { continue }
      try files.take(
        name, try tensors.tensor(oneOf: named(name)), stored: shape.stored(name),
        isTransposed: name == "W_enc", form: factors[name].map { .multiple(of: $0) } ?? .itself)
    }
    if hasSkip {
      try files.take(
        "W_skip", try tensors.tensor(skip),
        stored: [outline.inputDimension, outline.outputDimension], isTransposed: true)
    }
    _ = try tensors.checkObsoleteScale()
    try tensors.checkNoOthers(
      names + names.map { $0.lowercased() } + [skip, NamedTensors.obsoleteScale])
    return files
  }

  /// Writes a new directory with the first release's `params.npz`.
  static func write(
    _ archive: SAEArchive, to destination: Destination, replacing: Artifact?
  ) throws(FileError) {
    let path = destination.path
    func refusal(_ what: String) -> FileError {
      .notRepresentable(file: path, layout: "Gemma Scope", what: what)
    }
    guard archive.architecture == SAEArchitecture(.jumpReLU) else {
      throw refusal("a \(archive.architecture)")
    }
    guard !archive.subtractsDecoderBias else { throw refusal("a subtracted decoder bias") }
    if let what = archive.inputThatOnlySAELensDescribes { throw refusal(what) }
    try archive.checkParameters(path)
    try archive.checkNoFurtherParameters(names, layout: "Gemma Scope", path)
    let exports = names.compactMap { name in
      archive.parameters[name].map { parameter in
        // As released: float32, whatever the weights were read from.
        ParameterExport(
          name: name,
          parameter: SAEArchive.Parameter(parameter.values, isVector: parameter.isVector),
          isTransposed: name == "W_enc")
      }
    }
    let directory = try AtomicDirectory(destination)
    var writer = try NpzWriter(directory.file(archiveName), exports.map(\.declaration))
    for export in exports { try export.append(to: &writer) }
    try writer.finish()
    try directory.finish(replacing: replacing)
  }
}
