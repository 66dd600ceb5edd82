import ArgumentParser
import Foundation
import SAECore
import SAEModels

struct LossRecoveredCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loss-recovered",
    abstract: "Measures a language model's loss with activations replaced by a reconstruction.",
    discussion: """
      At every token of the stream but the beginning-of-sequence tokens the activations are \
      replaced: by the reconstruction of each autoencoder, by zeros and by their mean. \
      Cross-entropies are means over all predictions, divergences Kullback-Leibler divergences from \
      the model as it is; both in nats.
      """)

  @OptionGroup var model: ModelArguments
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Directories of autoencoders for the activations as the model has them.",
      valueName: "directory"))
  var sae: [String]
  @OptionGroup var opening: AutoencoderOptions
  @Option(
    help: ArgumentHelp("Tokens: a NumPy file with one row of whole numbers.", valueName: "file"))
  var tokens: String
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Files of activations whose mean is ablated with (default: the evaluated activations').",
      valueName: "file"))
  var meanFrom: [String] = []
  @Flag(help: "Print one JSON object instead of a table.") var json = false

  func validate() throws {
    _ = try model.directory()
    _ = try model.place()
  }

  func run() throws {
    let hook = try model.place()
    let stream = try model.stream(tokens)
    let model = try model.load()
    let options = self.model.pieces
    let harvester = try ActivationHarvester(model, at: hook, tokens: stream, options: options)
    let autoencoders = try opening.open(sae).map { try SplicedAutoencoder($0, for: harvester) }
    try checkOrigins(autoencoders, hook)
    let run = try LossRecoveredRun(
      model, at: hook, tokens: stream, mean: mean(harvester), options: options)
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
      of: zip(autoencoders, results).map { ($0, $1) })
    guard let report else { throw ToolError("--sae: expected at least one, found none") }
    try emit(json ? try jsonText(report) : report.lines())
  }

  /// In an autoencoder's metadata, the checksum of the weights of the model whose activations it was
  /// trained on.
  static let weightsKey = "model_weights_crc32"

  /// Throws where autoencoders or activations say that they are of other weights. The model's are read
  /// only if one says something.
  private func checkOrigins(_ autoencoders: [SplicedAutoencoder], _ hook: HookPoint) throws {
    let origin = try ActivationOrigin.common(meanFrom)
    guard origin != nil || autoencoders.contains(where: { $0.weights != nil }) else { return }
    let directory = try model.directory()
    let weights = try LanguageModels.fingerprint(directory)
    try origin?.check(hook: hook.name, weights: weights, of: directory)
    for autoencoder in autoencoders {
      guard let found = autoencoder.weights, found != weights else { continue }
      throw ToolError(
        "\(autoencoder.path): expected an autoencoder of activations of \(directory) (weights "
          + "\(weights)), found one of weights \(found)")
    }
  }

  /// The mean activation, from the files given or else from the activations that are evaluated.
  private func mean(_ harvester: ActivationHarvester) throws -> [Float] {
    guard !meanFrom.isEmpty else { return try meanActivation(of: harvester) }
    let files = try ActivationOptions.parse(["--activations"] + meanFrom).source()
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
  let batch = max(4096 / source.blockTokens, 1) * source.blockTokens
  for first in stride(from: 0, to: source.tokens, by: batch) {
    let rows = try source.matrix(rows: first..<min(first + batch, source.tokens))
    for (column, sum) in rows.columnSums().enumerated() { sums[column] += sum }
  }
  return sums.map { Float($0 / Double(source.tokens)) }
}
