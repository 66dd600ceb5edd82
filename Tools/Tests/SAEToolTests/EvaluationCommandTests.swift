import Foundation
import SAECore
import Testing

/// `evaluate` and `compare`.
@Suite struct EvaluationCommandTests {
  private func json(_ command: Command) throws -> [String: Any] {
    #expect(command.status == 0, "\(command.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(command.output.utf8)) as? [String: Any])
  }

  /// An autoencoder whose dictionary is the axes of 8 dimensions, each active where it is largest, and
  /// their opposites, in another order for another seed.
  private func writeAxes(_ path: String, k: Int, scale: Float = 1, rotated: Int = 0) throws {
    var archive = SAEArchive(
      SAEArchitecture(.topK), inputDimension: 8, outputDimension: 8, latentCount: 16)
    archive.settings["k"] = .integer(k)
    let rows = Matrix(rows: 16, columns: 8) { row, column in
      let axis = (row + rotated) % 16
      return axis / 2 == column ? (axis % 2 == 0 ? 1 : -1) : 0
    }
    var decoder = rows
    decoder.scale(by: scale)
    archive.parameters["W_enc"] = .init(rows)
    archive.parameters["W_dec"] = .init(decoder)
    archive.parameters["b_enc"] = .init(Matrix(rows: 1, columns: 16), isVector: true)
    archive.parameters["b_dec"] = .init(Matrix(rows: 1, columns: 8), isVector: true)
    try archive.write(to: path)
  }

