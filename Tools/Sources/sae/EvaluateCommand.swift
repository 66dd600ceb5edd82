import ArgumentParser
import Foundation
import SAECore
import SAEMetrics

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures how well an autoencoder reconstructs activations, and how sparsely.")

  @Option(help: ArgumentHelp("The autoencoder's directory.", valueName: "directory"))
  var sae: String
  @OptionGroup var input: ActivationOptions
  @Flag(help: "Print one JSON object instead of a table.") var json = false

  func run() throws {
    let source = try input.source()
    let (archive, layout) = try SAEArchive.read(sae)
    let autoencoder = try archive.autoencoder(file: sae)
    try EvaluateCommand.check(width: source.width, of: autoencoder, sae)
    var reconstruction = ReconstructionMetrics(width: source.width)
    var sparsity = SparsityMetrics(latentCount: autoencoder.latentCount)
    var progress = Progress(total: source.tokens)
    let batch = 4096
    for first in stride(from: 0, to: source.tokens, by: batch) {
      let rows = first..<min(first + batch, source.tokens)
      let activations = try source.matrix(rows: rows)
      let latents = try autoencoder.encode(activations)
      try reconstruction.update(
        activations: activations, reconstruction: autoencoder.decode(latents))
      try sparsity.update(latents)
      if progress.isDue(rows.upperBound), rows.upperBound < source.tokens {
        progress.show(rows.upperBound, "tokens")
      }
    }
    let report = EvaluationReport(
      sae: sae, layout: layout.rawValue, architecture: "\(archive.architecture)",
      reconstruction: reconstruction.value, sparsity: sparsity.value)
    print(json ? try report.json() : report.table())
  }

  static func check(
    width: Int, of autoencoder: any SparseAutoencoder, _ path: String
  ) throws {
    guard autoencoder.inputDimension == width else {
      throw ToolError(
        "\(path): expected activations of width \(autoencoder.inputDimension), found \(width)")
    }
  }
}

/// What `evaluate` prints.
struct EvaluationReport: Encodable {
  let sae: String
  let layout: String
  let architecture: String
  let tokens: Int
  let nonFiniteTokens: Int
  let fractionOfVarianceExplained: Double?
  let meanSquaredError: Double?
  let normalizedMeanSquaredError: Double?
  let cosineSimilarity: Double?
  let normRatio: Double?
  let relativeReconstructionBias: Double?
  let l0: Double?
  let l1: Double?
  let latents: Int
  let latentsThatNeverFired: Int?
  let denseLatents: Int?

  init(
    sae: String, layout: String, architecture: String, reconstruction: ReconstructionMetrics.Value,
    sparsity: SparsityMetrics.Value
  ) {
    self.sae = sae
    self.layout = layout
    self.architecture = architecture
    tokens = reconstruction.tokens
    nonFiniteTokens = reconstruction.nonFiniteTokens
    fractionOfVarianceExplained = reconstruction.fractionOfVarianceExplained
    meanSquaredError = reconstruction.meanSquaredError
    normalizedMeanSquaredError = reconstruction.normalizedMeanSquaredError
    cosineSimilarity = reconstruction.cosineSimilarity
    normRatio = reconstruction.normRatio
    relativeReconstructionBias = reconstruction.relativeReconstructionBias
    l0 = sparsity.l0
    l1 = sparsity.l1
    latents = sparsity.firingCounts.count
    latentsThatNeverFired = sparsity.latentsThatNeverFired?.count
    denseLatents = sparsity.denseLatents()?.count
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  func table() -> String {
    func count(_ value: Int?) -> String { value.map { grouped(Double($0)) } ?? "–" }
    var rows = [
      ["autoencoder", "\(sae) (\(architecture), \(layout))"],
      ["tokens", count(tokens)],
      ["fraction of variance explained", fixed(fractionOfVarianceExplained, 4)],
      ["mean squared error", fixed(meanSquaredError, 4)],
      ["normalised mean squared error", fixed(normalizedMeanSquaredError, 4)],
      ["cosine similarity", fixed(cosineSimilarity, 4)],
      ["norm ratio", fixed(normRatio, 4)],
      ["relative reconstruction bias", fixed(relativeReconstructionBias, 4)],
      ["L0", fixed(l0, 2)],
      ["L1", fixed(l1, 2)],
      ["latents", count(latents)],
      ["latents that never fired", count(latentsThatNeverFired)],
      ["latents on more than 10% of tokens", count(denseLatents)],
    ]
    if nonFiniteTokens > 0 { rows.insert(["tokens not finite", count(nonFiniteTokens)], at: 2) }
    let width = rows.map { $0[0].count }.max() ?? 0
    return rows.map { row in
      row[0] + String(repeating: " ", count: width + 2 - row[0].count) + row[1]
    }.joined(separator: "\n")
  }
}
