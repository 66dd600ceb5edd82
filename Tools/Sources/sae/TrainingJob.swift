import ArgumentParser
import Foundation
import SAECore

/// A training run as the command makes it, from its beginning or from a checkpoint, to the directory
/// that it writes.
struct TrainingJob {
  private let variant: Variant
  private let latents: Int
  private let training: TrainingRunOptions
  private let input: TrainingActivations
  private let options: TrainingOptions
  private let place: OutputPlace
  private let checkpoints: RunCheckpoints
  /// The checkpoints of an earlier run, which are removed when this one's result is complete.
  private let superseded: CheckpointFolder?
  private let checkpoint: TrainingCheckpoint?

  /// A run from its beginning.
  init(_ command: TrainCommand) throws {
    let place = try OutputPlace(command, checkpoint: nil)
    try Self.checkNames(place)
    let folder = try Self.emptyFolder(for: place, command)
    let input = try command.input.open(tokens: command.training.tokensFile)
    try self.init(command, place, input: input, folder: folder, from: nil)
  }

  /// A run that goes on.
  ///
  /// - Parameters:
  ///   - began: the options that the run began with.
  ///   - command: the options that it is resumed with. Places of files and times of checkpoints may
  ///     change; all other options must be the same.
  init(
    _ began: TrainCommand, resumedWith command: TrainCommand, _ checkpoint: TrainingCheckpoint,
    folder: String
  ) throws {
    var effective = began
    effective.input = try began.input.resumed(with: command.input)
    if let file = command.training.tokensFile { effective.training.tokens = [.file(file)] }
    try effective.input.check(tokens: effective.training.tokensFile, effective.architecture)
    effective.out = command.out ?? began.out
    effective.overwriting.force = command.overwriting.force
    effective.checkpointing.checkpointEvery =
      command.checkpointing.checkpointEvery ?? began.checkpointing.checkpointEvery
    effective.checkpointing.keepCheckpoints =
      command.checkpointing.keepCheckpoints ?? began.checkpointing.keepCheckpoints
    try RecordedOptions.check(
      "architecture", command.givenArchitecture, began.givenArchitecture)
    try RecordedOptions.check("latents", command.latents, began.latents)
    let input = try effective.input.open(tokens: effective.training.tokensFile)
    try command.training.check(against: began.training, sourceTokens: input.source.tokens)
    let place = try OutputPlace(effective, checkpoint: folder)
    try Self.checkNames(place)
    try self.init(
      effective, place, input: input,
      folder: Self.folder(for: place, effective, goingOnFrom: checkpoint, in: folder),
      from: checkpoint)
  }

  /// The folder of a run's checkpoints, named after its result.
  private static let checkpoints = ".checkpoints"
  /// The folder of the checkpoints of a run that is to replace another, until it has done so.
  private static let replacement = ".checkpoints.new"

  /// Throws where a name that the run may need is longer than the disk or the system allows.
  private static func checkNames(_ place: OutputPlace) throws {
    // The longest in the folder, and room for what is in a checkpoint while it is written.
    try place.checkRoom(forSuffix: replacement, below: 120)
  }

  /// The folder of checkpoints of a run that has none yet.
  private static func emptyFolder(
    for place: OutputPlace, _ command: TrainCommand
  ) throws -> CheckpointFolder {
    let kept = command.checkpointing.keepCheckpoints ?? 2
    var folder = try CheckpointFolder("\(place.path)\(checkpoints)", keeping: kept)
    guard let found = folder.checkpoints.last else { return folder }
    guard command.overwriting.force else {
      throw ToolError(
        "\(folder.path): expected no checkpoints of another run, found \(found); --resume goes on "
          + "with it, --force replaces it")
    }
    folder = try CheckpointFolder("\(place.path)\(replacement)", keeping: kept)
    if let found = folder.checkpoints.last {
      throw ToolError(
        "\(folder.path): expected no checkpoints of another run that is to replace \(place.path), "
          + "found \(found); --resume goes on with it, or remove them")
    }
    return folder
  }

  /// The folder of checkpoints of a run that goes on: where it went on before, its own; at another
  /// place it is a branch, and leaves the checkpoints that it began from as they are.
  private static func folder(
    for place: OutputPlace, _ command: TrainCommand, goingOnFrom checkpoint: TrainingCheckpoint,
    in current: String
  ) throws -> CheckpointFolder {
    let real = URL(fileURLWithPath: current).resolvingSymlinksInPath().path
    guard [checkpoints, replacement].contains(where: { real == "\(place.path)\($0)" }) else {
      return try emptyFolder(for: place, command)
    }
    let folder = try CheckpointFolder(
      real, keeping: command.checkpointing.keepCheckpoints ?? 2)
    let later = folder.checkpoints.filter { path in
      CheckpointFolder.step(of: path).map { $0 > checkpoint.step } ?? false
    }
    if let last = later.last {
      guard command.overwriting.force else {
        throw ToolError(
          "\(checkpoint.name): expected the last checkpoint of the run, found \(last) after it; "
            + "--resume \(last) goes on from there, another --out makes a branch, --force goes through "
            + "these steps again and replaces what is after it")
      }
    }
    return folder
  }

