/// The layouts of Gemma Scope: `params.npz` of the first release, `params.safetensors` with
/// `config.json` of the second.
///
/// Source: Lieberum et al. 2024, arXiv 2408.05147; JumpReLU without subtraction of b_dec.
enum GemmaScope {
  static let archiveName = "params.npz"
  static let weightsName = "params.safetensors"
  static let configurationName = "config.json"

  /// Names that say what a file is, in either case.
  static let names = ["W_enc", "W_dec", "b_enc", "b_dec", "threshold"]

  static func isNamed(_ found: [String]) -> Bool {
    names.allSatisfy { found.contains($0) || found.contains($0.lowercased()) }
  }

  /// Reads the arrays of the first release.
  static func read(_ file: NpzFile) throws(TensorFileError) -> SAEArchive {
    var tensors: [String: StoredTensor] = [:]
    for name in file.names { tensors[name] = try file.tensor(name) }
    var archive = try archive(tensors, JSONObject(), file.path)
    for (name, value) in metadata(path: file.path).members { archive.metadata[name] = value }
    if file.path.split(separator: "/").contains("embedding") {
      archive.rescaleForEmbeddings()
    }
    return archive
  }

  /// Reads the tensors of the second release.
  static func read(
    _ file: SafetensorsFile, directory: String
  ) throws(TensorFileError) -> SAEArchive {
    var tensors: [String: StoredTensor] = [:]
    for tensor in file.tensors { tensors[tensor.name] = tensor }
    let path = "\(directory)/\(configurationName)"
    guard SystemCall.exists(path) else { return try archive(tensors, JSONObject(), file.path) }
    var reader = try SettingsReader(path)
    let architecture = try reader.string("architecture") ?? "jump_relu"
    guard architecture == "jump_relu" else {
      throw reader.invalid("architecture", "jump_relu", .string(architecture))
    }
    if let hasSkip = try reader.bool("affine_connection"),
      hasSkip != (tensors["affine_skip_connection"] != nil)
    {
      throw reader.invalid(
        "affine_connection", "whether there is a tensor affine_skip_connection", .bool(hasSkip))
    }
    return try archive(tensors, reader.rest, file.path)
  }

  private static func archive(
    _ tensors: [String: StoredTensor], _ configuration: JSONObject, _ file: String
  ) throws(TensorFileError) -> SAEArchive {
    func tensor(_ name: String) throws(TensorFileError) -> StoredTensor {
      guard let tensor = tensors[name] ?? tensors[name.lowercased()] else {
        throw .noSuchTensor(file: file, tensor: name, present: tensors.keys.sorted())
      }
      return tensor
    }
    let (encoder, decoder) = (try tensor("W_enc"), try tensor("W_dec"))
    guard encoder.shape.count == 2, encoder.count > 0 else {
      throw .wrongShape(
        file: file, tensor: encoder.name, expected: "two axes", found: encoder.shape)
    }
    guard decoder.shape.count == 2 else {
      throw .wrongShape(
        file: file, tensor: decoder.name, expected: "two axes", found: decoder.shape)
    }
    let hooks = (configuration["hf_hook_point_in"], configuration["hf_hook_point_out"])
    let skip = tensors["affine_skip_connection"]
    let isTranscoder =
      skip != nil || encoder.shape[0] != decoder.shape[1]
      || (hooks.1 != nil && hooks.0 != hooks.1)
    var archive = SAEArchive(
      SAEArchitecture(
        .jumpReLU, isTranscoder: isTranscoder, hasSkipConnection: skip != nil),
      inputDimension: encoder.shape[0], outputDimension: decoder.shape[1],
      latentCount: encoder.shape[1])
    archive.subtractsDecoderBias = false
    archive.metadata = configuration
    archive.metadata["hook_name"] = hooks.0
    archive.metadata["hook_name_out"] = hooks.1
    let required = archive.requiredParameters
    for name in names {
      guard let shape = required[name] else { continue }
      try archive.setParameter(
        name, try tensor(name), stored: shape.stored(name), isTransposed: name == "W_enc")
    }
    if let skip {
      try archive.setParameter(
        "W_skip", skip, stored: [archive.inputDimension, archive.outputDimension],
        isTransposed: true)
    }
    let known = Set(names + names.map { $0.lowercased() } + ["affine_skip_connection"])
    if let other = tensors.keys.sorted().first(where: { !known.contains($0) }) {
      throw .unrecognized(file: file, lookedFor: names, found: [other])
    }
    return archive
  }

  /// Writes a new directory with the first release's `params.npz`.
  static func write(
    _ archive: SAEArchive, to destination: Destination, replacing: Artifact?
  ) throws(TensorFileError) {
    let path = destination.path
    func refusal(_ what: String) -> TensorFileError {
      .notRepresentable(file: path, layout: "Gemma Scope", what: what)
    }
    guard archive.architecture == SAEArchitecture(.jumpReLU) else {
      throw refusal("a \(archive.architecture)")
    }
    guard !archive.subtractsDecoderBias else { throw refusal("a subtracted decoder bias") }
    guard archive.inputNormalization == .none, archive.activationScale == nil else {
      throw refusal("a normalisation of the input")
    }
    guard !archive.flattensHeads else { throw refusal("an input of several heads") }
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

extension SAEArchive {
  /// Autoencoders of embeddings were trained on inputs before the model's scaling by √d_in, which
  /// hook points come after.
  fileprivate mutating func rescaleForEmbeddings() {
    let scale = Float(inputDimension).squareRoot()
    for (name, factor) in [("W_enc", 1 / scale), ("W_dec", scale)] {
      guard var parameter = parameters[name] else { continue }
      var elements = parameter.values.mutableElements
      for index in 0..<elements.count { elements[index] *= factor }
      parameters[name] = parameter
    }
  }
}