  @Test func intervalsAndTheLinearResidual() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors", tokens: 2000)
    // All of x is kept and halved: the error is x/2, which is linear, and 3/4 of the variance is
    // explained.
    try writeAxes(folder.file("half"), k: 8, scale: 0.5)
    let facts = try json(
      Command([
        "evaluate", "--sae", folder.file("half"), "--activations", activations,
        "--linear-residual", "--json",
      ]))
    let explained = try #require(facts["fraction_of_variance_explained"] as? Double)
    #expect(abs(explained - 0.75) < 0.001)
    #expect(facts["tokens"] as? Int == 2000 - 1152 && facts["l0"] as? Double == 8)
    let intervals = try #require(facts["intervals"] as? [String: [String: Double]])
    let interval = try #require(intervals["fraction_of_variance_explained"])
    #expect(try #require(interval["lower"]) <= explained)
    #expect(try #require(interval["upper"]) >= explained)
    let dark = try #require(facts["dark_matter"] as? [String: Any])
    #expect(dark["training_tokens"] as? Int == 1152)
    #expect(try #require(dark["linear_share"] as? Double) > 0.99999)
    // ‖x/2‖² is a function of ‖x‖, and nearly a line over the norms that there are.
    #expect(try #require(facts["error_norm_by_activation_norm"] as? Double) > 0.9)
    let text = try Command([
      "evaluate", "--sae", folder.file("half"), "--activations", activations, "--linear-residual",
    ])
    for word in ["L0", "linear share of the error", "by the norm alone", "…", "0.7"] {
      #expect(text.output.contains(word), "\(text.output)")
    }
    let short = try folder.writeActivations("short.safetensors", tokens: 100)
    let few = try Command([
      "evaluate", "--sae", folder.file("half"), "--activations", short, "--linear-residual",
    ])
    #expect(few.status == 1 && few.errors.contains("214 tokens, to fit"), "\(few.errors)")
  }

  @Test func whatIsNotFiniteIsSaid() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors") { $0[5, 1] = .nan }
    try writeAxes(folder.file("sae"), k: 2)
    let refused = try Command([
      "evaluate", "--sae", folder.file("sae"), "--activations", activations,
    ])
    #expect(refused.status == 1 && refused.errors.contains("row 5, column 1"), "\(refused.errors)")
    // A reconstruction that float32 has no room for.
    let large = try folder.writeActivations("b.safetensors") { $0[5, 1] = 3e38 }
    try writeAxes(folder.file("loud"), k: 2, scale: 100)
    let facts = try json(
      Command(["evaluate", "--sae", folder.file("loud"), "--activations", large, "--json"]))
    #expect(facts["non_finite_tokens"] as? Int == 1)
    #expect(facts["fraction_of_variance_explained"] is String)
    let text = try Command(["evaluate", "--sae", folder.file("loud"), "--activations", large])
    #expect(text.output.contains("tokens not finite"))
  }

  @Test func dictionariesSideBySide() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    try writeAxes(folder.file("one"), k: 1)
    try writeAxes(folder.file("two"), k: 2, rotated: 5)
    try writeAxes(folder.file("four"), k: 4)
    let arguments = [
      "compare", "--sae", folder.file("one"), "--sae", folder.file("two"), "--sae",
      folder.file("four"), "--activations", activations,
    ]
    let facts = try json(Command(arguments + ["--json"]))
    let evaluations = try #require(facts["evaluations"] as? [[String: Any]])
    #expect(evaluations.map { $0["l0"] as? Double } == [1, 2, 4])
    let explained = evaluations.compactMap { $0["fraction_of_variance_explained"] as? Double }
    #expect(explained == explained.sorted() && explained.count == 3)
    let matches = try #require(facts["dictionaries"] as? [[String: Any]])
    #expect(matches.count == 3)
    // The same rows in another order.
    for match in matches {
      #expect(match["matched_fraction"] as? Double == 1 && match["is_exact"] as? Bool == true)
      #expect(match["mean_maximum_cosine"] as? Double == 1)
      #expect(match["shared_fraction"] as? Double == 1)
    }
    let lines = try Command(arguments).output.split(separator: "\n")
    let head = try #require(lines.first { $0.contains(" A ") && $0.contains(" C") })
    let l0 = try #require(lines.first { $0.hasPrefix("L0") })
    #expect(head.count == l0.count, "aligned columns")
    #expect(lines.contains { $0.hasPrefix("B with C") })
  }

  @Test func scaleThatDoesNotFitIsSaidWithTheNorms() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors") { $0.scale(by: 10) }
    let out = folder.file("sae")
    let train = try Command(
      ["train", "--activations", activations, "--out", out] + TrainCommandTests.small)
    #expect(train.status == 0)
    let fitting = try Command(["evaluate", "--sae", out, "--activations", activations])
    #expect(fitting.status == 0, "\(fitting.errors)")
    let small = try folder.writeActivations("small.safetensors")
    for arguments in [
      ["evaluate", "--sae", out], ["compare", "--sae", out, "--sae", out],
      ["encode", "--sae", out, "--out", folder.file("z.safetensors")],
    ] {
      let run = try Command(arguments + ["--activations", small])
      #expect(run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
      // √8 dimensions of deviation 10, and of 1.
      for word in ["trained on activations times", "near 27.", "one of 2.7"] {
        #expect(run.errors.contains(word), "\(run.errors)")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("z.safetensors")))
    // A factor that is named and not in the files.
    var archive = try SAEArchive.read(out).archive
    archive.inputNormalization = .averageOnly
    archive.metadata["activation_scale"] = nil
    try archive.write(to: folder.file("unscaled"))
    let unscaled = try Command([
      "evaluate", "--sae", folder.file("unscaled"), "--activations", activations,
    ])
    #expect(unscaled.status == 1 && unscaled.errors.contains("expected_average_only_in"))
    let scaled = try Command([
      "evaluate", "--sae", folder.file("unscaled"), "--activations", small,
      "--activation-scale", "1",
    ])
    #expect(scaled.status == 0, "\(scaled.errors)")
  }

  /// Figures that are worth little are there, and standard error says so.
  @Test func figuresThatMeanLittleAreWarnedOf() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    for (name, scale, words) in [
      ("worse", Float(20), ["fraction of variance explained is -", "the mean"]),
      ("overflow", 3e38, ["of 600 tokens", "not finite"]), ("sound", 1, []),
    ] {
      let path = folder.file(name)
      try writeAxes(path, k: 8, scale: scale)
      for arguments in [["--sae", path], ["--sae", path, path]] {
        let command = arguments.count == 2 ? "evaluate" : "compare"
        let run = try Command([command] + arguments + ["--activations", activations])
        #expect(run.status == 0, "\(run.errors)")
        let warnings = run.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
        #expect(warnings.isEmpty == words.isEmpty, "\(run.errors)")
        for word in [path] + words where !words.isEmpty {
          #expect(warnings.first?.contains(word) == true, "\(word): \(run.errors)")
        }
      }
    }
  }

  @Test func wrongUseAndWrongInput() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let empty = try folder.writeActivations("empty.safetensors", tokens: 0)
    try writeAxes(folder.file("sae"), k: 2)
    let one = try Command(["compare", "--sae", folder.file("sae"), "--activations", activations])
    #expect(one.status == 64)
    for (arguments, words) in [
      (["--activations", empty], ["empty.safetensors", "at least one token"]),
      (["--activations", folder.file("none")], ["none"]),
      (["--activations", activations, "--tensor", "y"], ["\"y\""]),
    ] {
      for command in [["evaluate"], ["compare", "--sae", folder.file("sae")]] {
        let run = try Command(command + ["--sae", folder.file("sae")] + arguments)
        #expect(run.status == 1 && run.errorLines.count >= 1, "\(run.errors)")
        for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
      }
    }
    // A transcoder reconstructs something else.
    var archive = try SAEArchive.read(folder.file("sae")).archive
    archive.architecture = SAEArchitecture(.relu, isTranscoder: true)
    archive.subtractsDecoderBias = false
    archive.settings = JSONObject()
    try archive.write(to: folder.file("transcoder"))
    let run = try Command([
      "evaluate", "--sae", folder.file("transcoder"), "--activations", activations,
    ])
    #expect(run.status == 1 && run.errors.contains("found a transcoder"), "\(run.errors)")
  }
}
