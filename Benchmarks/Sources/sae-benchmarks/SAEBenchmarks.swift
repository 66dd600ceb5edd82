import ArgumentParser

@main
struct SAEBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sae-benchmarks",
    abstract: "Measures how fast the library is on this machine.",
    discussion: """
      Figures are medians over rounds that alternate between what is compared. Beside PyTorch's \
      libraries: Benchmarks/peers/run.sh.
      """,
    subcommands: [
      GEMMCommand.self, TrainCommand.self, EncodeCommand.self, QualityCommand.self,
      RecoveryCommand.self, MetricsCommand.self, JudgingCommand.self, HarvestCommand.self,
      TokenizeCommand.self, StreamCommand.self, WorkerCommand.self,
    ])
}
