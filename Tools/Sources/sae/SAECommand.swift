import ArgumentParser
import SAECore

@main
struct SAECommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sae",
    abstract: "Trains, runs and judges sparse autoencoders on activations of language models.",
    discussion: """
      To see results without a file of your own, run sae demo. Options that take several values take \
      them one after another: --sae first second. For completions, run \
      eval "$(sae --generate-completion-script bash)", or zsh, or fish.
      """,
    version: libraryVersion,
    groupedSubcommands: [
      CommandGroup(name: "Study", subcommands: [DemoCommand.self, StudyCommand.self]),
      CommandGroup(
        name: "Autoencoder",
        subcommands: [
          TrainCommand.self, EvaluateCommand.self, CompareCommand.self, EncodeCommand.self,
          ConvertCommand.self, InfoCommand.self,
        ]),
      CommandGroup(
        name: "Language model",
        subcommands: [
          TokenizeCommand.self, HarvestCommand.self, LossRecoveredCommand.self, InspectCommand.self,
          GenerateCommand.self,
        ]),
    ])
}
