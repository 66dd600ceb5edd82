import SAECore

/// A variant with settings, to be trained on activations and looked at afterward.
struct TrainedSubject: Sendable {
  let variant: Variant
  let setting: String
  /// Trains it and gives the autoencoder.
  let train:
    @Sendable (_ source: any ActivationSource, _ latents: Int, _ options: TrainingOptions) throws ->
      any SparseAutoencoder

  /// A variant by what is said of its training.
  ///
  /// - Parameter change: what differs from the defaults.
  init(
    _ variant: Variant, _ setting: String,
    _ change: @escaping @Sendable (inout VariantSettings) -> Void
  ) {
    self.variant = variant
    self.setting = setting
    train = { source, latents, options in
      var settings = VariantSettings(latentCount: latents, steps: options.steps)
      change(&settings)
      return try Self.train(variant.training, settings, on: source, options)
    }
  }

  private static func train<Training: TrainedVariant>(
    _ variant: Training, _ settings: VariantSettings, on source: any ActivationSource,
    _ options: TrainingOptions
  ) throws -> any SparseAutoencoder {
    var run = try TrainingRun<Training.Model>(
      variant.configuration(settings), latentCount: settings.latentCount, on: source,
      options: options)
    try run.train()
    return try run.autoencoder()
  }
}
