import ArgumentParser
import Foundation
import SAECore

struct EncodeCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Writes the latents of activations to a safetensors file.",
    discussion: """
      The file holds compressed sparse rows: shape, row_offsets, indices and values, as \
      Docs/Files.md describes. The command holds one batch in memory, whatever the number of tokens. \
      Row i of the file belongs to row i of the activations: none is left out, and NaN or infinity \
      is an error.
      """)

  @Option(help: ArgumentHelp("The autoencoder's directory.", valueName: "directory"))
  var sae: String
  @OptionGroup var opening: AutoencoderOptions
  @OptionGroup var input: MeasuredActivationOptions
  @OptionGroup var origins: OriginOptions
  @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
  var out: String
  @OptionGroup var overwriting: ForceOption
  @Flag(help: "Print one JSON object instead of a line.") var json = false

  static var rules: [OptionRule<EncodeCommand>] {
    let own: [OptionRule<EncodeCommand>] = [
      OptionRule("sae"), OptionRule("out"), OptionRule("force"), OptionRule("json"),
    ]
    return own + AutoencoderOptions.rules.map { $0.of(\.opening) }
      + MeasuredActivationOptions.rules.map { $0.of(\.input) }
      + OriginOptions.rules.map { $0.of(\.origins) }
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let sae: String
    let activationScale: Double?
    let activations: [String]
    let tensor: String?
    let allowsMismatch: Bool
    let out: String
    let replaces: Bool
    let json: Bool
  }

  func plan() -> Plan {
    Plan(
      sae: sae, activationScale: opening.activationScale, activations: input.activations,
      tensor: input.tensor, allowsMismatch: origins.allowMismatch,
      out: out, replaces: overwriting.force, json: json)
  }

  func run() throws {
    let place = try OutputPlace(
      out, for: .latents, force: overwriting.force, inputs: [sae] + input.activations)
    defer { withExtendedLifetime(place) {} }
    Interruption.listen()
    let opened = try input.open()
    let source = opened.source
    let loaded = try opening.open(sae)
    var origins = opened.origins
    origins.add(sae, loaded.activationOrigin)
    let mismatches = try self.origins.check(origins)
    try loaded.check(source)
    let autoencoder = loaded.autoencoder
    var writer = try SparseLatentsWriter(
      place.path, tokens: source.tokens, latentCount: autoencoder.latentCount,
      metadata: metadata(loaded, mismatches), replacing: place.replaces)
    var progress = Progress(total: source.tokens)
    var active = 0
    for first in stride(from: 0, to: source.tokens, by: 4096) {
      let rows = first..<min(first + 4096, source.tokens)
      let latents = try autoencoder.encode(source.finiteMatrix(rows: rows))
      active += latents.values.count { $0 != 0 }
      try writer.append(latents)
      try Interruption.stopIfAsked()
      if progress.isDue(rows.upperBound) { progress.show(rows.upperBound, "tokens") }
    }
    let report = EncodingReport(
      out: out, tokens: source.tokens, latents: autoencoder.latentCount, entries: writer.entryCount,
      l0: Double(active) / Double(source.tokens),
      mismatches: mismatches.isEmpty ? nil : mismatches)
    try writer.finish()
    try emit(
      json
        ? try jsonText(report)
        : mismatchLines(mismatches)
          + "\(oneLine(out)): \(count(report.tokens)) tokens, \(count(report.entries)) entries, "
          + "L0 \(fixed(report.l0, 2))")
  }

  /// The description in the file's metadata.
  private func metadata(_ sae: SAE, _ mismatches: [String]) -> [String: String] {
    var metadata = ["architecture": sae.architecture]
    if !mismatches.isEmpty { metadata["mismatches"] = mismatches.joined(separator: "\n") }
    return metadata
  }
}

private struct EncodingReport: Encodable {
  let out: String
  let tokens: Int
  let latents: Int
  let entries: Int
  let l0: Double
  /// Pairs of inputs of different origins, one line per pair; nil where all have one origin.
  let mismatches: [String]?
}
