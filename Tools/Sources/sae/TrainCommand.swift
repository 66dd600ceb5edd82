import ArgumentParser
import Foundation
import SAECore

struct TrainCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a sparse autoencoder on files of activations, or on those of a model.",
    discussion: """
      With --model the model runs on the file of tokens while the autoencoder trains, and \
      activations are not stored. The result is a directory in SAELens' layout, and works on \
      activations as the files or the model have them. Rows are shuffled and normalized: by default, \
      training subtracts a large mean and scales to a mean distance of √width from it. Losses are \
      those of normalized activations. Each epoch sees each row once. Batch and steps follow from \
      the number of rows.

      SIGINT, SIGTERM and SIGHUP end the run after its step with a checkpoint, from which --resume goes \
      on to the same bits; a second SIGINT or SIGTERM ends it at once.
      """)

  @OptionGroup var input: TrainingSource
  @Option(
    name: .customLong("architecture"),
    help: ArgumentHelp("The variant to train (default: topk).", valueName: "name"))
  var givenArchitecture: Variant?
  @Option(help: ArgumentHelp("Latents of the dictionary.", valueName: "count"))
  var latents: Int?
  @OptionGroup var training: TrainingRunOptions
  @OptionGroup var checkpointing: CheckpointOptions
  @Option(help: ArgumentHelp("The directory to write.", valueName: "directory"))
  var out: String?
  @OptionGroup var overwriting: ForceOption

  func validate() throws {
    guard checkpointing.resume == nil else { return }
    try input.check(tokens: training.tokensFile, architecture)
    guard latents != nil else { throw ValidationError("--latents: expected a number, found none") }
    guard out != nil else { throw ValidationError("--out: expected a directory, found none") }
  }

  func run() throws {
    Interruption.listen()
    // The options are kept with checkpoints, with all paths from the root.
    try SAECommand.checkWorkingDirectory()
    if let path = checkpointing.resume {
      let (checkpoint, folder) = try CheckpointOptions.find(path)
      let began = try TrainCommand.parse(RecordedOptions.arguments(of: checkpoint))
      let job = try TrainingJob(began, resumedWith: self, checkpoint, folder: folder)
      try job.run()
    } else {
      try TrainingJob(self).run()
    }
  }
}
