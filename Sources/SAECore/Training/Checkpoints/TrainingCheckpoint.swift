/// Where a ``TrainingRun`` stands: with the same activations and settings, a run that goes on from it
/// makes the same steps as one that was never interrupted, bit for bit.
public struct TrainingCheckpoint: Sendable, Equatable {
  /// Parameters, optimizer, counters.
  public var trainer: TrainerState
  /// ``TrainingRun/scaling``
  public var scaling: ActivationScaling
  /// ``TrainingRun/targetScale``
  public var targetScale: Double?
  /// In the stream of activations: after the last batch that was trained on.
  public var position: ShuffledActivations.Position
  /// What it is a checkpoint of.
  public var run: Description
  /// Whatever the writer wants to find again.
  public var metadata: [String: String]
  /// Where it was read from, for errors.
  public var name = "checkpoint"

  /// The settings of a run, as text: all that has to be equal where it goes on.
  public struct Description: Sendable, Equatable, Codable {
    /// The type of the autoencoder.
    public var model: String
    /// Its configuration.
    public var configuration: String
    /// ``TrainingOptions``
    public var options: String
    /// d_in
    public var width: Int
    /// The width of the targets; nil where the activations are what is reconstructed.
    public var targetWidth: Int?
    /// d_sae
    public var latents: Int

    init<Model: TrainableAutoencoder>(
      _: Model.Type, _ configuration: Model.Configuration, latents: Int, batch: ScaledBatch,
      options: TrainingOptions
    ) {
      model = "\(Model.self)"
      self.configuration = "\(configuration)"
      self.options = "\(options)"
      width = batch.activations.columns
      targetWidth = batch.target?.columns
      self.latents = latents
    }
  }

  /// Steps made.
  public var step: Int { trainer.step }
}

extension TrainingCheckpoint {
  /// Throws unless it is a checkpoint of the run described.
  func check(_ expected: Description, options: TrainingOptions) throws(TensorFileError) {
    let settings = [
      ("model", expected.model, run.model),
      ("configuration", expected.configuration, run.configuration),
      ("options", expected.options, run.options),
      ("width", "\(expected.width)", "\(run.width)"),
      ("targetWidth", Self.text(expected.targetWidth), Self.text(run.targetWidth)),
      ("latents", "\(expected.latents)", "\(run.latents)"),
    ]
    for (setting, expected, found) in settings where expected != found {
      throw .invalidSetting(file: name, setting: setting, expected: expected, found: found)
    }
    guard StoredScaling(scaling).kind == StoredScaling.kind(of: options.normalization) else {
      throw .invalidSetting(
        file: name, setting: "scaling.kind",
        expected: StoredScaling.kind(of: options.normalization).rawValue,
        found: StoredScaling(scaling).kind.rawValue)
    }
    switch scaling {
    case .factor(let factor):
      try StoredScaling.check(factor: factor, "scaling.factor", file: name)
    case .whitening(let whitening):
      guard whitening.dimension == expected.width else {
        throw .invalidSetting(
          file: name, setting: "normalization.mean", expected: "\(expected.width) numbers",
          found: "\(whitening.dimension)")
      }
    case .identity, .layerNorm, .constantNorm: break
    }
    guard (targetScale == nil) == (run.targetWidth == nil) else {
      throw .invalidSetting(
        file: name, setting: "targetScale",
        expected: run.targetWidth == nil ? "none" : "a number", found: Self.text(targetScale))
    }
    if let targetScale {
      try StoredScaling.check(factor: targetScale, "targetScale", file: name)
    }
    guard (0...options.steps).contains(step) else {
      throw .invalidSetting(
        file: name, setting: "step", expected: "0 to \(options.steps)", found: "\(step)")
    }
  }

  private static func text(_ value: (some CustomStringConvertible)?) -> String {
    value?.description ?? "none"
  }
}
