import ArgumentParser
import Foundation
import SAECore
import SAEStudy

/// The options of a study; one that is not given is as the configuration file has it, or the default.
struct StudyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The language model, in Hugging Face's layout.", valueName: "directory"))
  var model: String?
  @Option(help: ArgumentHelp("The layer whose output is studied, from 0.", valueName: "number"))
  var layer: Int?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Tokens (npy) or texts of the domain to train on.", valueName: "file"))
  var domain: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Tokens or texts of broad text to train on.", valueName: "file"))
  var broad: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Tokens or texts of the domain to judge on (default: the last tenth of --domain, which is then not "
        + "trained on).", valueName: "file"))
  var heldOut: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Tokens or texts of broad text to judge on (default: the last tenth of --broad).",
      valueName: "file"))
  var heldOutBroad: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Activations of the domain, safetensors or npy, in the place of harvested ones: tokens × "
        + "width, row i of token i.", valueName: "file"))
  var domainActivations: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Activations of broad text in their place.", valueName: "file"))
  var broadActivations: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Activations of the domain to judge on in their place.", valueName: "file"))
  var heldOutActivations: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Activations of broad text to judge on in their place.", valueName: "file"))
  var heldOutBroadActivations: [String] = []

  @Option(
    help: ArgumentHelp(
      "Latents of the dictionaries, with commas (default: 1024,4096).", valueName: "counts"))
  var latents: NumberList?
  @Option(
    help: ArgumentHelp(
      "The variant to train, any but the transcoders (default: jumprelu).", valueName: "name"))
  var architecture: StudiedVariant?
  @Option(
    help: ArgumentHelp(
      "Targets for active latents per token; for gated, relu and prolu, coefficients (default: "
        + "16,32,64).",
      valueName: "numbers"))
  var sparsity: NumberList?
  @Option(
    help: ArgumentHelp("Trainings of each, from different seeds (default: 3).", valueName: "count"))
  var seeds: Int?
  @Option(
    help: ArgumentHelp(
      "The first seed; equal seeds give equal bits (default: 0).", valueName: "number"))
  var seed: UInt64?
  @Option(
    help: ArgumentHelp(
      "Latents of the domain autoencoder that boosts a broad one (default: a quarter of the broad "
        + "one's; 0 for no boosting).", valueName: "count"))
  var boosterLatents: Int?
  @Option(
    help: ArgumentHelp(
      "Different tokens that each arm may train on, at most (default: 1000000).",
      valueName: "count"))
  var streamTokens: Int?
  @Option(
    help: ArgumentHelp(
      "Tokens that each autoencoder is trained on (default: 4000000).", valueName: "count"))
  var trainingTokens: Int?
  @Option(help: ArgumentHelp("Tokens per step (default: 2048).", valueName: "count"))
  var batch: Int?
  @Option(
    name: .customLong("lr"),
    help: ArgumentHelp("Peak learning rate (default: the variant's own).", valueName: "rate"))
  var learningRate: Double?
  @Option(
    help: ArgumentHelp(
      "Tokens of each kind of text to judge on (default: 40000).", valueName: "count"))
  var heldOutTokens: Int?
  @Option(
    help: ArgumentHelp(
      "Tokens of each kind of text to measure the model's loss on; 0 for none (default: 20000).",
      valueName: "count"))
  var lossTokens: Int?
  @Option(
    help: ArgumentHelp(
      "Tokens of the stream per sequence that the model runs (default: 255).", valueName: "count"))
  var context: Int?
  @Option(
    help: ArgumentHelp(
      "Autoencoders that are trained in one pass; more take more memory and less time (default: 6).",
      valueName: "count"))
  var atATime: Int?
  @Flag(
    help: ArgumentHelp(
      "Leave out pieces of activations that have a row with NaN or infinity; without this they are an "
        + "error."))
  var skipNonfinite = false
  @OptionGroup var origins: OriginOptions
  @Option(
    help: ArgumentHelp(
      "A program that judges the latents on the page, as for sae inspect; you may also add it when a "
        + "study is done.", valueName: "command"))
  var judge: String?
  @Option(
    help: ArgumentHelp(
      "Latents to judge of each dictionary on the page, at most (default: 100).",
      valueName: "count"))
  var judgeLatents: Int?
  @Option(
    help: ArgumentHelp(
      "Seconds to wait for an answer of the judge (default: 120).", valueName: "seconds"))
  var judgeSeconds: Double?

  /// Puts given options in the place of a configuration's settings.
  func apply(to configuration: inout StudyConfiguration) throws {
    func set<Value>(_ value: Value?, _ path: WritableKeyPath<StudyConfiguration, Value>) {
      if let value { configuration[keyPath: path] = value }
    }
    func set<Value>(_ value: Value?, _ path: WritableKeyPath<StudyConfiguration, Value?>) {
      if let value { configuration[keyPath: path] = value }
    }
    func files(_ value: [String], _ path: WritableKeyPath<StudyConfiguration, [String]>) {
      if !value.isEmpty { configuration[keyPath: path] = value }
    }
    set(model, \.model)
    set(layer, \.layer)
    files(domain, \.domain)
    files(broad, \.broad)
    files(heldOut, \.heldOut)
    files(heldOutBroad, \.heldOutBroad)
    files(domainActivations, \.domainActivations)
    files(broadActivations, \.broadActivations)
    files(heldOutActivations, \.heldOutActivations)
    files(heldOutBroadActivations, \.heldOutBroadActivations)
    set(try latents?.counts("--latents"), \.latents)
    set(architecture?.variant, \.architecture)
    set(sparsity?.numbers, \.sparsity)
    set(seeds, \.seeds)
    set(seed, \.seed)
    set(boosterLatents, \.boosterLatents)
    set(streamTokens, \.streamTokens)
    set(trainingTokens, \.trainingTokens)
    set(batch, \.batch)
    set(learningRate, \.learningRate)
    set(heldOutTokens, \.heldOutTokens)
    set(lossTokens, \.lossTokens)
    set(context, \.context)
    set(atATime, \.atATime)
    set(skipNonfinite ? true : nil, \.skipNonfinite)
    set(origins.allowMismatch ? true : nil, \.allowMismatch)
    set(judge, \.judge)
    set(judgeLatents, \.judgeLatents)
    set(judgeSeconds, \.judgeSeconds)
  }
}

