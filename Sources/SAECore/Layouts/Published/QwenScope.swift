/// Qwen Scope: `layer{n}.sae.pt` per layer, with one `config.json`; TopK.
enum QwenScope: PublishedLayout {
  static let layout = SAELayout.qwenScope

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    OneFile.holds(weights, ["W_enc", "W_dec", "b_enc", "b_dec"])
      && (place.name.hasSuffix(".sae.pt") || configuration(place) != nil)
  }

  private static func configuration(_ place: WeightsPlace) -> SettingsReader? {
    guard let path = place.beside("config.json"), let reader = try? SettingsReader(path),
      reader.rest["model_type"]?.asString == "topk_sae"
    else { return nil }
    return reader
  }

  /// Both orientations occur: the biases tell which.
  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    let encoder = try tensors.matrix(oneOf: ["W_enc"])
    let latents = try tensors.tensor("b_enc").count
    var files = try OneFile.files(
      layout, tensors, encoder: "W_enc", decoder: "W_dec", encoderBias: "b_enc",
      decoderBias: "b_dec", isLinear: encoder.shape[0] == latents)
    files.outline.architecture = SAEArchitecture(.topK)
    files.outline.settings[SAEArchive.rescaling] = .bool(false)
    if let layer = OneFile.number(after: "layer", in: place.name) {
      files.outline.metadata["hook_name"] = .string("blocks.\(layer).hook_resid_post")
    }
    guard var reader = configuration(place) else {
      guard let k = OneFile.number(after: "L0_", in: place.directory) else {
        throw .invalidSetting(
          file: tensors.path, setting: "k",
          expected: "config.json beside it with a k, or a folder named after it (…-L0_50)",
          found: "neither")
      }
      files.outline.settings["k"] = .integer(k)
      _ = try files.outline.checkedK(tensors.path)
      return files
    }
    files.outline.settings["k"] = .integer(try reader.positiveInteger("k"))
    _ = try files.outline.checkedK(reader.file)
    try reader.check("d_model", is: files.outline.inputDimension)
    try reader.check("d_sae", is: files.outline.latentCount)
    files.outline.metadata["model_name"] = reader.take("base_model")
    return files
  }
}
