import ArgumentParser
import Foundation
import SAECore
import SAEModels
import SAEStudy

struct GenerateCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Continues a text with a language model, with latents turned up or down.",
    discussion: """
      Without --temperature each token is the most probable one. Autoencoders are those that the edits \
      name, at the places that their files name, and several may be at work at once: --steer \
      my-sae:12=4.5 other:7=2. The output is the ids of the tokens, and their text where the model has a \
      tokenizer.json.
      """)

  @Option(
    help: ArgumentHelp(
      "A model's directory in Hugging Face's layout: config.json and safetensors.",
      valueName: "directory"))
  var model: String
  @Option(
    help: ArgumentHelp(
      "The prompt's token ids with commas between, with the beginning-of-sequence token if there should "
        + "be one.", valueName: "ids"))
  var promptTokens: TokenList
  @Option(help: ArgumentHelp("Tokens at most.", valueName: "count")) var count = 64
  @Option(
    help: ArgumentHelp(
      "Draw tokens at random, with logits divided by this number.", valueName: "number"))
  var temperature: Double?
  @Option(
    name: .customLong("top-p"),
    help: ArgumentHelp(
      "Draw from the most probable tokens that together have this probability (default: 1).",
      valueName: "probability"))
  var givenTopP: Double?
  @Option(
    name: .customLong("seed"),
    help: ArgumentHelp("Seed of the draws (default: 0).", valueName: "number"))
  var givenSeed: UInt64?
  @Option(
    help: ArgumentHelp(
      "Ids of tokens that end the text, with commas between, or none (default: those of config.json).",
      valueName: "ids"))
  var stop: StopTokens?
  @OptionGroup var steering: SteeringOptions
  @OptionGroup var opening: AutoencoderOptions
  @Flag(help: "Print one JSON object instead of lines.") var json = false

  static var rules: [OptionRule<GenerateCommand>] {
    func drawing(_ rule: OptionRule<GenerateCommand>) -> OptionRule<GenerateCommand> {
      rule.needs("--temperature") { $0.temperature != nil }
    }
    let own: [OptionRule<GenerateCommand>] = [
      OptionRule("model"),
      OptionRule("prompt-tokens", .text("token ids with commas between", TokenList.self)),
      OptionRule("count", .count(1...Int(Int32.max))),
      OptionRule("temperature", .positive(upTo: 1e6)),
      drawing(OptionRule("top-p", .positive(upTo: 1))), drawing(OptionRule("seed", .seed)),
      OptionRule("stop", .text("token ids with commas between, or none", StopTokens.self)),
      OptionRule("json"),
    ]
    return own + SteeringOptions.rules.map { $0.of(\.steering) }
      + AutoencoderOptions.rules.map { rule in
        rule.of(\.opening).needs("--steer, --clamp or --scale") { !$0.steering.edits.isEmpty }
      }
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let model: String
    let prompt: [UInt32]
    let count: Int
    let temperature: Double?
    let topP: Double?
    let seed: UInt64?
    let stops: [UInt32]?
    let steering: SteeringOptions.Plan
    let activationScale: Double?
    let json: Bool
  }

  func plan() -> Plan {
    Plan(
      model: model, prompt: promptTokens.ids, count: count, temperature: temperature,
      topP: temperature == nil ? nil : givenTopP, seed: temperature == nil ? nil : givenSeed,
      stops: stop?.ids.sorted(), steering: steering.plan(),
      activationScale: steering.edits.isEmpty ? nil : opening.activationScale, json: json)
  }

  /// The output, as JSON.
  struct Report: Encodable {
    let model: String
    let promptTokens: [UInt32]
    let tokens: [UInt32]
    let text: String?
  }

  func run() throws {
    Interruption.listen()
    let opened = try opening.open(steering.paths)
    let origins = opened.reduce(into: OriginCheck()) { $0.add($1.path, $1.activationOrigin) }
    let model = try LanguageModels.load(
      self.model, options: ModelOptions(matching: origins.common))
    let interventions = try steering.interventions(opened, in: model)
    let sampling: Sampling =
      temperature.map {
        .random(temperature: $0, topP: givenTopP ?? 1, seed: givenSeed ?? 0)
      } ?? .greedy
    let tokens: [UInt32]
    do {
      tokens = try model.generate(
        promptTokens.ids,
        options: GenerationOptions(count: count, sampling: sampling, stops: stop?.ids),
        interventions: interventions
      ) { _ in try Interruption.stopIfAsked() }
    } catch ModelError.tokenOutsideVocabulary(_, let position, let size, let found) {
      throw UsageError(
        "--prompt-tokens: expected ids below \(size), found \(found) at position \(position)")
    } catch ModelError.sequenceTooLong(_, let expected, let found) {
      throw UsageError(
        "--count: expected at most \(expected) positions with the prompt's, found \(found)")
    }
    let file = "\(self.model)/tokenizer.json"
    let text =
      FileManager.default.fileExists(atPath: file)
      ? try TokenTexts(file: file).texts(tokens.map { Int($0) }).joined() : nil
    if json {
      try emit(
        jsonText(
          Report(
            model: model.name, promptTokens: promptTokens.ids, tokens: tokens, text: text)))
    } else {
      try emit(
        tokens.map(String.init).joined(separator: ",") + (text.map { "\n" + oneLine($0) } ?? ""))
    }
  }
}

/// Token ids with commas between, in their order.
struct TokenList: ExpressibleByArgument {
  let ids: [UInt32]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    ids = parts.compactMap { UInt32($0.filter { !$0.isWhitespace }) }
    guard !ids.isEmpty, ids.count == parts.count else { return nil }
  }
}

/// The argument of `--stop`.
struct StopTokens: ExpressibleByArgument {
  let ids: Set<UInt32>

  init?(argument: String) {
    guard argument != "none" else {
      ids = []
      return
    }
    guard let list = TokenList(argument: argument) else { return nil }
    ids = Set(list.ids)
  }
}
