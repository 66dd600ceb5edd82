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

  /// What is certain at half of the steps is said then, and once more at the end.
  @Test func warningsAreSaidOnceWhileItRunsAndAtTheEnd() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let run = try Command([
      "train", "--activations", activations, "--out", folder.file("sae"), "--steps", "60",
      "--latents", "2000", "--k", "1", "--batch", "20", "--lr", "1e-5",
    ])
    #expect(run.status == 0, "\(run.errors)")
    let lines = run.errors.split(separator: "\n")
    let early = lines.filter { $0.hasPrefix("warning: at step 30: ") }
    let late = lines.filter { $0.hasPrefix("warning: ") && !$0.hasPrefix("warning: at step") }
    #expect(early.count { $0.contains("of 2000 latents are dead") } == 1, "\(run.errors)")
    #expect(late.count { $0.contains("of 2000 latents are dead") } == 1, "\(run.errors)")
    #expect(lines.last == late.last, "\(run.errors)")
    let sound = try Command([
      "train", "--activations", activations, "--out", folder.file("sound"), "--steps", "300",
      "--latents", "16", "--k", "4", "--batch", "64",
    ])
    #expect(sound.status == 0)
    #expect(!sound.errors.contains("warning"), "\(sound.errors)")
  }

  /// Where no latent is active, the advice is about that, and no count of dead ones looks like praise.
  @Test func aRunInWhichHardlyALatentIsActive() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let run = try Command([
      "train", "--activations", activations, "--out", folder.file("sae"), "--steps", "200",
      "--latents", "16", "--batch", "64", "--architecture", "relu", "--sparsity", "1e5", "--lr",
      "0.01",
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("latent is active"), "\(run.errors)")
    #expect(run.errors.contains("(--sparsity, --lr)"), "\(run.errors)")
    #expect(!run.errors.contains("fraction of variance explained is"), "\(run.errors)")
    #expect(!run.errors.contains("L0 0.0  dead 0"), "\(run.errors)")
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
