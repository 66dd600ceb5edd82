import Foundation
import SAECore
import Testing

/// `info`, `convert` and `encode`.
@Suite struct FileCommandTests {
  private func json(_ command: Command) throws -> [String: Any] {
    #expect(command.status == 0, "\(command.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(command.output.utf8)) as? [String: Any])
  }

  /// A random autoencoder, written as a directory.
  private func write(
    _ architecture: SAEArchitecture, to path: String, edit: (inout SAEArchive) -> Void = { _ in }
  ) throws -> SAEArchive {
    var generator = RandomGenerator(seed: 5)
    func random(_ rows: Int, _ columns: Int) -> Matrix {
      Matrix(rows: rows, columns: columns) { _, _ in Float(generator.gaussian()) }
    }
    var archive = SAEArchive(
      architecture, inputDimension: 8, outputDimension: 8, latentCount: 24)
    archive.parameters["W_enc"] = .init(random(24, 8))
    archive.parameters["W_dec"] = .init(random(24, 8))
    for (name, count) in [("b_enc", 24), ("b_dec", 8)] {
      archive.parameters[name] = .init(random(1, count), isVector: true)
    }
    if architecture.activation == .topK { archive.settings["k"] = .integer(3) }
    if architecture.activation == .jumpReLU {
      archive.parameters["threshold"] = .init(
        Matrix(rows: 1, columns: 24, repeating: 0.5), isVector: true)
    }
    edit(&archive)
    try archive.write(to: path)
    return archive
  }

  @Test func infoOfAnAutoencoder() throws {
    let folder = try ScratchFolder()
    _ = try write(SAEArchitecture(.topK), to: folder.file("sae")) {
      $0.metadata["hook_name"] = .string("blocks.3.hook_resid_post")
    }
    let facts = try json(Command(["info", folder.file("sae"), "--json"]))
    #expect(facts["kind"] as? String == "sparse autoencoder")
    #expect(facts["bytes"] as? Int ?? 0 > 24 * 8 * 2 * 4)
    let autoencoder = try #require(facts["autoencoder"] as? [String: Any])
    #expect(autoencoder["layout"] as? String == "saelens")
    #expect(autoencoder["architecture"] as? String == "topk")
    #expect(autoencoder["latents"] as? Int == 24)
    #expect(autoencoder["input_dimension"] as? Int == 8)
    #expect((autoencoder["settings"] as? [String: Any])?["k"] as? Int == 3)
    #expect((autoencoder["parameters"] as? [[String: Any]])?.count == 4)
    let text = try Command(["info", folder.file("sae")])
    for word in ["topk", "saelens", "blocks.3.hook_resid_post", "24 × 8", "F32"] {
      #expect(text.output.contains(word), "\(text.output)")
    }
  }

  @Test func infoOfActivationsCountsWhatIsNotFinite() throws {
    let folder = try ScratchFolder()
    let shards = folder.file("shards")
    try FileManager.default.createDirectory(atPath: shards, withIntermediateDirectories: true)
    // Norms 5 and 0; then a NaN, an infinity, and a norm that float32 cannot square.
    _ = try folder.writeActivations("shards/a.safetensors", tokens: 2, width: 2) {
      $0 = Matrix(rows: 2, columns: 2, values: [3, 4, 0, 0])
    }
    _ = try folder.writeActivations("shards/b.safetensors", tokens: 3, width: 2, type: .f32) {
      $0 = Matrix(rows: 3, columns: 2, values: [.nan, .nan, 1, .infinity, 3e30, 4e30])
    }
    let facts = try json(Command(["info", shards, "--json"]))
    #expect(facts["kind"] as? String == "activations")
    let activations = try #require(facts["activations"] as? [String: Any])
    #expect(activations["files"] as? Int == 2 && activations["rows"] as? Int == 5)
    #expect(activations["width"] as? Int == 2)
    #expect(activations["nan_count"] as? Int == 2)
    #expect(activations["infinity_count"] as? Int == 1)
    #expect(activations["non_finite_rows"] as? Int == 2)
    let mean = try #require(activations["mean_norm"] as? Double)
    #expect(abs(mean - 5e30 / 3) <= 1e-6 * 5e30)
    let one = try Command(["info", "\(shards)/a.safetensors"])
    #expect(one.output.contains("safetensors file") && one.output.contains("2.5000"))
  }

