import Foundation
import SAECore
import Testing

/// Runs that go beyond any sense end with an error and leave a state from before.
@Suite struct DivergenceCommandTests {
  static let small = ["--latents", "48", "--k", "4", "--batch", "64"]

  @Test(arguments: [[], ["--checkpoint-every", "5"]])
  func aRunThatDivergesIsAnError(_ checkpointing: [String]) throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let run = try Command(
      [
        "train", "--activations", activations, "--out", folder.file("sae"), "--steps", "200",
        "--lr", "10",
      ] + Self.small + checkpointing)
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.errorLines.count == 1, "\(run.errors)")
    for word in ["step ", "learning rate", "normalization", "kept in"] {
      #expect(run.errors.contains(word), "\(word): \(run.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("sae")))
    let kept = try CheckpointFolder(folder.file("sae.checkpoints")).checkpoints
    #expect(kept.contains { run.errors.contains($0) }, "\(run.errors)")
    for path in kept { _ = try TrainingCheckpoint(contentsOf: path) }
  }

  /// What nobody asked for goes with the end of the run, and is there before.
  @Test func aSoundRunLeavesNoCheckpointThatNobodyAskedFor() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let run = try Command(
      ["train", "--activations", activations, "--out", folder.file("sae"), "--steps", "300"]
        + Self.small)
    #expect(run.status == 0, "\(run.errors)")
    #expect(folder.names == ["a.safetensors", "sae"])
  }

  /// An exchanged file of equal length is another run's.
  @Test func aRunDoesNotGoOnOnOtherActivations() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let begun = try Command(
      [
        "train", "--activations", activations, "--out", folder.file("sae"), "--steps", "20",
        "--checkpoint-every", "10",
      ] + Self.small)
    #expect(begun.status == 0, "\(begun.errors)")
    let resume = ["train", "--resume", folder.file("sae.checkpoints"), "--out", folder.file("b")]
    let same = try folder.writeActivations("same.safetensors")
    #expect(try Command(resume + ["--activations", same]).status == 0)
    let other = try folder.writeActivations("other.safetensors") { $0.scale(by: 1.001) }
    let refused = try Command(resume + ["--activations", other, "--force"])
    #expect(refused.status == 1 && refused.errors.contains("checksum"), "\(refused.errors)")
  }
}
