import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Directories that SAELens and Gemma Scope wrote, run by the variants themselves.
@Suite struct ThresholdLayoutTests {
  static func samples() throws -> [String] {
    try Fixtures.folders(in: "formats/saelens", holding: "io.safetensors")
      + Fixtures.files(in: "formats/gemma_scope", ending: ".npz")
  }

  private static func model(
    _ archive: SAEArchive, _ path: String
  ) throws -> (any SparseAutoencoder)? {
    switch archive.architecture {
    case SAEArchitecture(.relu): try ReLUAutoencoder(archive)
    case SAEArchitecture(.jumpReLU): try JumpReLUAutoencoder(archive)
    case SAEArchitecture(.gated): try GatedAutoencoder(archive)
    default: nil
    }
  }

  @Test(arguments: try samples()) func sampleGivesItsOutputs(_ path: String) throws {
    var archive = try SAEArchive.read(path).archive
    let scaling: ActivationScaling
    switch archive.inputNormalization {
    case .layerNorm: scaling = .layerNorm
    case .constantNorm: scaling = .constantNorm
    default: scaling = .identity
    }
    archive.inputNormalization = .none
    // Of checkpoints the values are those of activations that are scaled already.
    archive.activationScale = nil
    guard let model = try Self.model(archive, path) else { return }
    print("run:", path.split(separator: "/").suffix(2).joined(separator: "/"))
    let folder =
      path.hasSuffix(".npz") ? URL(fileURLWithPath: path).deletingLastPathComponent().path : path
    let io = try SafetensorsFile("\(folder)/io.safetensors")
    let scaled = try scaling.scale(io.tensor("x").matrix())
    let latents = try model.encode(scaled.activations)
    // As the samples were computed, some in half precision.
    expectClose(
      latents.dense().array, try io.tensor("latents").floats(), tolerance: 1e-5, "latents")
    let reconstruction = try scaled.restored(
      model.reconstruct(scaled.activations, from: latents))
    expectClose(
      reconstruction.array, try io.tensor("recon").floats(), tolerance: 1e-5, "reconstruction")
  }
}