  @Test func infoSaysWhatIsWrong() throws {
    let folder = try ScratchFolder()
    let text = folder.file("notes.txt")
    try Data("not a tensor".utf8).write(to: URL(fileURLWithPath: text))
    let empty = folder.file("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let good = try folder.writeActivations("good.safetensors")
    let truncated = folder.file("truncated.safetensors")
    let bytes = try #require(FileManager.default.contents(atPath: good))
    try bytes.prefix(bytes.count - 4).write(to: URL(fileURLWithPath: truncated))
    for (path, words) in [
      (text, ["notes.txt", "found text that begins \"not a tensor\""]),
      (empty, ["empty", "SAELens", "activations"]),
      (truncated, ["truncated", "expected", "found"]), (folder.file("none"), ["none", "nothing"]),
    ] {
      let run = try Command(["info", path])
      #expect(run.status == 1 && run.output.isEmpty)
      #expect(run.errorLines.count == 1, "\(run.errors)")
      for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
    }
  }

  /// Reconstructions stay the same in every layout, and the support of the latents.
  @Test(arguments: [
    (SAEArchitecture.Activation.relu, "gemma-scope"), (.jumpReLU, "gemma-scope"),
    (.jumpReLU, "saelens"), (.topK, "sparsify"), (.topK, "saelens"),
  ])
  func conversionKeepsReconstructions(
    _ activation: SAEArchitecture.Activation, _ layout: String
  ) throws {
    let folder = try ScratchFolder()
    let original = try write(SAEArchitecture(activation), to: folder.file("in")) {
      if activation == .topK {
        $0.settings["rescale_acts_by_decoder_norm"] = .bool(true)
        $0.subtractsDecoderBias = false
      }
      $0.activationScale = 0.75
    }
    let out = folder.file("out")
    let run = try Command(["convert", folder.file("in"), out, "--to", layout])
    #expect(run.status == 0, "\(run.errors)")
    let (archive, found) = try SAEArchive.read(out)
    #expect(found.rawValue == layout)
    var generator = RandomGenerator(seed: 9)
    let x = Matrix(rows: 50, columns: 8) { _, _ in Float(2 * generator.gaussian()) }
    let before = try original.foldingActivationScale().autoencoder()
    let after = try archive.foldingActivationScale().autoencoder()
    let ((a, y), (b, z)) = (try before.run(x), try after.run(x))
    #expect(a.rowOffsets == b.rowOffsets && a.indices == b.indices)
    for (left, right) in zip(y.array, z.array) {
      #expect(abs(left - right) <= 1e-5 * max(1, abs(left)))
    }
  }

  @Test func whatALayoutCannotHoldIsRefused() throws {
    let folder = try ScratchFolder()
    _ = try write(SAEArchitecture(.topK), to: folder.file("in"))
    let run = try Command(["convert", folder.file("in"), folder.file("out"), "--to", "gemma-scope"])
    #expect(run.status == 1)
    #expect(run.errors.contains("Gemma Scope cannot hold a topk"), "\(run.errors)")
    #expect(folder.names == ["in"])
    let usage = try Command(["convert", folder.file("in"), folder.file("out"), "--to", "onnx"])
    #expect(usage.status == 64)
  }

  @Test func nothingIsReplaced() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    _ = try write(SAEArchitecture(.topK), to: folder.file("in"))
    let kept = folder.file("kept")
    try Data("mine".utf8).write(to: URL(fileURLWithPath: kept))
    for arguments in [
      ["convert", folder.file("in"), kept, "--to", "saelens"],
      ["convert", activations, kept, "--to", "safetensors"],
      ["encode", "--sae", folder.file("in"), "--activations", activations, "--out", kept],
    ] {
      let run = try Command(arguments)
      #expect(run.status == 1 && run.errorLines.count == 1)
      #expect(run.errors.contains("kept: expected no such"), "\(run.errors)")
      #expect(FileManager.default.contents(atPath: kept) == Data("mine".utf8))
    }
  }

  @Test func arraysBecomeTensors() throws {
    let folder = try ScratchFolder()
    let declarations = [
      TensorDeclaration("x", .f16, [3, 2]), TensorDeclaration("n", .i32, [2]),
    ]
    var writer = try NpzWriter(folder.file("a.npz"), declarations)
    try writer.append([1, 2, 3, 4, 5, 6.5] as [Float], to: "x")
    try writer.append([7, -8] as [Int], to: "n")
    try writer.finish()
    let out = folder.file("a.safetensors")
    let run = try Command(["convert", folder.file("a.npz"), out, "--to", "safetensors"])
    #expect(run.status == 0, "\(run.errors)")
    let file = try SafetensorsFile(out)
    #expect(try file.tensor("x").type == .f16 && file.tensor("x").shape == [3, 2])
    #expect(try file.tensor("x").floats() == [1, 2, 3, 4, 5, 6.5])
    #expect(try file.tensor("n").integers() == [7, -8])
    _ = try write(SAEArchitecture(.jumpReLU), to: folder.file("sae"))
    let weights = folder.file("weights.safetensors")
    let sae = try Command(["convert", folder.file("sae"), weights, "--to", "safetensors"])
    #expect(sae.status == 0, "\(sae.errors)")
    #expect(
      try SafetensorsFile(weights).tensors.map(\.name).sorted()
        == ["W_dec", "W_enc", "b_dec", "b_enc", "threshold"])
  }

  @Test func latentsComeBackFromTheirFile() throws {
    let folder = try ScratchFolder()
    // More tokens than a batch of the command has.
    let activations = try folder.writeActivations("a.safetensors", tokens: 5000)
    let archive = try write(SAEArchitecture(.topK), to: folder.file("sae"))
    let out = folder.file("latents.safetensors")
    let facts = try json(
      Command(
        [
          "encode", "--sae", folder.file("sae"), "--activations", activations, "--out", out,
          "--json",
        ]))
    let file = try SparseLatentsFile(out)
    #expect(file.tokens == 5000 && file.latentCount == 24)
    #expect(facts["entries"] as? Int == file.entryCount)
    let x = try SafetensorsFile(activations).tensors[0].matrix()
    #expect(try file.latents(tokens: 0..<5000) == archive.autoencoder().encode(x))
    let info = try Command(["info", out])
    #expect(info.output.contains("sparse latents") && info.output.contains("topk"))
    #expect(folder.names == ["a.safetensors", "latents.safetensors", "sae"])
    let wrong = try folder.writeActivations("w.safetensors", width: 9)
    let refused = try Command(
      ["encode", "--sae", folder.file("sae"), "--activations", wrong, "--out", folder.file("no")])
    #expect(refused.status == 1 && refused.errors.contains("width 8, found 9"))
  }
}
