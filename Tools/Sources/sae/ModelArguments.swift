import ArgumentParser
import SAEModels

/// The options that name a model, a place in it, and how a stream of tokens is run through it; shared
/// by the commands that run a model.
struct ModelArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A model's directory in Hugging Face's layout: config.json and safetensors.",
      valueName: "directory"))
  var model: String?
  @Option(
    help: ArgumentHelp(
      "The layer behind which activations are taken, counted from 0.", valueName: "number"))
  var layer: Int?
  @Option(
    help: ArgumentHelp(
      "The place instead of a layer: blocks.N.hook_resid_pre or blocks.N.hook_resid_post.",
      valueName: "name"))
  var hook: String?
  @Option(
    name: .customLong("context"),
    help: ArgumentHelp("Tokens of the stream in a sequence (default: 255).", valueName: "count"))
  var givenContext: Int?
  @Option(
    help: ArgumentHelp(
      "What stands before each sequence: a token's id, or none (default: the beginning-of-sequence "
        + "token of config.json).", valueName: "id"))
  var bos: BeginningOfSequence?
  @Flag(help: "Take the activation of the beginning-of-sequence token as well.") var keepBos = false
  @Option(
    name: .customLong("sequences"),
    help: ArgumentHelp("Sequences that run at a time (default: 16).", valueName: "count"))
  var givenSequences: Int?
  @Option(help: ArgumentHelp("Use the first tokens of the file alone.", valueName: "count"))
  var maxTokens: Int?
  @Option(
    help: ArgumentHelp(
      "Precision of the frequencies of rotary positions (default: bfloat16 where config.json names "
        + "that type, else float32).", valueName: "type"))
  var rotaryFrequencies: RotaryFrequencies?

  var context: Int { givenContext ?? 255 }
  var sequences: Int { givenSequences ?? 16 }

  func validate() throws {
    if layer != nil, hook != nil {
      throw ValidationError("expected --layer or --hook, found both")
    }
    if let layer, layer < 0 || layer == .max {
      throw ValidationError("--layer: expected a layer counted from 0, found \(layer)")
    }
    if let maxTokens, maxTokens < 1 {
      throw ValidationError("--max-tokens: expected a positive number, found \(maxTokens)")
    }
  }

  /// The model's directory.
  func directory() throws -> String {
    guard let model else { throw ValidationError("--model: expected a directory, found none") }
    return model
  }

  /// The place that is named.
  func place() throws -> HookPoint {
    if let layer { return .residPost(layer) }
    guard let hook else { throw ValidationError("expected --layer or --hook, found neither") }
    return try HookPoint(hook)
  }

  /// Reads the model.
  ///
  /// - Parameter layers: how many of its layers; nil: all.
  func load(layers: Int? = nil) throws -> any LanguageModel {
    try LanguageModels.load(
      directory(), options: ModelOptions(layers: layers, rotaryFrequencies: rotaryFrequencies))
  }

  /// A file's tokens, as many as are wanted.
  func stream(_ path: String) throws -> TokenStream {
    let all = try TokenStream(npy: path)
    let count = min(all.count, maxTokens ?? all.count)
    guard count > 0 else {
      throw ToolError("\(path): expected at least one token, found none")
    }
    return all[0..<count]
  }

  var pieces: PieceOptions {
    PieceOptions(
      context: context, prefix: bos?.prefix ?? .beginningOfSequence, keepsPrefix: keepBos,
      sequencesPerBatch: sequences)
  }

  /// The options as arguments that mean the same in any working directory.
  var recorded: [String] {
    argument("model", model.map { absolute($0) }) + argument("layer", layer)
      + argument("hook", hook) + argument("context", context)
      + argument("bos", bos?.argument) + (keepBos ? ["--keep-bos"] : [])
      + argument("sequences", sequences) + argument("max-tokens", maxTokens)
      + argument("rotary-frequencies", rotaryFrequencies?.rawValue)
  }

  /// Throws if an option is given that differs from those a run began with; where the model is and
  /// how many sequences run at a time changes nothing.
  func check(against began: ModelArguments) throws {
    try RecordedOptions.check("layer", layer, began.layer)
    try RecordedOptions.check("hook", hook, began.hook)
    try RecordedOptions.check("context", givenContext, began.givenContext)
    try RecordedOptions.check("bos", bos?.argument, began.bos?.argument)
    try RecordedOptions.check("keep-bos", keepBos ? true : nil, began.keepBos)
    try RecordedOptions.check("max-tokens", maxTokens, began.maxTokens)
    try RecordedOptions.check(
      "rotary-frequencies", rotaryFrequencies?.rawValue, began.rotaryFrequencies?.rawValue)
  }

  /// The activations of a file of tokens at the place; layers behind it are not even read.
  func harvester(tokens path: String) throws -> ActivationHarvester {
    let hook = try place()
    let stream = try stream(path)
    return try ActivationHarvester(
      load(layers: hook.depth), at: hook, tokens: stream, options: pieces)
  }
}

/// The argument of `--bos`.
struct BeginningOfSequence: ExpressibleByArgument {
  let prefix: SequencePrefix
  /// What it was read from.
  let argument: String

  init?(argument: String) {
    self.argument = argument
    if argument == "none" {
      prefix = .none
    } else if let token = UInt32(argument) {
      prefix = .token(token)
    } else {
      return nil
    }
  }
}

extension RotaryFrequencies: @retroactive ExpressibleByArgument {}
