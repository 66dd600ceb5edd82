import ArgumentParser
import SAECore

/// A training step to be measured.
struct TrainSubject {
  private var trainer: Trainer<TopKAutoencoder>
  private let batches: [Matrix]
  private var next = 0
  private(set) var l0 = 0.0

  let batch: Int

  init(variant: String, width: Int, latents: Int, k: Int, batch: Int) throws {
    guard variant == "topk" else {
      throw ValidationError("variant: expected topk, found \(variant)")
    }
    self.batch = batch
    batches = (0..<4).map { benchmarkActivations(tokens: batch, width: width, seed: $0 + 1) }
    var decoder = benchmarkMatrix(latents, width)
    for (row, norm) in decoder.rowNorms().enumerated() {
      var span = decoder.mutableRow(row)
      for d in 0..<width { span[d] /= norm }
    }
    let model = try TopKAutoencoder(
      parameters: [
        .encoder: decoder, .encoderBias: Matrix(rows: 1, columns: latents),
        .decoder: decoder, .decoderBias: Matrix(rows: 1, columns: width),
      ], configuration: TopKConfiguration(k: k))
    trainer = Trainer(
      model,
      deadLatents: DeadLatents(latentCount: latents, rule: .tokensIncludingBatch(10_000_000)))
  }

  /// Seconds for a number of steps.
  mutating func measure(steps: Int) throws -> Double {
    try seconds {
      for _ in 0..<steps {
        l0 = try trainer.train(on: batches[next % batches.count], learningRate: 1e-4).l0
        next += 1
      }
    }
  }
}

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Tokens a second of whole training steps, and the floor that this machine sets.")

  @Option var width = 768
  @Option var latents = 16384
  @Option var k = 64
  @Option var batch = 4096
  @Option(help: "Rounds of one step; the median counts.") var rounds = 7

  func run() throws {
    var subject = try TrainSubject(
      variant: "topk", width: width, latents: latents, k: k, batch: batch)
    var times: [Double] = []
    var floors: [Double] = []
    _ = try subject.measure(steps: 1)
    for _ in 0..<rounds {
      times.append(try subject.measure(steps: 1))
      floors.append(
        stepFloor(width: width, latents: latents, batch: batch, threads: Threads.count))
    }
    let time = median(times)
    printTable([
      ["variant", "ms a step", "tokens/s", "L0", "floor ms", "of floor", "peak MB"],
      [
        "topk", short(time * 1e3), short(Double(batch) / time), short(subject.l0),
        short(median(floors) * 1e3), short(time / median(floors)),
        "\(peakResidentBytes() >> 20)",
      ],
    ])
  }
}
