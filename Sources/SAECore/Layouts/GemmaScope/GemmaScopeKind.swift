import Foundation

/// The kind of an autoencoder of Gemma Scope, as far as the path to its files tells: the releases record
/// it nowhere else.
enum GemmaScopeKind {
  case autoencoder
  case transcoder
  /// Of embeddings before the model scales them.
  case embedding

  /// The nearest folder to the file with a name of a known kind decides: a release
  /// (`gemma-scope-2b-pt-transcoders`, `gemma-scope-2b-pt-res`) or a kind (`transcoder_all`,
  /// `resid_post`, `embedding`).
  init(path: String) {
    let folders = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent()
      .pathComponents
    for folder in folders.reversed() {
      let name = folder.lowercased()
      if name == "embedding" {
        self = .embedding
        return
      }
      if name.hasPrefix("transcoder_") || name.hasSuffix("transcoder")
        || name.hasSuffix("transcoders")
      {
        self = .transcoder
        return
      }
      let sites = ["resid_post", "mlp_out", "attn_out", "-res", "-mlp", "-att"]
      if sites.contains(where: { name.hasPrefix($0) || name.hasSuffix($0) }) { break }
    }
    self = .autoencoder
  }
}
