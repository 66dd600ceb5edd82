/// dictionary_learning: `config.json` and `ae.pt` in a directory per autoencoder.
///
/// Biases and thresholds are saved for activations as they are, whatever the trainer scaled them by.
///
/// Source: saprmarks/dictionary_learning, `dictionary.py` and `trainers/`.
enum DictionaryLearning: PublishedLayout {
  static let layout = SAELayout.dictionaryLearning
  private static let weightsName = "ae.pt"
  private static let configurationName = "config.json"
  private static let checkpoints = "checkpoints"

  static func weights(in names: [String]) -> String? {
    names.contains(weightsName) && names.contains(configurationName) ? weightsName : nil
  }

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    guard case .torch = weights, let path = configuration(place),
      let object = try? JSONValue.read(path).asObject
    else { return false }
    return object["trainer"]?.asObject?["dict_class"] != nil
  }

  /// Checkpoints lie in a folder beside it.
  private static func configuration(_ place: WeightsPlace) -> String? {
    if let path = place.beside(configurationName) { return path }
    let path = "\(place.parent)/\(configurationName)"
    return place.folder == checkpoints && SystemCall.exists(path) ? path : nil
  }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    guard let path = configuration(place) else {
      throw .wrongContents(file: tensors.path, expected: configurationName, found: "none")
    }
    var file = try SettingsReader(path)
    guard let trainer = try file.object("trainer") else {
      throw file.missing("trainer", "an object")
    }
    var reader = SettingsReader(trainer, file: "\(path), trainer")
    let name = try reader.string("dict_class") ?? ""
    guard let kind = Kind(rawValue: name) else {
      throw reader.invalid(
        "dict_class", Kind.allCases.map(\.rawValue).joined(separator: ", "), .string(name))
    }
    let encoder = try tensors.matrix(oneOf: [kind.isLinear ? "encoder.weight" : "W_enc"])
    let (latents, width) =
      kind.isLinear
      ? (encoder.shape[0], encoder.shape[1]) : (encoder.shape[1], encoder.shape[0])
    try reader.check("activation_dim", is: width)
    try reader.check("dict_size", is: latents)
    var outline = SAEArchive(
      SAEArchitecture(kind.activation), inputDimension: width, outputDimension: width,
      latentCount: latents)
    outline.type = encoder.type
    outline.subtractsDecoderBias = kind != .newer && kind != .jumpReLU
    describe(&outline, reader, file)
    var files = SAEFiles(layout, outline)
    try kind.take(tensors, encoder, into: &files)
    if kind.hasK {
      try selection(kind, tensors, &reader, isCheckpoint: place.folder == checkpoints, &files)
    }
    if kind == .switching { try routing(&reader, tensors, &files) }
    return files
  }

  /// Model and place of the activations.
  private static func describe(
    _ outline: inout SAEArchive, _ trainer: SettingsReader, _ file: SettingsReader
  ) {
    outline.metadata["model_name"] = trainer.rest["lm_name"]
    let isOutput = file.rest["buffer"]?.asObject?["io"]?.asString.map { $0 == "out" } ?? true
    if let layer = trainer.rest["layer"]?.asInteger, isOutput {
      let submodule = trainer.rest["submodule_name"]?.asString ?? "resid_post"
      if submodule.hasPrefix("resid_post") {
        outline.metadata["hook_name"] = .string("blocks.\(layer).hook_resid_post")
      }
    }
    outline.metadata["dictionary_learning"] = .object(trainer.rest)
  }

  /// k, and the threshold that stands for a selection over batches.
  private static func selection(
    _ kind: Kind, _ tensors: NamedTensors, _ reader: inout SettingsReader, isCheckpoint: Bool,
    _ files: inout SAEFiles
  ) throws(FileError) {
    let k: Int
    if kind == .switching {
      k = try reader.positiveInteger("k")
    } else {
      k = try tensors.integer("k")
      // A checkpoint may be of a time when k was another.
      if !isCheckpoint { try reader.check("k", is: k) }
    }
    guard k > 0, k <= files.outline.latentCount else {
      throw .invalidSetting(
        file: tensors.path, setting: "k", expected: "from 1 to \(files.outline.latentCount)",
        found: "\(k)")
    }
    guard let trained = kind.batchSelection else {
      files.outline.settings["k"] = .integer(k)
      files.outline.settings[SAEArchive.rescaling] = .bool(false)
      return
    }
    let threshold = try tensors.number("threshold")
    // A threshold below 0 was never estimated: the library then keeps every positive pre-activation.
    if threshold < 0 {
      files.outline.metadata["note"] = .string(
        "the file's threshold \(threshold) was never estimated: every positive latent is kept")
    }
    files.fill(SAEArchive.threshold, with: max(0, threshold), count: files.outline.latentCount)
    var details = JSONObject()
    details["k"] = .integer(k)
    details[SAEArchive.rescaling] = .bool(false)
    if kind == .matryoshka {
      var (sum, widths) = (0, [JSONValue]())
      for size in try tensors.tensor("group_sizes").integers() {
        sum += size
        widths.append(.integer(sum))
      }
      details["matryoshka_widths"] = .array(widths)
    }
    files.outline.metadata[SAEArchive.trainingArchitecture] = SAEArchitecture(trained)
      .saeLensName.map { .string($0) }
    files.outline.metadata[SAEArchive.trainingDetails] = .object(details)
  }

  /// The router of a Switch SAE.
  private static func routing(
    _ reader: inout SettingsReader, _ tensors: NamedTensors, _ files: inout SAEFiles
  ) throws(FileError) {
    let experts = try reader.positiveInteger("experts")
    let (latents, width) = (files.outline.latentCount, files.outline.inputDimension)
    guard latents % experts == 0 else {
      throw reader.invalid("experts", "a divisor of the \(latents) latents", .integer(experts))
    }
    files.outline.settings[SAEArchive.experts] = .integer(experts)
    files.outline.settings[SAEArchive.activeExperts] = .integer(1)
    files.outline.settings[SAEArchive.weighsByRouter] = .bool(
      !(try reader.bool("heaviside") ?? false))
    try files.take(
      "W_router", try tensors.tensor("router.weight"), stored: [experts, width])
    try files.take("b_router", try tensors.tensor("b_router"), stored: [width])
  }
}
