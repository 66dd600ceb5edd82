import ArgumentParser
import Foundation
import SAECore

/// A training run as the command makes it, from its beginning or from a checkpoint, to the directory
/// that it writes.
struct TrainingJob {
  private let architecture: Architecture
  private let latents: Int
  private let training: TrainingRunOptions
  private let source: any ActivationSource
  private let options: TrainingOptions
  private let place: OutputPlace
  private let checkpoints: RunCheckpoints
  /// Those of an earlier run, which go when this one's result stands.
  private let superseded: CheckpointFolder?
  /// What is said of the activations in the result.
  private let origin: [String: JSONValue]
  private let checkpoint: TrainingCheckpoint?

  /// A run from its beginning.
  init(_ command: TrainCommand) throws {
    let place = try OutputPlace(command, checkpoint: nil)
    var folder = try CheckpointFolder(
      "\(place.path).checkpoints", keeping: command.checkpointing.keepCheckpoints ?? 2)
    if let found = folder.checkpoints.last {
      guard command.overwriting.force else {
        throw ToolError(
          "\(folder.path): expected no checkpoints of another run, found \(found); --resume goes on "
            + "with it, --force replaces it")
      }
      folder = try CheckpointFolder("\(place.path)\(Self.replacement)", keeping: folder.kept)
      if let found = folder.checkpoints.last {
        throw ToolError(
          "\(folder.path): expected no checkpoints of another run that is to replace \(place.path), "
            + "found \(found); --resume goes on with it, or remove them")
      }
    }
    let source = try command.input.source(tokens: command.training.tokensFile)
    try self.init(command, place, source: source, folder: folder, from: nil)
  }

  /// A run that goes on.
  ///
  /// - Parameters:
  ///   - began: what the run began with.
  ///   - command: what it is resumed with. Where files are and what is written when may be said
  ///     anew; whatever else is said must be what it was.
  init(
    _ began: TrainCommand, resumedWith command: TrainCommand, _ checkpoint: TrainingCheckpoint,
    folder: String
  ) throws {
    var effective = began
    effective.input = try began.input.resumed(with: command.input)
    if let file = command.training.tokensFile { effective.training.tokens = [.file(file)] }
    try effective.input.check(tokens: effective.training.tokensFile)
    effective.out = command.out ?? began.out
    effective.overwriting.force = command.overwriting.force
    effective.checkpointing.checkpointEvery =
      command.checkpointing.checkpointEvery ?? began.checkpointing.checkpointEvery
    effective.checkpointing.keepCheckpoints =
      command.checkpointing.keepCheckpoints ?? began.checkpointing.keepCheckpoints
    try RecordedOptions.check(
      "architecture", command.givenArchitecture, began.givenArchitecture)
    try RecordedOptions.check("latents", command.latents, began.latents)
    let source = try effective.input.source(tokens: effective.training.tokensFile)
    try command.training.check(against: began.training, sourceTokens: source.tokens)
    try self.init(
      effective, OutputPlace(effective, checkpoint: folder), source: source,
      folder: CheckpointFolder(folder, keeping: effective.checkpointing.keepCheckpoints ?? 2),
      from: checkpoint)
  }

  /// Where the checkpoints of a run are that is to replace another, until it has.
  private static let replacement = ".checkpoints.new"

  private init(
    _ command: TrainCommand, _ place: OutputPlace, source: any ActivationSource,
    folder: CheckpointFolder, from checkpoint: TrainingCheckpoint?
  ) throws {
    self.place = place
    // Read now: at the end of the run files may be elsewhere.
    origin = try command.input.metadata(tokens: command.training.tokensFile)
    superseded =
      folder.path == "\(place.path)\(Self.replacement)"
      ? try CheckpointFolder("\(place.path).checkpoints") : nil
    self.source = source
    self.checkpoint = checkpoint
    architecture = command.givenArchitecture ?? .topk
    latents = command.latents ?? 0
    training = command.training
    options = try training.options(sourceTokens: source.tokens)
    let arguments =
      command.input.recorded + argument("architecture", architecture.rawValue)
      + argument("latents", latents) + training.recorded(steps: options.steps)
      + command.checkpointing.recorded + argument("out", place.path)
    checkpoints = RunCheckpoints(
      folder: folder, every: command.checkpointing.checkpointEvery, arguments: arguments)
  }

