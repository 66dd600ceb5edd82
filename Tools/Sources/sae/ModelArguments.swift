import ArgumentParser
import SAECore
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
      "The layer after which activations are taken, counted from 0.", valueName: "number"))
  var layer: Int?
  @Option(
    help: ArgumentHelp(
      "The place, instead of a layer: blocks.N.hook_resid_post, or another of layer N's: "
        + "hook_resid_pre, hook_resid_mid, attn.hook_z, hook_attn_out, ln2.hook_normalized, "
        + "mlp.hook_in, mlp.hook_post, hook_mlp_out; or the name of a module. harvest takes several with "
        + "commas between.",
      valueName: "name"))
  var hook: String?
  @Option(
    name: .customLong("context"),
    help: ArgumentHelp(
      "Tokens of the stream per sequence (default: 255, or those of a row where --tokens has two "
        + "dimensions).", valueName: "count"))
  var givenContext: Int?
  @Option(
    help: ArgumentHelp(
      "The token before each sequence: its id, or none (default: the beginning-of-sequence token of "
        + "config.json).", valueName: "id"))
  var bos: BeginningOfSequence?
  @Flag(help: "Also take the activation of the beginning-of-sequence token.") var keepBos = false
  @Option(
    name: .customLong("sequences"),
    help: ArgumentHelp("Sequences that run at a time (default: 16).", valueName: "count"))
  var givenSequences: Int?
  @Option(help: ArgumentHelp("Use the first tokens of the file alone.", valueName: "count"))
  var maxTokens: Int?
  @Option(
    help: ArgumentHelp(
      "Precision of the frequencies of rotary positions (default: that in an autoencoder's files, or "
        + "float32, whatever type the weights have).", valueName: "type"))
  var rotaryFrequencies: RotaryFrequencies?

  static var rules: [OptionRule<ModelArguments>] {
    let rules: [OptionRule<ModelArguments>] = [
      OptionRule("layer", .count(0...100_000)), OptionRule("hook"),
      OptionRule("context", .count(1...Int(Int32.max))),
      OptionRule("bos", .text("a token's id or none", BeginningOfSequence.self)),
      OptionRule("keep-bos").needs("a beginning-of-sequence token, not --bos none") {
        $0.bos?.prefix != SequencePrefix.none
      },
      OptionRule("sequences", .count(1...1_000_000)), OptionRule("max-tokens", .count(from: 1)),
      OptionRule("rotary-frequencies"),
    ]
    return [OptionRule("model")] + rules.map { $0.needs("--model") { $0.model != nil } }
  }

  /// The model, the place in it, and the cutting of the stream.
  struct Plan: Encodable, Equatable {
    let model: String
    /// nil takes the place that an autoencoder names.
    let place: String?
    /// nil takes the number in an autoencoder's files, or 255.
    let context: Int?
    let bos: String?
    let keepsBos: Bool
    let sequences: Int
    let maxTokens: Int?
    let rotaryFrequencies: String?
  }

  /// - Throws: `ValidationError` for a name that is no place.
  func plan() throws -> Plan? {
    guard let model else { return nil }
    let places = try givenPlaces().map(\.name).joined(separator: ",")
    return Plan(
      model: model, place: places.isEmpty ? nil : places, context: givenContext, bos: bos?.argument,
      keepsBos: keepBos && bos?.prefix != SequencePrefix.none, sequences: sequences,
      maxTokens: maxTokens, rotaryFrequencies: rotaryFrequencies?.rawValue)
  }

  var sequences: Int { givenSequences ?? 16 }

  func validate() throws {
    if layer != nil, hook != nil {
      throw ValidationError("expected --layer or --hook, found both")
    }
    // Before anything is made of it: a place has the number of the layer after it.
    if let layer, !(0...100_000).contains(layer) {
      throw ValidationError("--layer: expected 0 to 100000, found \(layer)")
    }
  }

  /// The model's directory.
  func directory() throws -> String {
    guard let model else { throw ValidationError("--model: expected a directory, found none") }
    return model
  }

  /// The places that are named.
  func givenPlaces() throws -> [HookPoint] {
    if let layer { return [.residPost(layer)] }
    guard let hook else { return [] }
    return try hook.split(separator: ",", omittingEmptySubsequences: false).map {
      try place(named: String($0))
    }
  }

  /// The place of a name; where it is that of a module, the model's configuration tells which.
  private func place(named name: String) throws -> HookPoint {
    let hook = HookName(name)
    do {
      guard hook.module != nil, !hook.hooks.isEmpty, let model else {
        return try HookPoint(name)
      }
      return try LanguageModels.architecture(model).hook(named: hook)
    } catch ModelError.unknownHook {
      throw ValidationError(
        "--hook: expected blocks.N.hook_resid_post or another place of layer N "
          + "(\(HookPoint.siteNames)), found \"\(name)\"")
    }
  }

  /// The place that is named; nil if none is.
  func givenPlace() throws -> HookPoint? {
    let places = try givenPlaces()
    guard places.count < 2 else {
      throw ValidationError("--hook: expected one place, found \(places.count)")
    }
    return places.first
  }

  /// The place that is named.
  func place() throws -> HookPoint {
    guard let place = try givenPlace() else {
      throw ValidationError("expected --layer or --hook, found neither")
    }
    return place
  }

  /// The same, with missing options taken from the autoencoders' files: the place, the tokens of a
  /// sequence, the prefix and the rotary frequencies.
  ///
  /// - Parameter names: of the autoencoders, for messages.
  /// - Throws: `ValidationError` if no place is given and they name none or several, ``ToolError`` for one
  ///   that the model does not have.
  func completed(by origin: ActivationOrigin, of names: String) throws -> ModelArguments {
    var completed = self
    if layer == nil, hook == nil {
      guard let hook = origin.hook else {
        throw ValidationError(
          "\(names): expected --layer or --hook, or autoencoders that name one place, found neither"
        )
      }
      completed.hook = try place(hook, of: names).name
    }
    completed.givenContext = givenContext ?? origin.context
    if bos == nil, let prefix = origin.prefix, prefix != .unnamed {
      completed.bos = BeginningOfSequence(argument: "\(prefix)")
    }
    completed.rotaryFrequencies =
      rotaryFrequencies ?? ModelOptions(matching: origin).rotaryFrequencies
    return completed
  }

  /// The place of a name in an autoencoder's files.
  ///
  /// - Throws: ``ToolError`` if the model has none of it.
  func place(_ hook: HookName, of names: String) throws -> HookPoint {
    do {
      return try LanguageModels.architecture(directory()).hook(named: hook)
    } catch ModelError.unknownHook {
      throw ToolError(
        "\(names): expected an autoencoder of a place in the model, found one of \(hook)")
    }
  }

  /// Reads the model.
  ///
  /// - Parameter layers: how many of its layers; nil: all.
  func load(layers: Int? = nil) throws -> LanguageModel {
    try LanguageModels.load(
      directory(),
      options: ModelOptions(layers: layers, rotaryFrequencies: rotaryFrequencies ?? .float32))
  }

  /// The tokens of a file, or those that texts are taken apart into, as many as are wanted.
  func stream(_ path: String) throws -> TokenStream {
    let all = try TokenStream(taking: path, apartFor: directory(), limit: maxTokens)
    let count = min(all.count, maxTokens ?? all.count)
    guard count > 0 else {
      throw ToolError("\(path): expected at least one token, found none")
    }
    return all[0..<count]
  }

  /// How the stream is cut.
  ///
  /// - Parameter skipped: tokens that are left out.
  func pieces(of stream: TokenStream, without skipped: TokenIDs?) -> PieceOptions {
    PieceOptions(
      context: givenContext ?? stream.sequenceLength ?? 255,
      prefix: bos?.prefix ?? .beginningOfSequence, keepsPrefix: keepBos,
      sequencesPerBatch: sequences, skippedTokens: skipped?.ids ?? [])
  }

  /// The names of the options that are given.
  var given: [String] {
    [
      ("model", model != nil), ("layer", layer != nil), ("hook", hook != nil),
      ("context", givenContext != nil), ("bos", bos != nil), ("keep-bos", keepBos),
      ("sequences", givenSequences != nil), ("max-tokens", maxTokens != nil),
      ("rotary-frequencies", rotaryFrequencies != nil),
    ].filter(\.1).map(\.0)
  }

  /// The options as arguments that mean the same in any working directory.
  var recorded: [String] {
    argument("model", model.map { absolute($0) }) + argument("layer", layer)
      + argument("hook", hook) + argument("context", givenContext)
      + argument("bos", bos?.argument) + (keepBos ? ["--keep-bos"] : [])
      + argument("sequences", sequences) + argument("max-tokens", maxTokens)
      + argument("rotary-frequencies", rotaryFrequencies?.rawValue)
  }

  /// Throws if an option is given that differs from those a run began with; where the model is and
  /// how many sequences run at a time changes nothing.
  func check(against began: ModelArguments) throws {
    try RecordedOptions.check("layer", layer, began.layer)
    try RecordedOptions.check("hook", hook, began.hook)
    try RecordedOptions.check("context", givenContext, began.givenContext ?? 255)
    try RecordedOptions.check("bos", bos?.argument, began.bos?.argument)
    try RecordedOptions.check("keep-bos", keepBos ? true : nil, began.keepBos)
    try RecordedOptions.check("max-tokens", maxTokens, began.maxTokens)
    try RecordedOptions.check(
      "rotary-frequencies", rotaryFrequencies?.rawValue, began.rotaryFrequencies?.rawValue)
  }

  /// The activations of a file of tokens at the place; layers after it are not even read.
  ///
  /// - Parameter skipped: tokens that have no rows.
  func harvester(
    tokens path: String, without skipped: TokenIDs? = nil
  ) throws -> ActivationHarvester {
    try harvesters(at: [place()], tokens: path, without: skipped)[0]
  }

  /// The same at several places of one model.
  func harvesters(
    at hooks: [HookPoint], tokens path: String, without skipped: TokenIDs?
  ) throws -> [ActivationHarvester] {
    let stream = try stream(path)
    let model = try load(layers: hooks.map(\.depth).max())
    return try naming(model) {
      let options = pieces(of: stream, without: skipped)
      return try hooks.map {
        try ActivationHarvester(model, at: $0, tokens: stream, options: options)
      }
    }
  }

  /// Does what the model has to agree with; where it does not, the option that was given is named.
  ///
  /// - Throws: ``UsageError`` in the place of the error of a value that was given.
  func naming<Result>(_ model: LanguageModel, _ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch ModelError.layerOutOfRange(let place, let count) {
      let layers = "0 to \(model.layerCount - 1)"
      if let layer { throw UsageError("--layer: expected \(layers), found \(layer)") }
      if let hook {
        throw UsageError("--hook: expected a place in the layers \(layers), found \(hook)")
      }
      throw ModelError.layerOutOfRange(hook: place, layers: count)
    } catch ModelError.invalidOption(let name, let expected, let found) {
      let options = [
        "prefix": ("bos", bos != nil), "context": ("context", givenContext != nil),
        "sequencesPerBatch": ("sequences", true), "skippedTokens": ("skip-tokens", true),
      ]
      guard let (option, isGiven) = options[name], isGiven else {
        throw ModelError.invalidOption(name: name, expected: expected, found: found)
      }
      throw UsageError("--\(option): expected \(expected), found \(found)")
    }
  }

  /// The checksum of the model's weights.
  func weights() throws -> String { try LanguageModels.fingerprint(directory()) }
}

/// The argument of `--bos`.
struct BeginningOfSequence: ExpressibleByArgument {
  let prefix: SequencePrefix
  /// The argument's text.
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
