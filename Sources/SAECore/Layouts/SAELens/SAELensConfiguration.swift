/// Reads SAELens' `cfg.json`, in its present form and in the flat one from before version 6.
enum SAELensConfiguration {
  /// The version whose form is written, and from which on it is read without translation.
  static let version = "6.54.12"
  private static let firstVersion = 6

  /// The file's description, as an archive without parameters.
  static func read(_ path: String) throws(FileError) -> SAEArchive {
    try archive(SettingsReader(path))
  }

  /// The description that settings give, as an archive without parameters.
  static func archive(_ settings: SettingsReader) throws(FileError) -> SAEArchive {
    var reader = settings
    let metadata = reader.rest["metadata"]?.asObject
    let version = (reader.rest["sae_lens_version"] ?? metadata?["sae_lens_version"])?.asString
    let major = version.flatMap { Int($0.prefix { $0 != "." }) }
    if major ?? 0 < firstVersion { reader = try LegacySAELensConfiguration.translate(reader) }
    return try present(&reader)
  }

  private static func present(_ reader: inout SettingsReader) throws(FileError) -> SAEArchive {
    let names = SAEArchitecture.saeLensNames.map(\.key).joined(separator: ", ")
    guard let name = try reader.string("architecture") else {
      throw reader.missing("architecture", names)
    }
    guard let architecture = SAEArchitecture(name: name) else {
      throw .invalidSetting(
        file: reader.file, setting: "architecture", expected: names, found: quoted(name))
    }
    let inputDimension = try reader.positiveInteger("d_in")
    var outputDimension = inputDimension
    if architecture.isTranscoder { outputDimension = try reader.positiveInteger("d_out") }
    try checkActivationFunction(&reader, architecture)
    var archive = SAEArchive(
      architecture, inputDimension: inputDimension, outputDimension: outputDimension,
      latentCount: try reader.positiveInteger("d_sae"))
    archive.type = try elementType(&reader)
    _ = reader.take("device")
    archive.subtractsDecoderBias =
      try reader.bool("apply_b_dec_to_input") ?? !architecture.isTranscoder
    if architecture.isTranscoder && archive.subtractsDecoderBias {
      throw reader.invalid("apply_b_dec_to_input", "false for a transcoder", .bool(true))
    }
    let normalization = try reader.string("normalize_activations") ?? "none"
    guard let inputNormalization = SAEArchive.InputNormalization(rawValue: normalization) else {
      throw reader.invalid(
        "normalize_activations",
        SAEArchive.InputNormalization.allCases.map(\.rawValue).joined(separator: ", "),
        .string(normalization))
    }
    archive.inputNormalization = inputNormalization
    archive.flattensHeads = try flattensHeads(&reader)
    archive.metadata = try reader.object("metadata") ?? JSONObject()
    archive.settings = reader.rest
    addDefaults(to: &archive)
    try check(archive, reader)
    return archive
  }

  /// Throws if an activation function is named that is not the architecture's: version 6 names none.
  private static func checkActivationFunction(
    _ reader: inout SettingsReader, _ architecture: SAEArchitecture
  ) throws(FileError) {
    let selecting: [SAEArchitecture.Activation] = [.topK, .batchTopK, .matryoshkaBatchTopK]
    let expected = selecting.contains(architecture.activation) ? ["topk", "relu"] : ["relu"]
    for setting in ["activation_fn", "activation_fn_str"] {
      guard let name = try reader.string(setting), !expected.contains(name) else { continue }
      throw reader.invalid(
        setting, "\(expected.joined(separator: " or ")) for a \(architecture)", .string(name))
    }
  }

  private static func elementType(
    _ reader: inout SettingsReader
  ) throws(FileError) -> ElementType {
    let text = try reader.string("dtype") ?? "float32"
    let name = text.hasPrefix("torch.") ? String(text.dropFirst(6)) : text
    guard let type = typeNames.first(where: { $0.value == name })?.key else {
      throw reader.invalid("dtype", "float32, float64, float16 or bfloat16", .string(text))
    }
    return type
  }

