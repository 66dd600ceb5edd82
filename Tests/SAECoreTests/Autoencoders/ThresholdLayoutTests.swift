import Foundation
import Testing

@testable import SAECore

/// Directories that SAELens and Gemma Scope wrote, run by the variants themselves.
@Suite(.enabled(if: FormatFixtures.arePresent)) struct ThresholdLayoutTests {
  static let samples: [String] = {
    let root = FormatFixtures.formats
    let names =
      (try? FileManager.default.contentsOfDirectory(
        atPath: root.appendingPathComponent("saelens").path)) ?? []
    return names.sorted().map { root.appendingPathComponent("saelens/\($0)").path }.filter {
      FileManager.default.fileExists(atPath: "\($0)/io.safetensors")
    } + FormatFixtures.files("gemma_scope", ending: ".npz")
  }()

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

  @Test(arguments: samples) func sampleGivesItsOutputs(_ path: String) throws {
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
    let reconstruction = try scaled.restored(model.decode(latents))
    expectClose(
      reconstruction.array, try io.tensor("recon").floats(), tolerance: 1e-5, "reconstruction")
  }
}
