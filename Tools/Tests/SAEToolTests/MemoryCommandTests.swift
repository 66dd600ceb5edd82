import Foundation
import SAECore
import Testing

/// More memory than there is, and numbers that no memory holds.
@Suite struct MemoryCommandTests {
  /// Runs a command with 7.6 GiB of addresses, whatever the machine has.
  static let limited = "ulimit -v 8000000 && exec \"$0\" \"$@\""

  /// One line before anything is done, not a trap.
  @Test func whatDoesNotFitIsRefusedInOneLine() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let out = folder.file("sae")
    let train = ["train", "--activations", activations, "--out", out]
    for arguments in [
      ["--latents", "50000000", "--k", "1"], ["--latents", "2000000000", "--k", "1"],
      ["--latents", "4294967295", "--k", "1"],
      ["--latents", "16", "--batch", "2000000000", "--k", "1"],
      ["--latents", "16", "--batch", "2147483647", "--k", "1", "--steps", "1"],
      ["--latents", "2000000000", "--architecture", "gated"],
      ["--latents", "2000000000", "--architecture", "relu", "--batch", "2000000000"],
    ] {
      let run = try Command(train + arguments, shell: Self.limited)
      #expect(run.status == 1, "\(arguments): \(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      #expect(run.errors.contains("at most 7.6 GiB of memory"), "\(run.errors)")
      #expect(run.errors.contains("parameters ") && run.errors.contains("batches "))
    }
    for arguments in [
      ["--latents", "9223372036854775807"], ["--latents", "99999999999999999999999"],
      ["--latents", "8", "--batch", "-1"], ["--latents", "0"],
      ["--latents", "8", "--epochs", "9223372036854775807"],
      ["--latents", "8", "--steps", "9223372036854775808"],
    ] {
      let run = try Command(train + arguments)
      #expect(run.status == 1 || run.status == 64, "\(arguments): \(run.status) \(run.errors)")
      #expect(!run.errors.isEmpty)
    }
    #expect(folder.names == ["a.safetensors"])
  }

  /// Nothing is left behind either.
  @Test func aStudyIsRefusedBeforeItTrains() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors", tokens: 2048)
    let other = try folder.writeActivations("b.safetensors", tokens: 2048)
    let study = [
      "study", "--domain-activations", activations, "--broad-activations", other, "--out",
      folder.file("study"), "--architecture", "topk", "--context", "16",
    ]
    for arguments in [
      ["--latents", "50000000", "--sparsity", "1"],
      ["--latents", "2000000000", "--sparsity", "1"],
      ["--latents", "16", "--sparsity", "1", "--batch", "2000000000"],
    ] {
      let run = try Command(study + arguments, shell: Self.limited)
      #expect(run.status == 1, "\(run.errors)")
      #expect(folder.names == ["a.safetensors", "b.safetensors"])
      #expect(run.errors.contains("GiB of memory"), "\(run.errors)")
      #expect(run.errors.contains("--at-a-time"), "\(run.errors)")
    }
    for arguments in [
      ["--seeds", "2000000000"], ["--seeds", "9223372036854775807"],
      ["--architecture", "gated", "--sparsity", "1e19"],
      ["--architecture", "relu", "--sparsity", "1e300"], ["--sparsity", "1e19"],
      ["--sparsity", "nan"], ["--context", "0"], ["--latents", "-1"],
    ] {
      let run = try Command(study + arguments)
      #expect(run.status == 64, "\(arguments): \(run.status) \(run.errors)")
      #expect(
        run.errors.split(separator: "\n").count { $0.hasPrefix("Error: ") } == 1, "\(run.errors)")
      #expect(run.errors.contains(arguments.last { $0.hasPrefix("--") } ?? ""), "\(run.errors)")
    }
    let context = try Command(study + ["--context", "9223372036854775807"])
    #expect(context.status == 1 || context.status == 64, "\(context.errors)")
  }

  /// Numbers at the ends of what options can say, for whoever reads a model.
  @Test func numbersAtTheEndsDoNotTrap() throws {
    let folder = try ScratchFolder()
    let model = try folder.writeModel()
    let tokens = try folder.writeTokens(count: 70)
    let most = "9223372036854775807"
    let harvest = ["harvest", "--model", model, "--tokens", tokens, "--layer", "1", "--out"]
    for (index, arguments) in [
      ["--sequences", most], ["--tokens-per-shard", most], ["--max-tokens", most],
      ["--context", most], ["--layer", most], ["--sequences", "2000000000"],
    ].enumerated() {
      let run = try Command(harvest + [folder.file("out\(index)"), "--context", "20"] + arguments)
      #expect([0, 1, 64].contains(run.status), "\(arguments): \(run.status) \(run.errors)")
      if run.status == 0 { #expect(arguments[0] != "--context" && arguments[0] != "--layer") }
    }
    let sae = folder.file("sae")
    let train = try Command(
      [
        "train", "--model", model, "--tokens", tokens, "--layer", "1", "--context", "20", "--out",
        sae, "--sequences", "1000000",
      ] + TrainCommandTests.small)
    #expect(train.status == 0, "\(train.errors)")
    let inspect = [
      "inspect", "--sae", sae, "--model", model, "--tokens", tokens, "--context", "20",
    ]
    for arguments in [
      ["--count", most], ["--latents", most], ["--judge-latents", most], ["--context", most],
    ] {
      let run = try Command(
        inspect + ["--out", folder.file("page"), "--force"] + arguments)
      #expect([0, 1, 64].contains(run.status), "\(arguments): \(run.status) \(run.errors)")
    }
    let loss = try Command([
      "loss-recovered", "--sae", sae, "--model", model, "--tokens", tokens, "--layer", "1",
      "--context", "20", "--sequences", most,
    ])
    #expect([0, 1, 64].contains(loss.status), "\(loss.status) \(loss.errors)")
  }
}
