import ArgumentParser
import Foundation
import SAECore

/// The options of a training run, shared by the commands that train.
struct TrainingRunOptions: ParsableArguments {
  @Option(help: "Latents active on a token; for batchtopk, matryoshka and jumprelu on average.")
  var k = 32
  @Option(
    help: ArgumentHelp(
      "What the sparsity loss of gated and relu is multiplied by (default: 4, 5); for jumprelu, trains "
        + "with the tanh loss times this instead of towards k.",
      valueName: "coefficient"))
  var sparsity: Double?
  @Option(help: "Steps to train for.") var steps: Int?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A whole number: tokens to train for, instead of steps. Else, with --model, the NumPy file of "
        + "tokens to run it on.", valueName: "count or file"))
  var tokens: [TokensArgument] = []
  @Option(help: "Tokens a step.") var batch = 4096
  @Option(
    name: .customLong("lr"),
    help: ArgumentHelp(
      "Peak learning rate (default: 2e-4 / √(latents / 16384)).", valueName: "rate"))
  var learningRate: Double?
  @Option(help: "Steps over which the learning rate rises (default: a twentieth of all).")
  var warmUp: Int?
  @Option(help: "Steps at the end over which it falls to 0 (default: a fifth of all).")
  var decay: Int?
  @Option(help: "Equal seeds give equal bits.") var seed: UInt64 = 0

  func validate() throws {
    let counts = tokens.compactMap(\.count)
    guard counts.count <= 1, tokens.count - counts.count <= 1 else {
      throw ValidationError("--tokens: expected one number and one file at most")
    }
    if steps != nil, !counts.isEmpty {
      throw ValidationError("expected --steps or --tokens, found both")
    }
    for (name, value) in [("steps", steps), ("tokens", counts.first), ("batch", batch), ("k", k)] {
      if let value, value < 1 {
        throw ValidationError("--\(name): expected a positive number, found \(value)")
      }
    }
    for (name, value) in [("warm-up", warmUp), ("decay", decay)] {
      if let value, value < 0 {
        throw ValidationError("--\(name): expected 0 or more steps, found \(value)")
      }
    }
    if let sparsity, !(sparsity.isFinite && sparsity >= 0) {
      throw ValidationError("--sparsity: expected a number of at least 0, found \(sparsity)")
    }
    if let learningRate, !(learningRate.isFinite && learningRate > 0) {
      throw ValidationError("--lr: expected a positive number, found \(learningRate)")
    }
  }

  /// The file of tokens for a model.
  var tokensFile: String? { tokens.lazy.compactMap(\.file).first }

  /// The options of the library for a source of so many tokens: without a length, ten epochs.
  func options(sourceTokens: Int) -> TrainingOptions {
    let count =
      steps ?? max(1, (tokens.lazy.compactMap(\.count).first ?? 10 * sourceTokens) / batch)
    var options = TrainingOptions(steps: count)
    options.batchTokens = batch
    options.learningRate = learningRate
    options.warmUpSteps = warmUp
    options.decaySteps = decay
    options.seed = seed
    return options
  }
}

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a sparse autoencoder on files of activations, or on a model's.",
    discussion: """
      With --model the model runs on the file of tokens while the autoencoder trains, and \
      activations are not stored. The result is a directory in SAELens' layout, for activations as the files or the model have them. Rows \
      are shuffled, scaled to a mean norm of √width, and each is seen once an epoch.
      """)

  @OptionGroup var input: TrainingSource
  @Option(help: "The variant to train.") var architecture = Architecture.topk
  @Option(help: "Latents of the dictionary.") var latents: Int
  @OptionGroup var training: TrainingRunOptions
  @Option(
    help: ArgumentHelp(
      "The directory to write, which must not exist or be empty.", valueName: "directory"))
  var out: String
  @Flag(help: "Let the new directory take the place of an old one.") var force = false

  func validate() throws { try input.check(tokens: training.tokensFile) }

  func run() throws {
    guard latents > 0 else {
      throw ValidationError("--latents: expected a positive number, found \(latents)")
    }
    try OutputDirectory.check(out, replacing: force)
    let source = try input.source(tokens: training.tokensFile)
    let options = training.options(sourceTokens: source.tokens)
    switch architecture {
    case .topk:
      try train(TopKAutoencoder.self, TopKConfiguration(k: training.k), source, options)
    case .batchtopk:
      try train(
        BatchTopKAutoencoder.self, BatchTopKConfiguration(k: Double(training.k)), source, options)
    case .matryoshka:
      try train(
        MatryoshkaAutoencoder.self, MatryoshkaConfiguration(k: Double(training.k)), source, options
      )
    case .jumprelu:
      // Held at k latents a token, unless a coefficient is given for the tanh loss.
      let configuration =
        try training.sparsity.map {
          JumpReLUConfiguration(
            coefficient: try CoefficientSchedule(finalValue: $0, warmUpSteps: options.steps))
        } ?? .controlledL0(Double(training.k))
      try train(JumpReLUAutoencoder.self, configuration, source, options)
    case .gated:
      let configuration = GatedConfiguration(
        coefficient: try CoefficientSchedule(
          finalValue: training.sparsity ?? 4, warmUpSteps: options.steps / 4))
      try train(GatedAutoencoder.self, configuration, source, options)
    case .relu:
      let configuration = ReLUConfiguration(
        coefficient: try CoefficientSchedule(
          finalValue: training.sparsity ?? 5, warmUpSteps: options.steps / 20))
      try train(ReLUAutoencoder.self, configuration, source, options)
    }
  }

  /// Trains a variant and writes it.
  private func train<Model: TrainableAutoencoder & StorableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, _ source: any ActivationSource,
    _ options: TrainingOptions
  ) throws {
    var run = try TrainingRun<Model>(
      configuration, latents: latents, on: source, options: options)
    let rate = try TrainingLoop.finish(&run)
    var archive = try run.finished().archive()
    archive.metadata["swift_sae_version"] = .string(libraryVersion)
    archive.metadata["training_tokens"] = .integer(run.trainer.tokens)
    archive.metadata["training_steps"] = .integer(run.trainer.step)
    archive.metadata["seed"] = .string("\(training.seed)")
    archive.metadata["activation_scale"] = .double(run.scale)
    for (key, value) in try input.metadata(tokens: training.tokensFile) {
      archive.metadata[key] = value
    }
    try archive.write(to: out, replacing: force)
    print(
      "\(out): \(architecture.rawValue), \(source.width) → \(latents), "
        + "\(grouped(rate)) tokens/s with \(kernelName) kernels on \(Threads.count) threads")
  }
}

