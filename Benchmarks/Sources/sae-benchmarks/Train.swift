import ArgumentParser
import SAECore

/// A training step to be measured.
struct TrainSubject {
  private var steps: any TrainingSteps
  private let activations: Matrix
  private(set) var l0 = 0.0

  let batch: Int

  init(variant: String, width: Int, latents: Int, k: Int, batch: Int) throws {
    guard let known = Variant.reconstructing.first(where: { $0.name == variant }) else {
      throw ValidationError(
        "variant: expected one of \(Variant.reconstructing.map(\.name)), found \(variant)")
    }
    self.batch = batch
    // One batch for all steps, so that the peak of memory is the step's.
    activations = benchmarkActivations(tokens: batch, width: width, seed: 1)
    var decoder = benchmarkMatrix(latents, width)
    for (row, norm) in decoder.rowNorms().enumerated() {
      var span = decoder.mutableRow(row)
      for d in 0..<width { span[d] /= norm }
    }
    let parameters: ParameterSet = [
      .encoder: decoder, .encoderBias: Matrix(rows: 1, columns: latents),
      .decoder: decoder, .decoderBias: Matrix(rows: 1, columns: width),
    ]
    steps = try trainingSteps(known.training, parameters, k: k)
  }

  /// Seconds for a number of steps.
  mutating func measure(steps count: Int) throws -> Double {
    try seconds {
      for _ in 0..<count { l0 = try steps.step(activations) }
    }
  }
}

/// A trainer of any variant.
protocol TrainingSteps {
  /// Makes a step and returns its L0.
  mutating func step(_ batch: Matrix) throws -> Double
}

/// A trainer with the settings of all measurements.
struct VariantSteps<Model: TrainableAutoencoder>: TrainingSteps {
  private var trainer: Trainer<Model>

  init(_ model: Model) throws {
    trainer = Trainer(
      model, schedule: try .constant(1e-4),
      deadLatents: DeadLatents(
        latentCount: model.latentCount, rule: .tokensIncludingBatch(10_000_000)))
  }

  mutating func step(_ batch: Matrix) throws -> Double {
    try trainer.train(on: batch).l0
  }
}

/// Steps that begin at some weights, with about k latents active on a token where the variant has a k.
/// With biases of 0, as training begins, half of all latents of the others are.
private func trainingSteps<Training: TrainedVariant>(
  _ variant: Training, _ weights: ParameterSet, k: Int
) throws -> any TrainingSteps {
  var settings = VariantSettings(latentCount: weights[.encoder].rows, steps: 1)
  settings.k = Double(k)
  let configuration = try variant.configuration(settings)
  let batch = sampleBatch(weights)
  var parameters = configuration.initialParameters(weights, batch: batch)
  if parameters.contains(.gateBias) {
    // Gates as open as a JumpReLU's thresholds leave them.
    let thresholds = JumpReLUConfiguration.controlledL0(Double(k))
      .initialParameters(weights, batch: batch)[.threshold]
    parameters[.gateBias].add(thresholds, times: -1)
  }
  return try VariantSteps(
    try Training.Model(parameters: parameters, configuration: configuration))
}

/// Activations to set thresholds by.
private func sampleBatch(_ weights: ParameterSet) -> Matrix {
  benchmarkActivations(tokens: 512, width: weights[.encoder].columns, seed: 1)
}

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Tokens per second of whole training steps, and the floor that this machine sets.")

  @Option var width = 768
  @Option var latents = 16384
  @Option var k = 64
  @Option var batch = 4096
  @Option(help: "Variants, separated by commas; all of them unless given.") var variants: String?
  @Option(help: "Rounds of one step; the median counts.") var rounds = 7

  func run() throws {
    let names = variants.map { $0.split(separator: ",").map(String.init) }
    var table = [["variant", "ms per step", "tokens/s", "L0", "floor ms", "of floor", "peak MB"]]
    for name in names ?? Variant.reconstructing.map(\.name).sorted() {
      table.append(try measure(name, isFirst: table.count == 1))
    }
    printTable(table)
  }

  private func measure(_ variant: String, isFirst: Bool) throws -> [String] {
    var subject = try TrainSubject(
      variant: variant, width: width, latents: latents, k: k, batch: batch)
    var times: [Double] = []
    var floors: [Double] = []
    _ = try subject.measure(steps: 2)
    // The process' peak: a step's own only before the floor's arrays, and in no other variant's wake.
    let peak = isFirst ? "\(peakResidentBytes() / 1_000_000)" : "–"
    for _ in 0..<rounds {
      times.append(try subject.measure(steps: 1))
      floors.append(
        stepFloor(width: width, latents: latents, batch: batch, threads: Threads.count))
    }
    let time = median(times)
    return [
      variant, short(time * 1e3), short(Double(batch) / time), short(subject.l0),
      short(median(floors) * 1e3), short(time / median(floors)), peak,
    ]
  }
}
