import ArgumentParser
import Foundation
import SAECore
import SAEModels

struct LossRecoveredCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "loss-recovered",
    abstract: "Measures a language model's loss with activations replaced by a reconstruction.",
    discussion: """
      The activations of every token of the stream, except beginning-of-sequence tokens, are \
      replaced: by the reconstruction of each autoencoder, by zeros and by their mean. \
      Cross-entropies are means over all predictions, and divergences are Kullback-Leibler \
      divergences from the model as it is; both are in nats. The place, the tokens per sequence, \
      the token before them and the rotary frequencies are those that the autoencoders were trained \
      on, if their files have them and no option is given. Transcoders replace the activations at the \
      place that their files name for their output.
      """)

  @OptionGroup var model: ModelArguments
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Directories of autoencoders that work on the model's own activations.",
      valueName: "directory"))
  var sae: [String]
  @OptionGroup var opening: AutoencoderOptions
  @Option(
    help: ArgumentHelp(
      "Tokens, a NumPy file of whole numbers; or a file or folder of texts.", valueName: "file"))
  var tokens: String
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Files of activations whose mean is used for mean ablation (default: the evaluated ones).",
      valueName: "file"))
  var meanFrom: [String] = []
  @Option(
    help: ArgumentHelp(
      "Token ids with commas between, such as 0,1,2: they keep their activations, and no prediction "
        + "at them or of them counts.", valueName: "ids"))
  var skipTokens: TokenIDs?
  @OptionGroup var origins: OriginOptions
  @Flag(help: "Print one JSON object instead of a table.") var json = false

  static var rules: [OptionRule<LossRecoveredCommand>] {
    let own: [OptionRule<LossRecoveredCommand>] = [
      OptionRule("sae"), OptionRule("tokens"), OptionRule("mean-from"),
      OptionRule("skip-tokens", .ids),
      OptionRule("json"),
    ]
    return own + ModelArguments.rules.map { $0.of(\.model) }
      + AutoencoderOptions.rules.map { $0.of(\.opening) }
      + OriginOptions.rules.map { $0.of(\.origins) }
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let model: ModelArguments.Plan?
    let autoencoders: [String]
    let activationScale: Double?
    let tokens: String
    let skippedTokens: String?
    let meanFrom: [String]
    let allowsMismatch: Bool
    let json: Bool
  }

  func plan() throws -> Plan {
    Plan(
      model: try model.plan(), autoencoders: sae, activationScale: opening.activationScale,
      tokens: tokens, skippedTokens: skipTokens?.text, meanFrom: meanFrom,
      allowsMismatch: origins.allowMismatch, json: json)
  }

  func validate() throws {
    _ = try model.directory()
    guard !sae.isEmpty else { throw ValidationError("--sae: expected at least one, found none") }
  }

  func run() throws {
    let opened = try opening.open(sae)
    var origins = OriginCheck()
    for one in opened { origins.add(one.path, one.activationOrigin) }
    let trained = origins.common
    let means = try meanFrom.isEmpty ? nil : OpenedActivations(meanFrom)
    // The mean replaces what transcoders reconstruct, which is not where they are trained.
    let isApart = opened.contains(where: \.isTranscoder)
    if let means, !isApart { origins.add(means.origins) }
    // Before the model is read.
    _ = try self.origins.check(origins)
    let given = model
    let arguments = try model.completed(by: trained, of: sae.joined(separator: ", "))
    let source = try arguments.place()
    let hook = try output(of: opened, arguments) ?? source
    let stream = try arguments.stream(tokens)
    let model = try arguments.load()
    let options = arguments.pieces(of: stream, without: skipTokens)
    let harvester = try given.naming(model) {
      try ActivationHarvester(model, at: hook, tokens: stream, options: options)
    }
    let seen = try given.naming(model) {
      try ActivationHarvester(model, at: source, tokens: stream, options: options)
    }
    let directory = try arguments.directory()
    origins.add(
      directory,
      seen.origin(weights: try origins.knowsWeights ? arguments.weights() : nil))
    var mismatches = try self.origins.check(origins)
    if let means, isApart {
      var outputs = OriginCheck()
      outputs.add(directory, harvester.origin(weights: try arguments.weights()))
      outputs.add(means.origins)
      mismatches += try self.origins.check(outputs)
    }
    let autoencoders = try opened.map {
      try SplicedAutoencoder($0, for: seen, outputWidth: harvester.width)
    }
    let run = try LossRecoveredRun(
      model, at: hook, from: source, tokens: stream, mean: mean(harvester, means?.source),
      options: options)
    var progress = Progress(total: run.sequences)
    let results = try run.evaluate(
      autoencoders.map { autoencoder in { try autoencoder.reconstruct($0) } },
      progress: { done in
        guard progress.isDue(done) else { return }
        progress.show(done, "sequences")
      })
    let report = LossReport(
      model: model.name, hook: hook.name, tokens: stream.count,
      meanOf: meanFrom.isEmpty ? "these activations" : meanFrom.joined(separator: ", "),
      mismatches: mismatches, of: zip(autoencoders, results).map { ($0, $1) })
    guard let report else { throw ToolError("--sae: expected at least one, found none") }
    try emit(json ? try jsonText(report) : report.lines())
  }

  /// The place whose activations transcoders reconstruct; nil where there are none.
  ///
  /// - Throws: ``ToolError`` if their files name none or several, or there are autoencoders beside them.
  private func output(of opened: [SAE], _ arguments: ModelArguments) throws -> HookPoint? {
    guard opened.contains(where: \.isTranscoder) else { return nil }
    var places: Set<HookPoint> = []
    for sae in opened {
      guard sae.isTranscoder, let name = sae.metadata("hook_name_out")?.asString else {
        throw ToolError(
          "\(sae.path): expected a transcoder whose files name the place of its output, found "
            + (sae.isTranscoder ? "no hook_name_out" : sae.architecture))
      }
      places.insert(try arguments.place(HookName(name), of: sae.path))
    }
    guard let place = places.first, places.count == 1 else {
      throw ToolError("--sae: expected transcoders of one output, found \(places.count)")
    }
    return place
  }

  /// The mean activation, of files or else of the activations that are evaluated.
  private func mean(
    _ harvester: ActivationHarvester, _ files: (any ActivationSource)?
  ) throws -> [Float] {
    guard let files else { return try meanActivation(of: harvester) }
    guard files.width == harvester.width else {
      throw ToolError(
        "\(meanFrom[0]): expected activations of width \(harvester.width), found \(files.width)")
    }
    return try meanActivation(of: files)
  }
}

/// The mean of a source's rows.
func meanActivation(of source: any ActivationSource) throws -> [Float] {
  var sums = [Double](repeating: 0, count: source.width)
  let batches = source.blocks.joined(upTo: 4096)
  for range in batches {
    let rows = try source.finiteMatrix(rows: range)
    for (column, sum) in rows.columnSums().enumerated() { sums[column] += sum }
  }
  return sums.map { Float($0 / Double(source.tokens)) }
}
