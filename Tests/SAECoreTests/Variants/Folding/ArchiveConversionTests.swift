import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Every sample that the peers wrote, run from its archive and after conversion.
@Suite struct ArchiveConversionTests {
  static func samples() throws -> [String] {
    let folders = try ["saelens", "sparsify", "gemma_scope"].flatMap {
      try Fixtures.folders(in: "formats/\($0)", holding: "io.safetensors")
    }
    return try folders + Fixtures.files(in: "formats/gemma_scope", ending: ".npz")
  }

  private func io(_ path: String) throws -> SafetensorsFile {
    let folder =
      path.hasSuffix(".npz") ? URL(fileURLWithPath: path).deletingLastPathComponent().path : path
    return try SafetensorsFile("\(folder)/io.safetensors")
  }

  /// The autoencoder of an archive, nil where this library has none.
  private func model(_ archive: SAEArchive, _ path: String) throws -> (any SparseAutoencoder)? {
    guard archive.architecture.activation != .temporal else {
      #expect(throws: FileError.self) { try archive.autoencoder() }
      return nil
    }
    return try archive.autoencoder()
  }

  @Test(arguments: try samples()) func sampleRuns(_ path: String) throws {
    let archive = try SAEArchive.read(path).archive
    // Checkpoints hold what training selected over the batch, which is not how they are run.
    let activation = archive.architecture.activation
    guard activation != .batchTopK, activation != .matryoshkaBatchTopK else { return }
    guard let model = try model(archive, path) else { return }
    print("run:", path.split(separator: "/").suffix(2).joined(separator: "/"))
    let io = try io(path)
    // Of checkpoints the values are those of activations that are scaled already.
    let scale = Float(archive.activationScale ?? 1)
    var x = try io.tensor("x").matrix()
    x.scale(by: 1 / scale)
    let latents = try model.encode(x)
    expectClose(
      latents.dense().array, try io.tensor("latents").floats(), tolerance: 1e-5, "latents")
    let expected = try io.tensor("recon").floats().map { $0 / scale }
    expectClose(
      try model.reconstruct(x).array, expected, tolerance: 1e-5, "reconstruction")
    expectClose(
      try model.reconstruct(x, from: latents).array, expected, tolerance: 1e-5, "reconstruction")
  }

  @Test(arguments: try samples()) func conversionsGiveTheSameOutputs(_ path: String) throws {
    let archive = try SAEArchive.read(path).archive
    guard let model = try model(archive, path) else { return }
    let x = try io(path).tensor("x").matrix()
    let scratch = try ScratchFolder()
    for layout in SAELayout.allCases {
      let out = scratch.file(layout.rawValue)
      do {
        try archive.expressed(in: layout).write(to: out, as: layout)
      } catch {
        guard case .notRepresentable = error else { throw error }
        #expect(!FileManager.default.fileExists(atPath: out))
        continue
      }
      print("convert:", path.split(separator: "/").suffix(2).joined(separator: "/"), "to", layout)
      let again = try SAEArchive.read(out).archive
      let converted = try again.autoencoder()
      let (before, after) = (try model.encode(x), try converted.encode(x))
      #expect(before.rowOffsets == after.rowOffsets && before.indices == after.indices)
      expectClose(
        try converted.reconstruct(x).array, try model.reconstruct(x).array, tolerance: 1e-5,
        "reconstruction")
      expectClose(after.values, before.values, tolerance: 1e-5, "latents")
    }
  }

  /// Width 2, one token (3, 4) of norm 5: at norm √2 it is (3, 4)·√2/5, and as a layer norm has it,
  /// with mean 3.5 and deviation √½, (−1, 1)·√½.
  @Test(arguments: [SAEArchive.InputNormalization.constantNorm, .layerNorm])
  func tokensAreScaledAndBroughtBack(_ normalization: SAEArchive.InputNormalization) throws {
    var archive = SAEArchive(
      SAEArchitecture(.topK), inputDimension: 2, outputDimension: 2, latentCount: 2)
    archive.settings["k"] = .integer(2)
    archive.settings[SAEArchive.rescaling] = .bool(false)
    archive.inputNormalization = normalization
    let identity = Matrix(rows: 2, columns: 2, values: [1, 0, 0, 1])
    archive.parameters["W_enc"] = .init(identity)
    archive.parameters["W_dec"] = .init(identity)
    for name in ["b_enc", "b_dec"] {
      archive.parameters[name] = .init(Matrix(rows: 1, columns: 2), isVector: true)
    }
    let model = try archive.autoencoder()
    #expect(model is NormalizedAutoencoder<TopKAutoencoder> && model.archive() == archive)
    let x = Matrix(rows: 1, columns: 2, values: [3, 4])
    let root = Float(2).squareRoot()
    if normalization == .constantNorm {
      expectClose(
        try model.encode(x).dense().array, [3 * root / 5, 4 * root / 5], tolerance: 1e-6, "latents")
      expectClose(try model.reconstruct(x).array, [3, 4], tolerance: 1e-5, "reconstruction")
    } else {
      // ReLU leaves the second: 3.5 + √½ · (0, √½), the divisor of the variance being width − 1.
      expectClose(
        try model.encode(x).dense().array, [0, root / 2], tolerance: 1e-4, "latents")
      expectClose(try model.reconstruct(x).array, [3.5, 4], tolerance: 1e-4, "reconstruction")
    }
    archive.architecture = SAEArchitecture(.topK, isTranscoder: true)
    #expect(throws: FileError.self) { try archive.autoencoder() }
  }
}
