import ArgumentParser
import SAECore

/// Encoding alone: product and selection.
struct EncodeSubject {
  let model: TopKAutoencoder
  let activations: Matrix
  let batch: Int

  init(width: Int, latents: Int, k: Int, batch: Int) throws {
    self.batch = batch
    activations = benchmarkActivations(tokens: batch, width: width, seed: 1)
    let weights = benchmarkMatrix(latents, width)
    model = try TopKAutoencoder(
      parameters: [
        .encoder: weights, .encoderBias: Matrix(rows: 1, columns: latents),
        .decoder: weights, .decoderBias: Matrix(rows: 1, columns: width),
      ], configuration: TopKConfiguration(k: k))
  }

  func measure() throws -> Double { try seconds { _ = try model.encode(activations) } }
}

struct EncodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode", abstract: "Tokens per second of encoding: product and selection.")

  @Option var width = 768
  @Option var latents = 16384
  @Option var k = 64
  @Option var batch = 4096
  @Option(help: "Rounds; the median counts.") var rounds = 7

  func run() throws {
    let subject = try EncodeSubject(width: width, latents: latents, k: k, batch: batch)
    var times: [Double] = []
    var peaks: [Double] = []
    _ = try subject.measure()
    for _ in 0..<rounds {
      times.append(try subject.measure())
      peaks.append(peakGFLOPS(threads: Threads.count))
    }
    let time = median(times)
    let product = 2 * Double(batch) * Double(latents) * Double(width) / median(peaks) / 1e9
    printTable([
      ["encode", "ms", "tokens/s", "product at the peak, ms"],
      ["topk", short(time * 1e3), short(Double(batch) / time), short(product * 1e3)],
    ])
  }
}
