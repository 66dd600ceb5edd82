extension TrainingCheckpoint {
  /// The settings of a run, which must mean the same when it goes on.
  package struct Description: Sendable, Equatable, Codable {
    /// ``TrainableAutoencoder/variantName``
    var variant: String
    var configuration: StoredSettings
    /// ``TrainingOptions``, nothing left to the library.
    var options: StoredSettings
    /// d_in
    var width: Int
    /// The width of the targets; nil where the activations are what is reconstructed.
    var targetWidth: Int?
    /// d_sae
    var latents: Int

    private enum CodingKeys: String, CodingKey {
      case variant = "model"
      case configuration, options, width, targetWidth, latents
    }
  }
}

/// The settings of a run that begins or goes on.
struct RunSettings: Sendable {
  /// Nothing left to the library.
  let options: TrainingOptions
  let description: TrainingCheckpoint.Description
  /// The configuration as it is compared.
  private let configuration: (complete: StoredSettings, absences: StoredSettings)
  /// Whether a configuration can be read from a file: throws unless it can.
  private let read: @Sendable (StoredSettings) throws -> Void

  /// - Parameters:
  ///   - batch: as wide as the batches.
  ///   - options: as they were given.
  ///   - checkpoint: what the run goes on from; decides what the options leave to the library.
  /// - Throws: ``OptionError`` for numbers that make no sense, ``FileError`` if the checkpoint's
  ///   options cannot be read.
  init<Configuration: AutoencoderConfiguration>(
    _ configuration: Configuration, latentCount: Int, batch: ScaledBatch,
    options: TrainingOptions, from checkpoint: TrainingCheckpoint? = nil
  ) throws {
    try options.check(latentCount: latentCount)
    try configuration.check()
    let given = try checkpoint.map { try options.completed(by: $0.options()) } ?? options
    self.options = given.decided(
      for: configuration, latentCount: latentCount, hasTargets: batch.target != nil)
    description = TrainingCheckpoint.Description(
      variant: Configuration.Model.variantName, configuration: try StoredSettings(configuration),
      options: try StoredSettings(self.options), width: batch.activations.columns,
      targetWidth: batch.target?.columns, latents: latentCount)
    self.configuration = (
      try StoredSettings(configuration, .complete), try StoredSettings(configuration, .absences)
    )
    read = { settings in
      guard let type = Configuration.self as? any Decodable.Type else { return }
      _ = try settings.decoded(as: type)
    }
  }

  /// What makes the steps of a run that begins.
  ///
  /// - Parameter firstBatch: in the scale that the model is trained in.
  /// - Throws: ``OptionError`` for settings that make no sense, ``ShapeError`` if they do not fit
  ///   each other.
  func trainer<Configuration: AutoencoderConfiguration>(
    _ configuration: Configuration, firstBatch: ScaledBatch
  ) throws -> Trainer<Configuration.Model> {
    try Trainer(
      configuration, latentCount: description.latents, firstBatch: firstBatch, options: options)
  }

  /// What makes the steps of a run that goes on.
  ///
  /// - Parameter batch: one as wide as the batches.
  /// - Throws: ``FileError`` if the checkpoint is of another run, and as for a new one.
  func trainer<Configuration: AutoencoderConfiguration>(
    _ configuration: Configuration, like batch: ScaledBatch,
    from checkpoint: TrainingCheckpoint
  ) throws -> Trainer<Configuration.Model> {
    try checkpoint.check(self)
    // Weights that give way to the checkpoint's, and say what there has to be.
    var trainer = try trainer(configuration, firstBatch: batch)
    do {
      try trainer.restore(checkpoint.trainer)
    } catch {
      throw error.of(file: checkpoint.name)
    }
    return trainer
  }