  private init(
    _ command: TrainCommand, _ place: OutputPlace, input: TrainingActivations,
    folder: CheckpointFolder, from checkpoint: TrainingCheckpoint?
  ) throws {
    self.place = place
    superseded =
      folder.path == "\(place.path)\(Self.replacement)"
      ? try CheckpointFolder("\(place.path)\(Self.checkpoints)") : nil
    // Before the run, since both become one folder when its result is complete.
    for folder in [folder] + (superseded.map { [$0] } ?? []) {
      guard let foreign = try folder.foreignEntry() else { continue }
      throw ToolError(
        "\(folder.path): expected checkpoints of a run and nothing else, found \(foreign); move it, or "
          + "name another --out")
    }
    self.input = input
    self.checkpoint = checkpoint
    variant = command.architecture
    latents = command.latents ?? 0
    training = command.training
    options = try training.options(sourceTokens: input.source.tokens)
    let arguments =
      command.input.recorded + argument("architecture", variant.name)
      + argument("latents", latents) + training.recorded(options)
      + command.checkpointing.recorded + argument("out", place.path)
    checkpoints = RunCheckpoints(
      folder: folder, every: command.checkpointing.checkpointEvery, arguments: arguments,
      resumed: checkpoint?.name)
    if let checkpoint, !checkpoint.knowsActivations {
      StandardError.write(
        "note: \(oneLine(checkpoint.name)) is of a version that recorded only the number of activations, so "
          + "nothing checks that they are the same")
    }
  }

  func run() throws { try train(variant.training) }

  /// Trains a variant and writes it.
  private func train<Trained: TrainedVariant>(_ trained: Trained) throws {
    let configuration = try Variant.configuration(
      trained, training, latents: latents, steps: options.steps)
    let (source, targets) = (input.source, input.targets)
    func begin() throws -> TrainingRun<Trained.Model> {
      if let checkpoint { return try TrainingRun(from: checkpoint, on: source, targets: targets) }
      return try TrainingRun(
        configuration, latentCount: latents, on: source, targets: targets, options: options)
    }
    var (run, checkpoints) = (try begin(), checkpoints)
    let rate = try TrainingLoop.finish(&run, checkpoints: &checkpoints, beginning: begin)
    let finished: any StorableAutoencoder = try run.autoencoder()
    var archive = finished.archive()
    archive.metadata["swift_sae_version"] = .string(libraryVersion)
    archive.metadata["training_tokens"] = .integer(run.trainer.tokens)
    archive.metadata["training_steps"] = .integer(run.trainer.step)
    archive.metadata["seed"] = .string("\(training.seed)")
    archive.metadata["activation_normalization"] = .string(training.normalization.rawValue)
    if let norm = run.scaling.meanNorm(width: archive.inputDimension, training.normalization) {
      archive.metadata["activation_scale"] = .double(run.scale)
      archive.metadata["mean_activation_norm"] = .double(norm)
    }
    if training.normalization.needsStatistics {
      archive.metadata["normalization_rows"] = .integer(
        min(training.normalizationRows, source.tokens))
    }
    archive.setActivationOrigin(input.origin)
    for (key, value) in input.metadata { archive.metadata[key] = value }
    try place.put(orInto: [checkpoints.folder.path]) { destination, replaces in
      try archive.write(to: destination, replacing: replaces)
    }
    checkpoints.removeUnasked()
    try superseded?.replace(with: checkpoints.folder)
    let leftOut = (input.leftOut?.rows ?? []).map { "\($0.name): \($0.value)\n" }.joined()
    try emit(
      mismatchLines(input.mismatches) + leftOut
        + "\(oneLine(place.path)): \(variant.name), \(archive.inputDimension) → \(latents), "
        + "\(grouped(rate)) tokens/s with \(kernelName) kernels on \(Threads.count) threads")
  }
}

extension OutputPlace {
  /// Where a run writes its autoencoder.
  fileprivate convenience init(_ command: TrainCommand, checkpoint: String?) throws {
    let inputs =
      command.input.files.activations + command.input.targets
      + [command.training.tokensFile, command.input.model.model]
      .compactMap { $0 } + [checkpoint].compactMap { $0 }
    try self.init(
      command.out ?? "", for: .autoencoder, force: command.overwriting.force, inputs: inputs)
  }
}

extension ActivationScaling {
  /// The mean norm of the activations that a scale to a mean norm of √width was fitted to; nearly that
  /// where their mean was subtracted.
  fileprivate func meanNorm(width: Int, _ normalization: ActivationNormalization) -> Double? {
    let length = Double(width).squareRoot()
    switch (normalization, self) {
    case (.expectedAverageOnlyIn, .factor(let factor)): return length / factor
    case (.centered, .centered(let factor, let center)):
      let distance = length / factor
      let mean = center.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return (distance * distance + mean * mean).squareRoot()
    default: return nil
    }
  }
}
