import ArgumentParser
import Foundation
import SAECore
import SAEModels

/// A model run up to a layer on consecutive pieces of a stream of tokens.
struct HarvestSubject {
  private let harvester: ActivationHarvester
  /// Rows of a measurement.
  let tokens: Int
  /// Bytes of the weights that are used, as the files have them.
  let weightBytes: Int
  private var next = 0
  private(set) var meanNorm = 0.0

  /// - Parameters:
  ///   - sequences: run at a time; of 255 tokens behind a beginning-of-sequence token.
  ///   - pieces: sequences in a measurement.
  init(model: String, tokens: String, layer: Int, sequences: Int, pieces: Int) throws {
    let hook = HookPoint.residPost(layer)
    let options = PieceOptions(sequencesPerBatch: sequences)
    harvester = try ActivationHarvester(
      LanguageModels.load(model, options: ModelOptions(layers: hook.depth)), at: hook,
      tokens: TokenStream(npy: tokens), options: options)
    self.tokens = pieces * options.context
    guard harvester.tokens >= self.tokens else {
      throw ValidationError(
        "\(tokens): expected at least \(self.tokens) tokens, found \(harvester.tokens)")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: model)
    let tensors = try names.filter { $0.hasSuffix(".safetensors") }.flatMap {
      try SafetensorsFile("\(model)/\($0)").tensors
    }
    weightBytes = tensors.reduce(0) { sum, tensor in
      let parts = tensor.name.split(separator: ".")
      let isUsed = parts.count < 3 || parts[1] != "layers" || (Int(parts[2]) ?? 0) < hook.depth
      return sum + (isUsed ? tensor.byteCount : 0)
    }
  }

  mutating func measure() throws -> Double {
    if next + tokens > harvester.tokens { next = 0 }
    let rows = next..<next + tokens
    next = rows.upperBound
    var batch = Matrix(rows: 0, columns: harvester.width)
    let time = try seconds {
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: harvester.batchTokens) {
        batch = try harvester.matrix(
          rows: first..<min(first + harvester.batchTokens, rows.upperBound))
      }
    }
    meanNorm = batch.rowNorms().reduce(0) { $0 + Double($1) } / Double(batch.rows)
    return time
  }
}

struct HarvestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "harvest", abstract: "Tokens per second of a language model up to a layer.")

  @Option(help: "A model's directory.") var model = LabFiles.model
  @Option(help: "A NumPy file of tokens.") var tokens = LabFiles.tokens
  @Option var layer = 4
  @Option(help: "Sequences of 256 tokens that run at a time.") var sequences = 16
  @Option(help: "Sequences in a round.") var pieces = 64
  @Option(help: "Rounds; the median counts.") var rounds = 7

  func run() throws {
    var subject = try HarvestSubject(
      model: model, tokens: tokens, layer: layer, sequences: sequences, pieces: pieces)
    _ = try subject.measure()
    let times = try (0..<rounds).map { _ in try subject.measure() }
    let peak = peakResidentBytes()
    printTable([
      ["harvest", "tokens/s", "peak MB", "weights MB", "beyond the weights"],
      [
        "layer \(layer), \(sequences) sequences", short(Double(subject.tokens) / median(times)),
        short(Double(peak) / 1e6), short(Double(subject.weightBytes) / 1e6),
        short(Double(peak - subject.weightBytes) / 1e6),
      ],
    ])
  }
}

/// A small model and its text, in a folder beside the package that `SAE_LAB` can name.
enum LabFiles {
  private static let folder =
    ProcessInfo.processInfo.environment["SAE_LAB"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../../shared/lab").standardizedFileURL.path

  static let model = folder + "/model"
  static let tokens = folder + "/tokens/med_dev.npy"
}
