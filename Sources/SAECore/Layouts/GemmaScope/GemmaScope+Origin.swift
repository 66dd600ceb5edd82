import Foundation

extension GemmaScope {
  /// Model and place from the path of a file of the first release, where it has the folders of the
  /// release: `gemma-scope-2b-pt-res/…/layer_20/width_16k/average_l0_71/params.npz`.
  static func metadata(path: String) -> JSONObject {
    var metadata = JSONObject()
    let folders = URL(fileURLWithPath: path).pathComponents
    guard let layer = folders.last(where: { $0.hasPrefix("layer_") })?.dropFirst(6),
      Int(layer) != nil,
      // In the Hub's cache, the repository's folder is models--google--….
      let release = folders.last(where: { $0.contains("gemma-scope-") })?
        .components(separatedBy: "gemma-scope-").last
    else { return metadata }
    let words = release.split(separator: "-").map(String.init)
    let hooks = ["res": "hook_resid_post", "mlp": "hook_mlp_out", "att": "attn.hook_z"]
    guard words.count > 2, words[0].hasSuffix("b"), ["pt", "it"].contains(words[1]),
      let hook = hooks[words[2]]
    else { return metadata }
    metadata["model_name"] = .string("google/gemma-2-\(words[0])" + (words[1] == "it" ? "-it" : ""))
    metadata["hook_name"] = .string("blocks.\(layer).\(hook)")
    return metadata
  }
}
