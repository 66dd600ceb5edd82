/// Where a ``TrainingRun`` stands: with the same activations and settings, a run that goes on from it
/// makes the same steps as one that was never interrupted, bit for bit.
public struct TrainingCheckpoint: Sendable, Equatable {
  /// Parameters, optimizer, counters.
  package var trainer: TrainerState
  /// ``TrainingRun/scaling``
  package var scaling: ActivationScaling
  /// ``TrainingRun/targetScaling``
  package var targetScaling: ActivationScaling?
  /// In the stream of activations: after the last batch that was trained on.
  package var position: ShuffledActivations.Position
  /// What the activations are known by.
  package var activations: ActivationSample?
  /// What it is a checkpoint of.
  package var run: Description
  /// Whatever the writer wants to find again.
  public var metadata: [String: String]
  /// Where it was read from, for errors.
  public var name = "checkpoint"

  /// Steps made.
  public var step: Int { trainer.step }
  /// Tokens trained on.
  public var tokens: Int { trainer.tokens }
  /// What the variant is called (``TrainableAutoencoder/variantName``).
  public var variantName: String { run.variant }
  /// d_sae
  public var latentCount: Int { run.latents }
}

extension TrainingCheckpoint {
  /// The settings that the run's autoencoder was begun with.
  ///
  /// - Parameters:
  ///   - type: the type of the settings.
  ///   - key: of a part of them, such as "booster" of a boosted one's.
  /// - Throws: ``FileError`` if they are another variant's.
  public func configuration<Configuration: Decodable>(
    as type: Configuration.Type, key: String? = nil
  ) throws(FileError) -> Configuration {
    var settings = run.configuration
    if let key, let part = settings.value.asObject?[key] { settings = StoredSettings(part) }
    return try decoded(settings, as: Configuration.self, "configuration")
  }

  /// The settings of a variant's autoencoder.
  ///
  /// - Throws: ``FileError`` if the checkpoint is of another variant.
  func configuration<Model: TrainableAutoencoder>(
    of _: Model.Type
  ) throws(FileError) -> Model.Configuration where Model.Configuration: Decodable {
    guard variantName == Model.variantName else {
      throw .invalidSetting(
        file: name, setting: "model", expected: Model.variantName, found: variantName)
    }
    return try configuration(as: Model.Configuration.self)
  }

  /// The options of the run.
  ///
  /// - Throws: ``FileError`` if a value is missing or is none.
  public func options() throws(FileError) -> TrainingOptions {
    try decoded(run.options, as: TrainingOptions.self, "options")
  }

  private func decoded<Settings: Decodable>(
    _ settings: StoredSettings, as _: Settings.Type, _ subject: String
  ) throws(FileError) -> Settings {
    do {
      return try settings.decoded(as: Settings.self)
    } catch {
      throw FileError(decoding: error, file: "\(name): \(subject)")
    }
  }

  /// Throws unless it is a checkpoint of the run described.
  func check(_ expected: RunSettings) throws(FileError) {
    try run.check(expected, name: name)
    let options = expected.options
    try StoredScaling.check(
      scaling, options.data.normalization, width: run.width, "scaling", file: name)
    guard (targetScaling == nil) == (run.targetWidth == nil) else {
      throw .invalidSetting(
        file: name, setting: "targetScaling",
        expected: run.targetWidth == nil ? "none" : "numbers of the targets",
        found: targetScaling.map { StoredScaling($0).kind.rawValue } ?? "none")
    }
    if let targetScaling, let width = run.targetWidth {
      try StoredScaling.check(
        targetScaling, options.data.normalization, width: width, "targetScaling", file: name)
    }
    guard (0...options.steps).contains(step) else {
      throw .invalidSetting(
        file: name, setting: "step", expected: "0 to \(options.steps)", found: "\(step)")
    }
  }
}
