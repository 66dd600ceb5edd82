/// The flat configurations from before SAELens 6, translated into the present form.
enum LegacySAELensConfiguration {
  /// Keys that keep their meaning at the top; all others describe model and data.
  private static let kept: Set = [
    "architecture", "d_in", "d_sae", "d_out", "dtype", "device", "apply_b_dec_to_input",
    "normalize_activations", "reshape_activations", "metadata", "k",
  ]

  private static let renamed = [
    "hook_point": "hook_name", "hook_point_head_index": "hook_head_index",
  ]

  static func translate(_ old: SettingsReader) throws(FileError) -> SettingsReader {
    var old = old
    var new = JSONObject()
    let isOfNewerForm = newer.first(where: old.contains)
    var metadata = try old.object("metadata") ?? JSONObject()
    let function = try activationFunction(&old)
    let options = try old.object("activation_fn_kwargs") ?? JSONObject()
    for (key, value) in old.rest.members {
      if kept.contains(key) {
        new[key] = value
      } else if metadata[renamed[key] ?? key] == nil {
        metadata[renamed[key] ?? key] = value
      }
    }
    if metadata["prepend_bos"] == nil { metadata["prepend_bos"] = .bool(true) }
    if new["architecture"] == nil {
      // Not the old form, where a missing name stands for the standard.
      if let setting = isOfNewerForm {
        throw old.missing("architecture", "a name beside the setting \(quoted(setting))")
      }
      new["architecture"] = .string("standard")
    }
    if old.rest["is_transcoder"] == .bool(true), !(isTranscoder(new["architecture"])) {
      throw old.invalid(
        "is_transcoder", "false for an architecture that is no transcoder", .bool(true))
    }
    if function == "topk", let k = options["k"] {
      new["architecture"] = .string("topk")
      new["k"] = k
    } else if function != "relu" || options["k"] != nil {
      throw .invalidSetting(
        file: old.file, setting: "activation_fn", expected: "relu, or topk with its k",
        found: quoted(function))
    }
    switch new["normalize_activations"] {
    case .bool(true): new["normalize_activations"] = .string("expected_average_only_in")
    case .bool(false): new["normalize_activations"] = .string("none")
    default: break
    }
    if new["reshape_activations"] == nil {
      let flattens = metadata["hook_name"]?.asString?.contains("hook_z") ?? false
      new["reshape_activations"] = .string(flattens ? "hook_z" : "none")
    }
    new["metadata"] = .object(metadata)
    return SettingsReader(new, file: old.file)
  }

  /// Settings of present configurations.
  private static let newer = [
    "metadata", "k", SAEArchive.rescaling, "residual_threshold", "max_iterations",
    "stop_on_duplicate_support", "n_heads", "n_attn_layers", "bottleneck_factor", "sae_diff_type",
    "kval_topk", "tied_weights", "topk_threshold_lr", "matryoshka_widths",
  ]

  private static func isTranscoder(_ architecture: JSONValue?) -> Bool {
    architecture?.asString.flatMap { SAEArchitecture(saeLensName: $0) }?.isTranscoder ?? false
  }

  private static func activationFunction(
    _ old: inout SettingsReader
  ) throws(FileError) -> String {
    let older = try old.string("activation_fn_str")
    let newer = try old.string("activation_fn")
    return newer ?? older ?? "relu"
  }
}
