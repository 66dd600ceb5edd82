import Foundation
import SAECore
import Testing

/// Variables that ask for what there is not.
@Suite struct EnvironmentTests {
  @Test(arguments: [
    ("SAE_KERNELS", "sse"), ("SAE_KERNELS", ""), ("SAE_KERNELS", "AVX2"), ("SAE_KERNELS", "neon"),
    ("SAE_NUM_THREADS", "abc"), ("SAE_NUM_THREADS", "0"), ("SAE_NUM_THREADS", "-1"),
    ("SAE_NUM_THREADS", ""), ("SAE_NUM_THREADS", "1000000"), ("SAE_NUM_THREADS", "2.5"),
    ("SAE_NUM_THREADS", "99999999999999999999999"),
  ])
  func nonsenseIsRefusedInOneLine(_ name: String, _ value: String) throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    for arguments in [
      ["info", activations],
      ["train", "--activations", activations, "--out", folder.file("sae")]
        + TrainCommandTests.small,
    ] {
      let run = try Command(arguments, shell: "\(name)='\(value)' exec \"$0\" \"$@\"")
      #expect(run.status == 64, "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
      #expect(run.errors.contains("\(name): expected"), "\(run.errors)")
      #expect(run.errors.contains("found \"\(value)\""), "\(run.errors)")
      #expect(run.output.isEmpty)
    }
    #expect(folder.names == ["a.safetensors"])
  }

  @Test func whatMakesSenseIsObeyed() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let run = try Command(
      ["train", "--activations", activations, "--out", folder.file("sae")]
        + TrainCommandTests.small,
      shell: "SAE_KERNELS=portable SAE_NUM_THREADS=3 exec \"$0\" \"$@\"")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("portable kernels on 3 threads"), "\(run.output)")
  }
}
