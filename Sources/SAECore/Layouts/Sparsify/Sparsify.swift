import Foundation

/// EleutherAI's sparsify: `cfg.json` and `sae.safetensors` in a directory per hook point.
enum Sparsify {
  static let configurationName = "cfg.json"
  static let weightsName = "sae.safetensors"

  static func isNamed(_ found: [String]) -> Bool {
    found.contains("encoder.weight") && found.contains("encoder.bias") && found.contains("b_dec")
  }

  static func read(
    _ tensors: NamedTensors, directory: String
  ) throws(FileError) -> SAEFiles {
    var reader = try SettingsReader("\(directory)/\(configurationName)")
    let encoder = try tensors.matrix(oneOf: ["encoder.weight"])
    let (latents, width) = (encoder.shape[0], encoder.shape[1])
    var outline = SAEArchive(
      try architecture(&reader), inputDimension: width, outputDimension: width,
      latentCount: latents)
    outline.type = encoder.type
    // Its own code subtracts the bias unless the configuration says that it transcodes; old ones of
    // transcoders with a skip connection do not say so.
    outline.subtractsDecoderBias = !(try reader.bool("transcode") ?? false)
    outline.settings["k"] = reader.take("k")
    let k = try outline.checkedK(reader.file)
    if outline.architecture.activation == .groupMax && latents % k != 0 {
      throw reader.invalid("k", "a divisor of the \(latents) latents", .integer(k))
    }
    outline.settings[SAEArchive.rescaling] = .bool(false)
    let declaredWidth = try reader.positiveInteger("d_in")
    guard declaredWidth == width else {
      throw reader.invalid("d_in", "\(width), the encoder's width", .integer(declaredWidth))
    }
    // 0 stands for d_in × expansion_factor; the tensors have the number.
    if let declared = reader.take("num_latents"), declared != .integer(0) {
      guard declared == .integer(latents) else {
        throw reader.invalid("num_latents", "\(latents), the encoder's rows, or 0", declared)
      }
    }
    try checkIsNoFork(&reader)
    outline.metadata["sparsify"] = .object(reader.rest)
    if let module = module(directory) {
      let isTranscoder = outline.architecture.isTranscoder
      outline.metadata["hook_name"] = .string(isTranscoder ? "\(module).input" : module)
      if isTranscoder { outline.metadata["hook_name_out"] = .string(module) }
    }

    var files = SAEFiles(.sparsify, outline)
    try files.take("W_enc", encoder, stored: [latents, width])
    try files.take("b_enc", try tensors.tensor("encoder.bias"), stored: [latents])
    try files.take("b_dec", try tensors.tensor("b_dec"), stored: [width])
    if !tensors.contains("W_dec"), tensors.contains("decoder.weight") {
      // A linear layer's weights: output × input.
      try files.take(
        "W_dec", try tensors.tensor("decoder.weight"), stored: [width, latents],
        isTransposed: true)
    } else {
      try files.take("W_dec", try tensors.tensor("W_dec"), stored: [latents, width])
    }
    if outline.architecture.hasSkipConnection {
      try files.take("W_skip", try tensors.tensor("W_skip"), stored: [width, width])
    }
    var known = ["encoder.weight", "encoder.bias", "b_dec", "W_dec", "decoder.weight"]
    if outline.architecture.hasSkipConnection { known.append("W_skip") }
    try tensors.checkNoOthers(known)
    return files
  }

  /// The module whose output an autoencoder reads: the name of its directory, such as `layers.4` or
  /// `layers.4.mlp`.
  private static func module(_ directory: String) -> String? {
    let name = URL(fileURLWithPath: directory).lastPathComponent
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard name == "embed_tokens" || parts.count > 1 && parts[0] == "layers" && Int(parts[1]) != nil
    else { return nil }
    return name
  }

  private static func architecture(
    _ reader: inout SettingsReader
  ) throws(FileError) -> SAEArchitecture {
    let name = try reader.string("activation") ?? "topk"
    let activations: [String: SAEArchitecture.Activation] = ["topk": .topK, "groupmax": .groupMax]
    guard var activation = activations[name] else {
      throw reader.invalid("activation", "topk or groupmax", .string(name))
    }
    let hasSkipConnection = try reader.bool("skip_connection") ?? false
    let isTranscoder = hasSkipConnection || reader.rest["transcode"]?.asBool == true
    // Until version 1 an option: no ReLU, and the k of largest magnitude keep their signs.
    if try reader.bool("signed") ?? false {
      guard activation == .topK, !isTranscoder else {
        throw reader.invalid("signed", "false but for an autoencoder with topk", .bool(true))
      }
      activation = .absTopK
    }
    return SAEArchitecture(
      activation, isTranscoder: isTranscoder, hasSkipConnection: hasSkipConnection)
  }

  /// Throws if it is of a fork that computes something else and has no other mark.
  private static func checkIsNoFork(_ reader: inout SettingsReader) throws(FileError) {
    for name in ["normalize_io", "post_encoder_scale", "per_source_tied", "secondary_target_tied"]
    where reader.rest[name] == .bool(true) {
      throw reader.invalid(name, "false (true is of clt-training, which is not read)", .bool(true))
    }
    for name in ["n_targets", "n_sources"] {
      guard let count = reader.rest[name]?.asInteger, count > 1 else { continue }
      throw reader.invalid(
        name, "0 or 1 (more are of clt-training, which is not read)", .integer(count))
    }
  }

  /// Writes a new directory.
  static func write(
    _ archive: SAEArchive, to destination: Destination, replacing: Artifact?
  ) throws(FileError) {
    let path = destination.path
    func refusal(_ what: String) -> FileError {
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
    let isTranscoder = archive.architecture.isTranscoder
    guard archive.subtractsDecoderBias == !isTranscoder || archive.architecture.hasSkipConnection
    else {
      throw refusal("a decoder bias that is not subtracted, but for transcoders")
    }
    guard archive.settings[SAEArchive.rescaling]?.asBool != true else {
      throw refusal("latents scaled by decoder norms")
    }
    guard archive.settings[SAEArchive.keepsNegative]?.asBool != true else {
      throw refusal("negative latents among the k largest")
    }
    if let what = archive.inputThatOnlySAELensDescribes { throw refusal(what) }
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
  ) throws(FileError) -> JSONValue {
    let earlier = archive.metadata["sparsify"]?.asObject ?? JSONObject()
    var object = JSONObject()
    object["activation"] = .string(activation)
    object["expansion_factor"] = earlier["expansion_factor"] ?? .integer(32)
    object["normalize_decoder"] = earlier["normalize_decoder"] ?? .bool(true)
    object["num_latents"] = .integer(archive.latentCount)
    object["k"] = .integer(try archive.checkedK(path))
    object["multi_topk"] = earlier["multi_topk"] ?? .bool(false)
    object["skip_connection"] = .bool(archive.architecture.hasSkipConnection)
    // With a skip connection, old files of transcoders subtract the bias as well.
    object["transcode"] = .bool(!archive.subtractsDecoderBias)
    object["d_in"] = .integer(archive.inputDimension)
    return .object(object)
  }
}
