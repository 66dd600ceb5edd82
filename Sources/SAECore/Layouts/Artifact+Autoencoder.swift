extension Artifact {
  /// An autoencoder in any layout that is written as a directory, or one and its booster.
  public static let autoencoder = Artifact(
    "an autoencoder", files: plainAutoencoder.files,
    marks: plainAutoencoder.marks.union([BoostedDirectory.descriptionName]),
    folders: [BoostedDirectory.base, BoostedDirectory.booster].map {
      (prefix: $0, contents: plainAutoencoder)
    })

  /// An autoencoder in one file.
  public static let autoencoderFile = Artifact(file: "an autoencoder in one file") {
    SelfDescribingWeights.isOne($0.metadata)
  }

  private static let plainAutoencoder = Artifact(
    "an autoencoder",
    files: [SAELensDirectory.configurationName, "sparsity.safetensors", "activation_scaler.json"],
    marks: [SAELensDirectory.weightsName, Sparsify.weightsName, GemmaScope.archiveName])
}