  /// The first of a checkpoint's settings that differs in meaning; nil if none does.
  fileprivate func difference(
    from stored: TrainingCheckpoint.Description
  ) throws -> SettingsDifference? {
    func difference(
      _ name: String, _ stored: StoredSettings, _ complete: StoredSettings,
      _ absences: StoredSettings
    ) -> SettingsDifference? {
      SettingsDifference.first(
        checkpoint: stored.value, run: complete.value, absences: absences.value, at: [name])
    }
    if let found = difference(
      "configuration", stored.configuration, configuration.complete, configuration.absences)
    {
      return found
    }
    try read(stored.configuration)
    let own = try stored.options.decoded(as: TrainingOptions.self)
    // Options that this version does not know.
    if let found = try difference(
      "options", stored.options, StoredSettings(own, .complete), StoredSettings(own, .absences))
    {
      return found
    }
    // Where an old checkpoint left something to the library, it has been decided since.
    return try difference(
      "options", StoredSettings(own.completed(by: options), .complete),
      StoredSettings(options, .complete), StoredSettings(options, .absences))
  }
}

extension TrainingCheckpoint.Description {
  /// Throws unless a run has these settings.
  func check(_ expected: RunSettings, name: String) throws(FileError) {
    let run = expected.description
    var difference: SettingsDifference?
    let plain = [
      ("model", variant, run.variant), ("width", "\(width)", "\(run.width)"),
      ("targetWidth", Self.text(targetWidth), Self.text(run.targetWidth)),
      ("latents", "\(latents)", "\(run.latents)"),
    ]
    if let (setting, found, expected) = plain.first(where: { $0.1 != $0.2 }) {
      difference = SettingsDifference(setting: setting, inRun: expected, inCheckpoint: found)
    } else {
      do {
        difference = try expected.difference(from: self)
      } catch {
        throw FileError(decoding: error, file: name)
      }
    }
    guard let difference else { return }
    throw .invalidSetting(
      file: name, setting: difference.setting, expected: "\(difference.inRun), as the run has it",
      found: difference.inCheckpoint)
  }

  private static func text(_ value: Int?) -> String { value.map { "\($0)" } ?? "none" }
}

extension TrainingCheckpoint.Description {
  /// What a description of version 0.1.0 says, which held settings as Swift prints them.
  ///
  /// Where options left a value to the library, it is that of version 0.1.0.
  ///
  /// - Throws: ``FileError`` if the texts are no settings.
  func fromVersion1(file: String) throws(FileError) -> Self {
    var description = self
    guard case .string(let configuration) = configuration.value,
      case .string(let options) = options.value
    else {
      throw .invalidSetting(
        file: file, setting: "run", expected: "settings as text", found: "something else")
    }
    description.configuration = try ReflectedSettings.settings(
      of: configuration, setting: "run.configuration", file: file)
    let settings = try ReflectedSettings.settings(of: options, setting: "run.options", file: file)
    do {
      var options = try settings.decoded(as: TrainingOptions.self)
      options.decideAsVersion1(latents: latents)
      description.options = try StoredSettings(options)
    } catch {
      throw FileError(decoding: error, file: "\(file): run.options")
    }
    return description
  }
}

extension TrainingOptions {
  /// Decides what was left to the library as version 0.1.0 did, except for what only concerns a run's
  /// beginning.
  fileprivate mutating func decideAsVersion1(latents: Int) {
    let share = (Double(max(1, latents)) / 16384).squareRoot()
    let rate =
      switch optimizer.algorithm {
      case .adam: 2e-4 / share
      case .scheduleFreeSignDescent: 5e-3 / share
      case .muon: 2e-3
      }
    schedule.learningRate = schedule.learningRate ?? rate
    schedule.warmUpSteps = schedule.warmUpSteps ?? min(1000, steps / 20)
    if case .cosine(let endRate, _) = schedule.shape, endRate <= 0 {
      schedule.decaySteps = schedule.decaySteps ?? 0
    }
    schedule.decaySteps = schedule.decaySteps ?? steps / 5
    let (total, overflows) = steps.multipliedReportingOverflow(by: batchTokens)
    let tokens = min(10_000_000, overflows ? .max : max(batchTokens, total / 20))
    revival.deadLatentRule = revival.deadLatentRule ?? .tokensIncludingBatch(tokens)
  }
}
