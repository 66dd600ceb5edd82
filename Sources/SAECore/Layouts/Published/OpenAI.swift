/// OpenAI's autoencoders of GPT-2 small: `{location}/autoencoders/{layer}.pt`; ReLU, or TopK of inputs
/// whose tokens are brought to mean 0 and variance 1.
///
/// Source: Gao et al. 2024, arXiv 2406.04093; openai/sparse_autoencoder, `model.py`.
enum OpenAI: PublishedLayout {
  static let layout = SAELayout.openAI

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    OneFile.holds(weights, ["pre_bias", "latent_bias", "encoder.weight"])
  }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    var files = try OneFile.files(
      layout, tensors, encoder: "encoder.weight", decoder: "decoder.weight",
      encoderBias: "latent_bias", decoderBias: "pre_bias")
    files.outline.subtractsDecoderBias = true
    if let hook = hook(place) { files.outline.metadata["hook_name"] = .string(hook) }
    files.outline.metadata["model_name"] = .string("gpt2-small")
    switch tensors.values?["activation"] {
    case nil, .text("ReLU")?: return files
    case .text("TopK")?: break
    case let other?:
      throw .invalidSetting(
        file: tensors.path, setting: "activation", expected: "ReLU or TopK", found: "\(other)")
    }
    let state = tensors.values?["activation_state_dict"]
    if let function = state?["postact_fn"] {
      guard case .text("ReLU") = function else {
        throw .invalidSetting(
          file: tensors.path, setting: "postact_fn", expected: "ReLU", found: "\(function)")
      }
    }
    guard case .integer(let k)? = state?["k"] else {
      throw .invalidSetting(
        file: tensors.path, setting: "activation_state_dict", expected: "a whole number k",
        found: "none")
    }
    files.outline.architecture = SAEArchitecture(.topK)
    files.outline.inputNormalization = .layerNorm
    files.outline.settings["k"] = .integer(k)
    files.outline.settings[SAEArchive.rescaling] = .bool(false)
    _ = try files.outline.checkedK(tensors.path)
    return files
  }

  /// The place of the activations, from the folders' names.
  private static func hook(_ place: WeightsPlace) -> String? {
    let location = Path.split(place.parent).name
    let sites = [
      "resid_delta_attn": "hook_attn_out", "resid_delta_mlp": "hook_mlp_out",
      "resid_post_attn": "hook_resid_mid", "resid_post_mlp": "hook_resid_post",
      "mlp_post_act": "mlp.hook_post",
    ]
    guard let site = sites.first(where: { location.hasPrefix($0.key) })?.value,
      let layer = Int(place.name.prefix { $0.isNumber })
    else { return nil }
    return "blocks.\(layer).\(site)"
  }
}
