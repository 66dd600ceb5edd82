import Foundation
import SAECore
import Testing

/// Rows that are NaN, of tokens that are to be left out, or missing.
@Suite struct RowCommandTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func json(_ arguments: [String]) throws -> [String: Any] {
    let run = try Command(arguments + ["--json"])
    #expect(run.status == 0, "\(arguments): \(run.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  /// Three shards of 300 rows, the second with NaN in row 17.
  private func shards(_ name: String, hasNaN: Bool = true) throws -> String {
    try FileManager.default.createDirectory(
      atPath: folder.file(name), withIntermediateDirectories: true)
    for (index, shard) in ["a", "b", "c"].enumerated() {
      _ = try folder.writeActivations("\(name)/\(shard).safetensors", tokens: 300) { rows in
        rows.scale(by: Float(1 + index))
        if shard == "b", hasNaN { rows[17, 3] = .nan }
      }
    }
    return folder.file(name)
  }

  @Test func aNaNIsNamedByFileAndRow() throws {
    let shards = try shards("shards")
    let good = try self.shards("good", hasNaN: false)
    let sae = folder.file("sae")
    let train = ["train", "--out", folder.file("bad")] + TrainCommandTests.small
    let trained = try Command(
      ["train", "--activations", good, "--out", sae] + TrainCommandTests.small)
    #expect(trained.status == 0, "\(trained.errors)")
    let latents = folder.file("z.safetensors")
    for command in [
      train, ["evaluate", "--sae", sae], ["compare", "--sae", sae, sae],
      ["encode", "--sae", sae, "--out", latents],
      ["evaluate", "--sae", sae, "--linear-residual"],
    ] {
      let run = try Command(command + ["--activations", shards])
      #expect(run.status == 1, "\(command)")
      #expect(
        run.errors.contains(
          "\(shards)/b.safetensors: tensor \"activations\": row 17, column 3: expected finite numbers, "
            + "found NaN"), "\(command): \(run.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: latents))
    #expect(!FileManager.default.fileExists(atPath: folder.file("bad")))
  }

  /// Left out, it is as if the row had never been there: the same bits, also after an interruption.
  @Test func aRowIsLeftOut() throws {
    let shards = try shards("shards")
    let whole = try Command(
      ["train", "--activations", shards, "--skip-nonfinite", "--out", folder.file("left")]
        + TrainCommandTests.small)
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(whole.output.contains("rows left out, not finite: 1"), "\(whole.output)")
    let metadata = try SAEArchive.read(folder.file("left")).archive.metadata
    #expect(metadata["rows_left_out_not_finite"] == .integer(1))
    // The same rows in files without it.
    let rows = try ActivationFiles(shards)
    let kept = SelectedActivations(rows, [0..<317, 318..<900])
    var writer = try SafetensorsWriter(
      folder.file("kept.safetensors"), [TensorDeclaration("activations", .f32, [899, 8])])
    try writer.append(kept.matrix(rows: 0..<899), to: "activations")
    try writer.finish()
    let plain = try Command(
      ["train", "--activations", folder.file("kept.safetensors"), "--out", folder.file("plain")]
        + TrainCommandTests.small)
    #expect(plain.status == 0)
    #expect(try folder.weights("left") == folder.weights("plain"))
    let part = try Command(
      [
        "train", "--activations", shards, "--skip-nonfinite", "--out", folder.file("part"),
        "--checkpoint-every", "10",
      ] + TrainCommandTests.small)
    #expect(part.status == 0)
    let resumed = try Command([
      "train", "--resume", folder.file("part.checkpoints/step-000000000010"), "--out",
      folder.file("resumed"),
    ])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.weights("resumed") == folder.weights("left"))
    let facts = try json([
      "evaluate", "--sae", folder.file("left"), "--activations", shards, "--skip-nonfinite",
    ])
    let others = try json([
      "evaluate", "--sae", folder.file("left"), "--activations", folder.file("kept.safetensors"),
    ])
    #expect(facts["tokens"] as? Int == 899)
    #expect((facts["left_out"] as? [String: Int])?["not_finite"] == 1)
    #expect(
      facts["fraction_of_variance_explained"] as? Double
        == others["fraction_of_variance_explained"] as? Double)
    let table = try Command([
      "compare", "--sae", folder.file("left"), folder.file("left"), "--activations", shards,
      "--skip-nonfinite",
    ])
    #expect(table.status == 0 && table.output.contains("rows left out, not finite"))
  }

  /// Tokens that are left out have no rows in a harvest, none in training, none in figures.
  @Test func tokensAreLeftOut() throws {
    let model = try folder.writeModel()
    let tokens = try folder.writeTokens(count: 400) { ids in
      for index in stride(from: 0, to: 400, by: 5) { ids[index] = 0 }
      for index in 40..<60 { ids[index] = 0 }
    }
    func harvest(_ out: String, _ more: [String]) throws -> String {
      let run = try Command(
        [
          "harvest", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20",
          "--dtype", "f32", "--out", folder.file(out),
        ] + more)
      #expect(run.status == 0, "\(run.errors)")
      return folder.file(out)
    }
    let all = try harvest("all", [])
    let some = try harvest("some", ["--skip-tokens", "0"])
    let kept = try ActivationFiles(some).tokens
    #expect(kept == 400 - 80 - 16)
    let trainers = [
      ["--activations", some],
      ["--activations", all, "--tokens", tokens, "--skip-tokens", "0"],
      [
        "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20", "--skip-tokens",
        "0",
      ],
    ]
    for (index, input) in trainers.enumerated() {
      let run = try Command(
        ["train", "--out", folder.file("sae\(index)")] + input + TrainCommandTests.small)
      #expect(run.status == 0, "\(run.errors)")
      let metadata = try SAEArchive.read(folder.file("sae\(index)")).archive.metadata
      if index > 0 { #expect(metadata["skipped_tokens"] == .string("0")) }
    }
    // The same rows in the same order.
    #expect(try folder.weights("sae0") == folder.weights("sae1"))
    let sae = folder.file("sae0")
    let direct = try json(["evaluate", "--sae", sae, "--activations", some])
    let masked = try json([
      "evaluate", "--sae", sae, "--activations", all, "--tokens", tokens, "--skip-tokens", "0",
    ])
    #expect(direct["tokens"] as? Int == kept && masked["tokens"] as? Int == kept)
    #expect((masked["left_out"] as? [String: Int])?["tokens"] == 96)
    #expect(
      masked["fraction_of_variance_explained"] as? Double
        == direct["fraction_of_variance_explained"] as? Double)
    // Rows of that harvest belong to tokens no longer.
    let misaligned = try Command([
      "evaluate", "--sae", sae, "--activations", some, "--tokens", tokens, "--skip-tokens", "3",
    ])
    #expect(misaligned.status == 1)
    #expect(misaligned.errors.contains("none for the tokens 0"), "\(misaligned.errors)")
    let loss = ["loss-recovered", "--model", model, "--sae", sae, "--tokens", tokens]
    let with = try json(loss)
    let without = try json(loss + ["--skip-tokens", "0"])
    #expect(
      try #require(without["predictions"] as? Int) < #require(with["predictions"] as? Int))
    #expect(
      try #require((without["autoencoders"] as? [[String: Any]])?.first)["l0"] as? Double != nil)
  }

  /// A harvest of which shards are missing is said, once; where rows have to be those of tokens it is
  /// refused.
  @Test func anUnfinishedHarvest() throws {
    let model = try folder.writeModel()
    let tokens = try folder.writeTokens(count: 400)
    let run = try Command([
      "harvest", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20",
      "--tokens-per-shard", "50", "--out", folder.file("shards"),
    ])
    #expect(run.status == 0, "\(run.errors)")
    let shards = folder.file("shards")
    for (removed, rows) in [(2, "rows 100 to 149"), (7, "rows 100 to 149, 350 to 399")] {
      try FileManager.default.removeItem(atPath: "\(shards)/activations-0000\(removed).safetensors")
      let files = try FileManager.default.contentsOfDirectory(atPath: shards).sorted().map {
        "\(shards)/\($0)"
      }
      for (index, input) in [[shards], files].enumerated() {
        let train = try Command(
          ["train", "--out", folder.file("sae\(removed)\(index)"), "--activations"] + input
            + TrainCommandTests.small)
        #expect(train.status == 0, "\(train.errors)")
        let notes = train.errors.split(separator: "\n").filter {
          $0.contains("rows of the harvest")
        }
        #expect(notes.count == 1 && notes[0].contains(rows), "\(train.errors)")
        let refused = try Command(
          [
            "evaluate", "--sae", folder.file("sae\(removed)\(index)"), "--tokens", tokens,
            "--skip-tokens", "0", "--activations",
          ] + input)
        #expect(refused.status == 1 && refused.errors.contains(rows), "\(refused.errors)")
      }
    }
  }

  @Test func figuresAtTheEnds() throws {
    for (scale, text) in [(Float(1e20), "e+20"), (1e-38, "e-38")] {
      let path = try folder.writeActivations("a.safetensors") { $0.scale(by: scale) }
      let info = try Command(["info", path])
      #expect(info.status == 0)
      let line = info.output.split(separator: "\n").first { $0.hasPrefix("mean norm") }
      #expect(line?.hasSuffix(text) == true, "\(info.output)")
      #expect(!info.output.contains("infinit") && !info.output.contains("not finite"))
    }
  }
}
