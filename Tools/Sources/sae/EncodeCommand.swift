import ArgumentParser
import Foundation
import SAECore

struct EncodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Writes the latents of activations to a safetensors file.",
    discussion: """
      The file holds compressed sparse rows: shape, row_offsets, indices and values, as \
      Docs/Files.md says. Memory stays within a batch, whatever the number of tokens.
      """)

  @Option(help: ArgumentHelp("The autoencoder's directory.", valueName: "directory"))
  var sae: String
  @OptionGroup var opening: AutoencoderOptions
  @OptionGroup var input: ActivationOptions
  @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
  var out: String
  @OptionGroup var overwriting: ForceOption
  @Flag(help: "Print one JSON object instead of a line.") var json = false

  func run() throws {
    let place = try OutputPlace(
      out, for: .tensorFile, force: overwriting.force, inputs: [sae] + input.activations)
    Interruption.listen()
    let source = try input.source()
    let loaded = try opening.open(sae)
    try loaded.check(source)
    let autoencoder = loaded.autoencoder
    var writer = try SparseLatentsWriter(
      place.path, tokens: source.tokens, latentCount: autoencoder.latentCount,
      metadata: ["architecture": loaded.architecture], replacing: place.replaces)
    var progress = Progress(total: source.tokens)
    var active = 0
    for first in stride(from: 0, to: source.tokens, by: 4096) {
      let rows = first..<min(first + 4096, source.tokens)
      let latents = try autoencoder.encode(source.matrix(rows: rows))
      active += latents.values.count { $0 != 0 }
      try writer.append(latents)
      try Interruption.stopIfAsked()
      if progress.isDue(rows.upperBound) { progress.show(rows.upperBound, "tokens") }
    }
    let report = EncodingReport(
      out: out, tokens: source.tokens, latents: autoencoder.latentCount, entries: writer.entryCount,
      l0: Double(active) / Double(source.tokens))
    try writer.finish()
    try emit(
      json
        ? try jsonText(report)
        : "\(out): \(count(report.tokens)) tokens, \(count(report.entries)) entries, "
          + "L0 \(fixed(report.l0, 2))")
  }
}

private struct EncodingReport: Encodable {
  let out: String
  let tokens: Int
  let latents: Int
  let entries: Int
  let l0: Double
}
