import Foundation

/// EleutherAI's sparsify: `cfg.json` and `sae.safetensors` in a directory per hook point.
enum Sparsify {
  static let configurationName = "cfg.json"
  static let weightsName = "sae.safetensors"

  static func isNamed(_ found: [String]) -> Bool {
    found.contains("encoder.weight") && found.contains("encoder.bias") && found.contains("b_dec")
  }

  static func read(
    _ file: SafetensorsFile, directory: String
  ) throws(TensorFileError) -> SAEArchive {
    var reader = try SettingsReader("\(directory)/\(configurationName)")
    let encoder = try file.tensor("encoder.weight")
    guard encoder.shape.count == 2, encoder.count > 0 else {
      throw .wrongShape(
        file: file.path, tensor: encoder.name, expected: "two axes", found: encoder.shape)
    }
    let (latents, width) = (encoder.shape[0], encoder.shape[1])
    var archive = SAEArchive(
      try architecture(&reader), inputDimension: width, outputDimension: width,
      latentCount: latents)
    archive.type = encoder.type
    archive.subtractsDecoderBias = !archive.architecture.isTranscoder
    archive.settings["k"] = reader.take("k") ?? .integer(32)
    let k = try archive.checkedK(reader.file)
    if archive.architecture.activation == .groupMax && latents % k != 0 {
      throw reader.invalid("k", "a divisor of the \(latents) latents", .integer(k))
    }
    archive.settings["rescale_acts_by_decoder_norm"] = .bool(false)
    let declaredWidth = try reader.positiveInteger("d_in")
    guard declaredWidth == width else {
      throw reader.invalid("d_in", "\(width), the encoder's width", .integer(declaredWidth))
    }
    // 0 stands for d_in × expansion_factor; the tensors say what it is.
    _ = reader.take("num_latents")
    archive.metadata["sparsify"] = .object(reader.rest)
    if let module = module(directory) {
      let isTranscoder = archive.architecture.isTranscoder
      archive.metadata["hook_name"] = .string(isTranscoder ? "\(module).input" : module)
      if isTranscoder { archive.metadata["hook_name_out"] = .string(module) }
    }

    try archive.setParameter("W_enc", encoder, stored: [latents, width])
    try archive.setParameter("b_enc", try file.tensor("encoder.bias"), stored: [latents])
    try archive.setParameter("b_dec", try file.tensor("b_dec"), stored: [width])
    if !file.contains("W_dec"), file.contains("decoder.weight") {
      // A linear layer's weights: output × input.
      try archive.setParameter(
        "W_dec", try file.tensor("decoder.weight"), stored: [width, latents], isTransposed: true)
    } else {
      try archive.setParameter("W_dec", try file.tensor("W_dec"), stored: [latents, width])
    }
    if archive.architecture.hasSkipConnection {
      try archive.setParameter("W_skip", try file.tensor("W_skip"), stored: [width, width])
    }
    let known = ["encoder.weight", "encoder.bias", "b_dec", "W_dec", "decoder.weight", "W_skip"]
    if let other = file.tensors.first(where: { !known.contains($0.name) }) {
      throw .unrecognized(file: file.path, lookedFor: known, found: [other.name])
    }
    return archive
  }

  /// The module whose output an autoencoder reads: what its directory is called, such as `layers.4`
  /// or `layers.4.mlp`.
  private static func module(_ directory: String) -> String? {
    let name = URL(fileURLWithPath: directory).lastPathComponent
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard name == "embed_tokens" || parts.count > 1 && parts[0] == "layers" && Int(parts[1]) != nil
    else { return nil }
    return name
  }

  private static func architecture(
    _ reader: inout SettingsReader
  ) throws(TensorFileError) -> SAEArchitecture {
    let name = try reader.string("activation") ?? "topk"
    let activations: [String: SAEArchitecture.Activation] = ["topk": .topK, "groupmax": .groupMax]
    guard let activation = activations[name] else {
      throw reader.invalid("activation", "topk or groupmax", .string(name))
    }
    return SAEArchitecture(
      activation, isTranscoder: try reader.bool("transcode") ?? false,
      hasSkipConnection: try reader.bool("skip_connection") ?? false)
  }

  /// Writes a new directory.
  static func write(
    _ archive: SAEArchive, to destination: Destination, replacing: Artifact?
  ) throws(TensorFileError) {
    let path = destination.path
    func refusal(_ what: String) -> TensorFileError {
      .notRepresentable(file: path, layout: "sparsify", what: what)
    }
    let activation: String
    switch archive.architecture.activation {
    case .topK: activation = "topk"
    case .groupMax: activation = "groupmax"
    default: throw refusal("a \(archive.architecture)")
    }
    guard archive.outputDimension == archive.inputDimension else {
      throw refusal("an output of another width than the input")
    }
    guard archive.subtractsDecoderBias == !archive.architecture.isTranscoder else {
      throw refusal("a decoder bias that is not subtracted, but for transcoders")
    }
    guard archive.settings["rescale_acts_by_decoder_norm"]?.asBool != true else {
      throw refusal("latents scaled by decoder norms")
    }
    guard archive.inputNormalization == .none, archive.activationScale == nil else {
      throw refusal("a normalisation of the input")
    }
    guard !archive.flattensHeads else { throw refusal("an input of several heads") }
    try archive.checkParameters(path)
    let names = [
      "W_enc": "encoder.weight", "b_enc": "encoder.bias", "W_dec": "W_dec", "b_dec": "b_dec",
      "W_skip": "W_skip",
    ]
    try archive.checkNoFurtherParameters(Array(names.keys), layout: "sparsify", path)
    let exports = archive.parameters.sorted { $0.key < $1.key }.map { name, parameter in
      ParameterExport(name: names[name] ?? name, parameter: parameter, isTransposed: false)
    }
    let directory = try AtomicDirectory(destination)
    let configuration = "\(try configuration(archive, activation, path))\n"
    try AtomicFile.write(Array(configuration.utf8), to: directory.file(configurationName))
    var writer = try SafetensorsWriter(
      directory.file(weightsName), exports.map(\.declaration), metadata: ["format": "pt"])
    for export in exports { try export.append(to: &writer) }
    try writer.finish()
    try directory.finish(replacing: replacing)
  }

  private static func configuration(
    _ archive: SAEArchive, _ activation: String, _ path: String
  ) throws(TensorFileError) -> JSONValue {
    let earlier = archive.metadata["sparsify"]?.asObject ?? JSONObject()
    var object = JSONObject()
    object["activation"] = .string(activation)
    object["expansion_factor"] = earlier["expansion_factor"] ?? .integer(32)
    object["normalize_decoder"] = earlier["normalize_decoder"] ?? .bool(true)
    object["num_latents"] = .integer(archive.latentCount)
    object["k"] = .integer(try archive.checkedK(path))
    object["multi_topk"] = earlier["multi_topk"] ?? .bool(false)
    object["skip_connection"] = .bool(archive.architecture.hasSkipConnection)
    object["transcode"] = .bool(archive.architecture.isTranscoder)
    object["d_in"] = .integer(archive.inputDimension)
    return .object(object)
  }
}
