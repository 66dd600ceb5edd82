import Foundation

/// What models are called in paths, on the Hugging Face Hub and by TransformerLens.
enum ModelName {
  /// Whether two names can be those of one model.
  static func agree(_ one: String, _ other: String) -> Bool {
    guard let one = key(one), let other = key(other) else { return true }
    return one == other
  }

  /// What a name says beside an organization and directories, in lower case; nil where it could be
  /// any model's.
  static func key(_ name: String) -> String? {
    let parts = name.split(separator: "/").map(String.init)
    // A directory in the Hub's cache: models--google--gemma-2-2b/snapshots/…
    let cached = parts.last { $0.hasPrefix("models--") }?.components(separatedBy: "--").last
    guard let key = (cached ?? parts.last)?.lowercased(), !isAnybodys(key) else { return nil }
    return aliases[key] ?? key
  }

  private static let aliases = ["gpt2-small": "gpt2"]

  /// What directories are called that hold a model.
  private static let general: Set = [
    "", ".", "..", "model", "models", "weights", "checkpoint", "final", "hf", "snapshot",
  ]

  private static func isAnybodys(_ key: String) -> Bool {
    general.contains(key)
      // A commit.
      || key.count == 40 && key.allSatisfy(\.isHexDigit)
      || key.hasPrefix("checkpoint-")
  }
}
