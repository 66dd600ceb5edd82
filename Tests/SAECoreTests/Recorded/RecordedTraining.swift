import SAETestSupport
import Testing

@testable import SAECore

/// Twenty steps of a variant, hashed.
struct RecordedTraining {
  /// Weights and what a variant keeps besides, then what the steps reported, then the latents that the
  /// finished autoencoder finds.
  struct Hashes {
    var weights = BitHash()
    var reports = BitHash()
    var latents = BitHash()
  }

  static let (width, latents) = (21, 64)

  /// Tokens of different lengths around a mean.
  static let source: Matrix = {
    var rows = Matrix.random(320, width, seed: 41)
    rows.scaleRows(by: (0..<320).map { 1 + Float($0 % 7) / 4 })
    rows.addToRows((0..<width).map { Float($0 % 5) / 2 })
    return rows
  }()

  /// Of another width, for transcoders.
  static let targets: Matrix = {
    var rows = source.multiplied(by: Matrix.random(width, 13, seed: 42))
    rows.scale(by: 0.1)
    rows.add(Matrix.random(320, 13, seed: 43), times: 0.2)
    return rows
  }()

  static func options() -> TrainingOptions {
    var options = TrainingOptions(steps: 20)
    options.batchTokens = 32
    options.schedule.learningRate = 1e-2
    options.seed = 5
    options.revival.deadLatentRule = .tokensIncludingBatch(32)
    return options
  }

  let name: String
  private let run: @Sendable () throws -> Hashes

  /// - Parameters:
  ///   - isDense: whether latents are held as panels; nil leaves it to the variant.
  ///   - onPairs: whether there are targets.
  init<Model: TrainableAutoencoder>(
    _ name: String, _: Model.Type, isDense: Bool? = nil, onPairs: Bool = false,
    _ configuration: @escaping @Sendable () throws -> Model.Configuration,
    options edit: @escaping @Sendable (inout TrainingOptions) throws -> Void = { _ in }
  ) where Model.Configuration.Model == Model {
    self.name = name
    run = {
      var options = Self.options()
      try edit(&options)
      return try ForcedDensity.$isDense.withValue(isDense) {
        try Self.train(
          TrainingRun<Model>(
            configuration(), latentCount: Self.latents, on: Self.source,
            targets: onPairs ? Self.targets : nil, options: options))
      }
    }
  }

  private static func train<Model>(_ run: TrainingRun<Model>) throws -> Hashes {
    var run = run
    var hashes = Hashes()
    while let report = try run.step() {
      hashes.reports.add(report.losses.map(\.value))
      hashes.reports.add([report.gradientNorm, report.learningRate])
      hashes.reports.add([report.number, report.tokens, report.deadCount])
    }
    let trained = run.trainer.averagedModel
    for name in trained.parameters.names { hashes.weights.add(trained.parameters[name]) }
    for (_, values) in trained.trainingState.sorted(by: { $0.key < $1.key }) {
      hashes.weights.add(values)
    }
    let found = try run.autoencoder().encode(source)
    hashes.latents.add(found.rowOffsets)
    hashes.latents.add(found.indices)
    hashes.latents.add(found.values)
    return hashes
  }

  /// Compares with the record.
  func expectRecorded() throws {
    let found = try run()
    for (part, hash) in [
      ("weights", found.weights), ("reports", found.reports), ("latents", found.latents),
    ] {
      let name = "training/\(name)/\(part)"
      #expect("\(hash)" == (try RecordedBits.expected(name, found: hash)), "\(name)")
    }
  }
}