/// A variant by its name; the help lists those that a study trains.
struct StudiedVariant: ExpressibleByArgument {
  let variant: Variant

  init?(argument: String) {
    guard let variant = Variant(argument: argument) else { return nil }
    self.variant = variant
  }

  static var allValueStrings: [String] {
    Variant.allCases.filter { !$0.takesTargets }.map(\.name)
  }
}

/// Numbers with commas between.
struct NumberList: ExpressibleByArgument {
  let numbers: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Double($0.filter { !$0.isWhitespace }) }
    guard !numbers.isEmpty, numbers.count == parts.count else { return nil }
    self.numbers = numbers
  }

  func counts(_ option: String) throws -> [Int] {
    try numbers.map { number in
      guard let count = Int(exactly: number) else {
        throw ValidationError("\(option): expected whole numbers, found \(number)")
      }
      return count
    }
  }
}

struct StudyCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Trains autoencoders on a domain and on broad text and reports how they compare.",
    discussion: """
      Harvests activations of a model (or takes files of them), trains a grid of autoencoders on \
      each kind of text with equal budgets, judges all of them on held-out text, and writes the \
      autoencoders, their logs, results.json and report/index.html, one page that needs nothing else.

      After an interruption or a kill, the same command goes on with the study, to the same results; \
      --out alone is enough. SIGINT and SIGTERM end it at the next step with a checkpoint of the \
      trainings; a second signal ends it at once. There is no --force: the command goes on with the \
      study in the directory, and refuses a study with other settings there.

      --demo studies an embedded synthetic world and needs no file.
      """)

  @Flag(help: "Study an embedded world with known features, in a minute or two on two cores.")
  var demo = false
  @Option(
    help: ArgumentHelp(
      "A JSON file with the options' names as keys; options on the command line override it.",
      valueName: "file"))
  var config: String?
  @OptionGroup var options: StudyOptions
  @Option(
    help: ArgumentHelp(
      "Steps of a training from one checkpoint to the next (default: one is written every minute).",
      valueName: "steps"))
  var checkpointEvery: Int?
  @Option(
    help: ArgumentHelp(
      "The study's directory (default for --demo: sae-demo).", valueName: "directory"))
  var out: String?

  func run() throws {
    let facts = try facts()
    guard let out = facts.out else {
      throw ValidationError("--out: expected the study's directory, found none")
    }
    let inputs = facts.configuration
    try OutputPlace.check(
      out,
      isOutside: [inputs.model].compactMap { $0 } + inputs.domain + inputs.broad + inputs.heldOut
        + inputs.heldOutBroad + inputs.domainActivations + inputs.broadActivations
        + inputs.heldOutActivations + inputs.heldOutBroadActivations)
    var study: Study
    do {
      study =
        demo
        ? try Study(demo: facts.configuration, directory: out)
        : try Study(facts.configuration, directory: out)
    } catch {
      throw UsageError("\(error)")
    }
    study.checkpointSteps = checkpointEvery
    try StudyPrinting.run(study, command: "sae study\(demo ? " --demo" : "") --out \(out)")
  }
}

/// The short name of `study --demo`.
struct DemoCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Studies a synthetic world with known features: the short name of study --demo.",
    discussion: """
      Needs no file and takes a minute or two on two cores. The page that it writes looks like that \
      of a study of a real model.
      """)

  @Option(help: ArgumentHelp("Equal seeds give equal bits.", valueName: "number"))
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("The directory to write.", valueName: "directory"))
  var out = "sae-demo"

  static var rules: [OptionRule<DemoCommand>] {
    [OptionRule("seed", .seed), OptionRule("out")]
  }

  func plan() -> StudyCommand.Plan {
    StudyCommand.Plan(
      study: StudyConfiguration.demo(seed: seed).plan(isDemo: true), checkpointEvery: nil, out: out)
  }

  func run() throws {
    try StudyPrinting.run(
      try Study(demo: .demo(seed: seed), directory: out), command: "sae study --demo --out \(out)")
  }
}