  func run() throws {
    switch architecture {
    case .topk: try train(TopKAutoencoder.self, TopKConfiguration(k: training.k))
    case .batchtopk:
      try train(BatchTopKAutoencoder.self, BatchTopKConfiguration(k: Double(training.k)))
    case .matryoshka:
      try train(MatryoshkaAutoencoder.self, MatryoshkaConfiguration(k: Double(training.k)))
    case .jumprelu:
      // Held at k latents a token, unless a coefficient is given for the tanh loss.
      let configuration =
        try training.sparsity.map {
          JumpReLUConfiguration(
            coefficient: try CoefficientSchedule(finalValue: $0, warmUpSteps: options.steps))
        } ?? .controlledL0(Double(training.k))
      try train(JumpReLUAutoencoder.self, configuration)
    case .gated:
      try train(
        GatedAutoencoder.self,
        GatedConfiguration(
          coefficient: try CoefficientSchedule(
            finalValue: training.sparsity ?? 4, warmUpSteps: options.steps / 4)))
    case .relu:
      try train(
        ReLUAutoencoder.self,
        ReLUConfiguration(
          coefficient: try CoefficientSchedule(
            finalValue: training.sparsity ?? 5, warmUpSteps: options.steps / 20)))
    }
  }

  /// Trains a variant and writes it.
  private func train<Model: TrainableAutoencoder & StorableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration
  ) throws {
    var run =
      if let checkpoint {
        try TrainingRun<Model>(
          configuration, latents: latents, on: source, options: options, from: checkpoint)
      } else {
        try TrainingRun<Model>(configuration, latents: latents, on: source, options: options)
      }
    let rate = try TrainingLoop.finish(&run, checkpoints: checkpoints)
    let finished: any StorableAutoencoder = try run.finishedAutoencoder()
    var archive = finished.archive()
    archive.metadata["swift_sae_version"] = .string(libraryVersion)
    archive.metadata["training_tokens"] = .integer(run.trainer.tokens)
    archive.metadata["training_steps"] = .integer(run.trainer.step)
    archive.metadata["seed"] = .string("\(training.seed)")
    archive.metadata["activation_normalization"] = .string(training.normalization.rawValue)
    if training.normalization == .expectedAverageOnlyIn {
      archive.metadata["activation_scale"] = .double(run.scale)
      archive.metadata["mean_activation_norm"] = .double(
        Double(source.width).squareRoot() / run.scale)
    }
    if training.normalization.needsStatistics {
      archive.metadata["normalization_rows"] = .integer(
        min(training.normalizationRows, source.tokens))
    }
    for (key, value) in origin { archive.metadata[key] = value }
    try place.put(orInto: [checkpoints.folder.path]) { destination, replaces in
      try archive.write(to: destination, replacing: replaces)
    }
    try superseded?.replace(with: checkpoints.folder)
    try emit(
      "\(place.path): \(architecture.rawValue), \(source.width) → \(latents), "
        + "\(grouped(rate)) tokens/s with \(kernelName) kernels on \(Threads.count) threads")
  }
}

extension OutputPlace {
  /// Where a run writes its autoencoder.
  fileprivate convenience init(_ command: TrainCommand, checkpoint: String?) throws {
    let inputs =
      command.input.files.activations
      + [command.training.tokensFile, command.input.model.model]
      .compactMap { $0 } + [checkpoint].compactMap { $0 }
    try self.init(
      command.out ?? "", for: .autoencoder, force: command.overwriting.force, inputs: inputs)
  }
}
