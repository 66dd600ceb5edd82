import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Autoencoders from directories that the peers wrote, run, and written again.
@Suite struct SelectionFileTests {
  private static func directories(_ folder: String) throws -> [String] {
    try Fixtures.folders(in: "formats/\(folder)", holding: "io.safetensors")
  }

  /// The variant of this package that holds an archive, if one does.
  private static func load(
    _ archive: SAEArchive, _ file: String
  ) throws -> (any StorableAutoencoder)? {
    switch archive.architecture.activation {
    case .topK where archive.architecture.isTranscoder,
      .groupMax where archive.architecture.isTranscoder:
      return try Transcoder(archive)
    case .relu where archive.architecture.isTranscoder,
      .jumpReLU where archive.architecture.isTranscoder:
      return try ThresholdTranscoder(archive)
    case .topK: return try TopKAutoencoder(archive)
    case .absTopK: return try AbsTopKAutoencoder(archive)
    case .groupMax: return try GroupMaxAutoencoder(archive)
    case .matchingPursuit: return try MatchingPursuitAutoencoder(archive)
    case .batchTopK: return try BatchTopKAutoencoder(archive)
    case .jumpReLU:
      switch archive.metadata["training_architecture"]?.asString {
      case "batchtopk": return try BatchTopKAutoencoder(archive)
      case "matryoshka_batchtopk": return try MatryoshkaAutoencoder(archive)
      default: return nil
      }
    default: return nil
    }
  }

  private static func expectOutputs(
    of model: any SparseAutoencoder, _ directory: String, asBatch: Bool = false
  ) throws {
    let io = try SafetensorsFile("\(directory)/io.safetensors")
    let x = try io.tensor("x").matrix()
    let latents: SparseLatents
    if asBatch, let batch = model as? BatchTopKAutoencoder {
      latents = try batch.encodeAsBatch(x)
    } else {
      latents = try model.encode(x)
    }
    // As the values were computed: to 1e-5 of the largest.
    expectClose(
      latents.dense().array, try io.tensor("latents").floats(), tolerance: 1e-5,
      "\(directory): latents")
    let reconstruction = try model.reconstruct(x, from: latents)
    expectClose(
      reconstruction.array, try io.tensor("recon").floats(), tolerance: 1e-5,
      "\(directory): reconstruction")
  }

  @Test func saeLensDirectoriesGiveTheirOutputsBeforeAndAfterWriting() throws {
    let scratch = try ScratchFolder()
    var count = 0
    for path in try Self.directories("saelens") {
      var archive = try SAEArchive.read(path).archive
      // Of checkpoints the values are those of activations that are scaled already.
      archive.activationScale = nil
      guard archive.inputNormalization == .none, let model = try Self.load(archive, path) else {
        continue
      }
      print("saelens:", URL(fileURLWithPath: path).lastPathComponent, archive.architecture)
      let isCheckpoint = archive.architecture.activation == .batchTopK
      try Self.expectOutputs(of: model, path, asBatch: isCheckpoint)
      try model.save(to: scratch.file("copy"), replacing: true)
      let copy = try SAEArchive.read(scratch.file("copy")).archive
      if !isCheckpoint {
        let again = try #require(try Self.load(copy, "copy"))
        try Self.expectOutputs(of: again, path)
      }
      count += 1
    }
    #expect(count > 0)
  }

  @Test func sparsifyDirectoriesGiveTheirOutputsBeforeAndAfterWriting() throws {
    let scratch = try ScratchFolder()
    var count = 0
    for path in try Self.directories("sparsify") {
      let archive = try SAEArchive.read(path).archive
      let model = try #require(try Self.load(archive, path))
      print("sparsify:", URL(fileURLWithPath: path).lastPathComponent, archive.architecture)
      try Self.expectOutputs(of: model, path)
      try model.archive().write(to: scratch.file("copy"), as: .sparsify, replacing: true)
      let again = try #require(
        try Self.load(SAEArchive.read(scratch.file("copy")).archive, "copy"))
      try Self.expectOutputs(of: again, path)
      count += 1
    }
    #expect(count > 0)
  }

  @Test func whatIsReadIsWhatWasTrained() throws {
    let scratch = try ScratchFolder()
    let x = Matrix.random(50, 6, seed: 1)
    let weights: ParameterSet = [
      .encoder: Matrix.random(24, 6, seed: 2), .encoderBias: Matrix.random(1, 24, seed: 3),
      .decoder: Matrix.random(24, 6, seed: 4), .decoderBias: Matrix.random(1, 6, seed: 5),
    ]
    var configuration = MatryoshkaConfiguration.saeLens(meanK: 3, widths: [5, 11])
    configuration.thresholdAverage = ThresholdAverage()
    var trainer = Trainer(
      try MatryoshkaAutoencoder(parameters: weights, configuration: configuration),
      schedule: try .constant(1e-3),
      deadLatents: DeadLatents(latentCount: 24, rule: .never))
    for _ in 0..<3 { _ = try trainer.train(on: x) }
    let model = trainer.model
    try model.save(to: scratch.file("matryoshka"))
    let again = try MatryoshkaAutoencoder.load(scratch.file("matryoshka"))
    #expect(again.prefixes == [5, 11, 24])
    #expect(again.threshold.map { Float($0) } == model.threshold.map { Float($0) })
    expectClose(
      try again.encode(x).dense().array, try model.encode(x).dense().array, tolerance: 1e-5,
      "latents")
    expectClose(
      try again.reconstruct(x).array, try model.reconstruct(x).array, tolerance: 1e-5,
      "reconstruction")
    #expect(throws: FileError.self) {
      try BatchTopKAutoencoder.load(scratch.file("matryoshka"))
    }
    #expect(throws: FileError.self) {
      try TopKAutoencoder.load(scratch.file("matryoshka"))
    }
  }

  @Test func settingsOfFilesAreChecked() throws {
    var archive = SAEArchive(
      SAEArchitecture(.matchingPursuit), inputDimension: 2, outputDimension: 2, latentCount: 3)
    archive.setParameters([
      .decoder: Matrix.random(3, 2, seed: 1), .decoderBias: Matrix(rows: 1, columns: 2),
    ])
    archive.settings["max_iterations"] = .integer(Int.max)
    #expect(throws: FileError.self) {
      try MatchingPursuitAutoencoder(archive)
    }
    archive.settings["max_iterations"] = .null
    #expect(try MatchingPursuitAutoencoder(archive).latentCount == 3)
    var batch = SAEArchive(
      SAEArchitecture(.batchTopK), inputDimension: 2, outputDimension: 2, latentCount: 3)
    for k in ["0", "-1", "NaN", "1e300", "4"] {
      batch.settings["k"] = .number(k)
      #expect(throws: FileError.self) { try BatchTopKAutoencoder(batch) }
    }
  }
}
