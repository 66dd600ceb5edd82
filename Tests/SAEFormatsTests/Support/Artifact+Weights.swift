import SAEFormats

extension Artifact {
  /// A directory of weights under one of two names, with settings.
  static let weights = Artifact(
    "weights", files: ["cfg.json"], marks: ["sae_weights.safetensors", "params.npz"])
}