/// The variants that can be trained.
enum Architecture: String, ExpressibleByArgument, CaseIterable {
  case topk
  case batchtopk
  case matryoshka
  case jumprelu
  case gated
  case relu
}

/// Whether a directory can be written, told before hours of work and not after.
enum OutputDirectory {
  static func check(_ path: String, replacing: Bool) throws {
    let manager = FileManager.default
    var isDirectory: ObjCBool = false
    if manager.fileExists(atPath: path, isDirectory: &isDirectory) {
      guard isDirectory.boolValue else {
        throw ToolError("\(path): expected a directory, found a file")
      }
      let names = (try? manager.contentsOfDirectory(atPath: path)) ?? []
      guard names.isEmpty || replacing else {
        throw ToolError(
          "\(path): expected no such directory, or an empty one, found \(names.count) files; "
            + "--force replaces it")
      }
    }
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard manager.isWritableFile(atPath: parent) else {
      throw ToolError(
        "\(path): expected a directory to write it into, found none that may be written at "
          + parent)
    }
  }
}

/// Runs a training run to its end and tells how it goes.
enum TrainingLoop {
  /// Makes all steps; returns the tokens trained on a second.
  static func finish<Model>(_ run: inout TrainingRun<Model>) throws -> Double {
    var progress = Progress(total: run.options.steps)
    while let report = try run.step() {
      guard progress.isDue(report.step) else { continue }
      let rate = Double(report.tokens) / max(progress.elapsed, 1e-9)
      progress.show(
        report.step,
        "loss \(fixed(report.loss, 3))  FVE \(fixed(report.fractionOfVarianceExplained, 4))  "
          + "L0 \(fixed(report.l0, 1))  dead \(report.deadCount)  \(grouped(rate)) tokens/s")
    }
    return Double(run.trainer.tokens) / max(progress.elapsed, 1e-9)
  }
}
