import Foundation
import SAECore
import Testing

/// Standard output and error that are closed, full or not read.
@Suite struct StreamTests {
  /// What a shell does with the command's standard error.
  static let lostErrors = [
    "exec \"$0\" \"$@\" 2>/dev/full", "exec \"$0\" \"$@\" 2>&-", "exec \"$0\" \"$@\" 2>&- 0<&-",
    "set -o pipefail; \"$0\" \"$@\" 2>&1 >/dev/null | true",
    "set -o pipefail; \"$0\" \"$@\" 2>&1 >/dev/null | head -n 1",
  ]

  /// Nothing of it is lost, and nothing gets into files.
  @Test(arguments: lostErrors)
  func progressThatNobodyTakesIsDropped(_ shell: String) throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors", tokens: 9000)
    let train = ["train", "--activations", activations, "--out"]
    let reference = try Command(train + [folder.file("r")] + TrainCommandTests.small)
    #expect(reference.status == 0, "\(reference.errors)")
    let run = try Command(
      train + [folder.file("sae"), "--checkpoint-every", "1"] + TrainCommandTests.small,
      shell: shell)
    #expect(run.status == 0, "\(shell)")
    #expect(try folder.weights("sae") == folder.weights("r"))
    let encode = ["encode", "--sae", folder.file("sae"), "--activations", activations, "--out"]
    #expect(try Command(encode + [folder.file("latents")], shell: shell).status == 0, "\(shell)")
    #expect(try Command(encode + [folder.file("others")]).status == 0)
    #expect(
      FileManager.default.contents(atPath: folder.file("latents"))
        == FileManager.default.contents(atPath: folder.file("others")))
  }

  /// Every command that prints results.
  @Test func resultsThatCannotBeWrittenAreAnError() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let sae = folder.file("sae")
    let train = ["train", "--activations", activations, "--out"]
    #expect(try Command(train + [sae] + TrainCommandTests.small).status == 0)
    var number = 0
    func path() -> String {
      number += 1
      return folder.file("new\(number)")
    }
    for closed in ["exec \"$0\" \"$@\" >/dev/full", "exec \"$0\" \"$@\" >&-"] {
      for arguments in [
        ["evaluate", "--sae", sae, "--activations", activations, "--json"],
        ["evaluate", "--sae", sae, "--activations", activations],
        ["compare", "--sae", sae, sae, "--activations", activations, "--json"],
        ["info", sae], ["info", sae, "--json"], ["--help"], ["--version"], ["help", "train"],
        ["encode", "--sae", sae, "--activations", activations, "--out", path()],
        ["convert", sae, path(), "--to", "safetensors"],
        train + [path()] + TrainCommandTests.small,
      ] {
        let run = try Command(arguments, shell: closed)
        #expect(run.status == 1, "\(arguments): \(run.errors)")
        #expect(
          run.errors.split(separator: "\n").count { $0.hasPrefix("Error: standard output") } == 1,
          "\(arguments): \(run.errors)")
        // What was written before stands.
        if number > 0 { #expect(!folder.names.contains { $0.hasPrefix(".") }, "\(folder.names)") }
      }
    }
    for arguments in [["info", sae], ["--help"], ["info", sae, "--json"]] {
      let unread = try Command(
        arguments, shell: "set -o pipefail; sleep 0.3 | { sleep 0.2; \"$0\" \"$@\"; } | true")
      #expect(unread.status == 128 + SIGPIPE, "\(arguments)")
      #expect(unread.errors.isEmpty, "\(unread.errors)")
    }
  }

  /// As bytes, which is what the system's names are.
  @Test(arguments: [
    "exec \"$0\" \"$@\" $'caf\\xe9.npy'", "exec \"$0\" \"$@\" $'\\xff\\xfe'",
    "exec \"$0\" $'\\xc3' \"$@\"",
  ])
  func argumentsThatAreNotUTF8AreRefusedByName(_ shell: String) throws {
    let run = try Command(["info"], shell: shell)
    #expect(run.status == 64, "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    #expect(run.errors.contains("expected UTF-8") && run.errors.contains("\\x"), "\(run.errors)")
  }
}