  static let typeNames: KeyValuePairs<ElementType, String> = [
    .f32: "float32", .f64: "float64", .f16: "float16", .bf16: "bfloat16",
  ]

  private static func flattensHeads(
    _ reader: inout SettingsReader
  ) throws(FileError) -> Bool {
    switch try reader.string("reshape_activations") ?? "none" {
    case "none": return false
    case "hook_z": return true
    case let other: throw reader.invalid("reshape_activations", "none or hook_z", .string(other))
    }
  }

  /// SAELens' defaults for settings that are missing; there is none for the number of selected latents.
  private static func addDefaults(to archive: inout SAEArchive) {
    let defaults: KeyValuePairs<String, JSONValue>
    switch archive.architecture.activation {
    case .topK, .absTopK:
      defaults = [SAEArchive.rescaling: .bool(false)]
    case .batchTopK, .matryoshkaBatchTopK:
      defaults = [SAEArchive.rescaling: .bool(true)]
    case .matchingPursuit:
      defaults = [
        "residual_threshold": .double(0.01), "max_iterations": .null,
        "stop_on_duplicate_support": .bool(true),
      ]
    case .temporal:
      defaults = [
        "n_heads": .integer(8), "n_attn_layers": .integer(1), "bottleneck_factor": .integer(64),
        "sae_diff_type": .string("topk"), "kval_topk": .null, "tied_weights": .bool(true),
        "activation_normalization_factor": .double(1),
      ]
    case .groupMax: defaults = [SAEArchive.rescaling: .bool(false)]
    case .relu, .jumpReLU, .gated, .mixture, .variational: defaults = [:]
    }
    for (name, value) in defaults where archive.settings[name] == nil {
      archive.settings[name] = value
    }
  }

  private static func check(
    _ archive: SAEArchive, _ settings: SettingsReader
  ) throws(FileError) {
    var reader = SettingsReader(archive.settings, file: settings.file)
    switch archive.architecture.activation {
    case .topK, .absTopK:
      _ = try archive.checkedK(reader.file)
      _ = try reader.bool(SAEArchive.rescaling)
    case .batchTopK, .matryoshkaBatchTopK:
      if try reader.double("k") ?? 0 == 0 { throw reader.missing("k", "a number above 0") }
      _ = try reader.bool(SAEArchive.rescaling)
    case .matchingPursuit:
      _ = try reader.double("residual_threshold")
      if archive.settings["max_iterations"] != .null {
        _ = try reader.positiveInteger("max_iterations")
      }
      _ = try reader.bool("stop_on_duplicate_support")
    case .temporal:
      for name in ["n_heads", "n_attn_layers", "bottleneck_factor"] {
        _ = try reader.positiveInteger(name)
      }
      _ = try reader.bool("tied_weights")
      _ = try reader.double("activation_normalization_factor")
    case .groupMax:
      let k = try archive.checkedK(reader.file)
      guard archive.latentCount % k == 0 else {
        throw reader.invalid("k", "a divisor of the \(archive.latentCount) latents", .integer(k))
      }
      _ = try reader.bool(SAEArchive.rescaling)
    case .mixture:
      _ = try archive.checkedK(reader.file)
      for name in [SAEArchive.experts, SAEArchive.activeExperts] {
        _ = try reader.positiveInteger(name)
      }
      _ = try reader.bool(SAEArchive.scalesFeatures)
    case .relu, .jumpReLU, .gated, .variational: break
    }
  }
}

extension SAEArchive {
  /// Whether a scale of a finished fine-tuning is among the weights, as old configurations can say.
  var expectsObsoleteScale: Bool {
    (settings[SAEArchive.obsoleteScale] ?? metadata[SAEArchive.obsoleteScale]) == .bool(true)
  }

  private static let obsoleteScale = "finetuning_scaling_factor"
}
