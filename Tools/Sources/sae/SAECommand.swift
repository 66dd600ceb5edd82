import ArgumentParser

@main
struct SAECommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sae",
    abstract: "Trains, runs and judges sparse autoencoders on activations of language models.",
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, CompareCommand.self, EncodeCommand.self,
      ConvertCommand.self, InfoCommand.self, HarvestCommand.self, LossRecoveredCommand.self,
      StudyCommand.self, InspectCommand.self, DemoCommand.self,
    ])
}
