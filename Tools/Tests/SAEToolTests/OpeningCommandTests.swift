import Foundation
import SAECore
import Testing

/// All commands open an autoencoder in the same way: what its files say is applied by each.
@Suite struct OpeningCommandTests {
  let folder: ScratchFolder
  let model: String
  let tokens: String
  let activations: String
  /// Trained on the model's activations.
  let sae: String

  init() throws {
    folder = try ScratchFolder()
    model = try folder.writeModel()
    tokens = try folder.writeTokens(count: 300)
    let harvest = try Command([
      "harvest", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20", "--out",
      folder.file("activations"),
    ])
    #expect(harvest.status == 0, "\(harvest.errors)")
    activations = folder.file("activations")
    sae = folder.file("sae")
    let train = try Command(
      ["train", "--activations", activations, "--out", sae] + TrainCommandTests.small)
    #expect(train.status == 0, "\(train.errors)")
  }

  private func json(_ run: Command) throws -> [String: Any] {
    #expect(run.status == 0, "\(run.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  /// The same function of the activations, as a training checkpoint has it: weights for activations
  /// times a factor.
  private func unfolded(_ scale: Float, to name: String) throws -> SAEArchive {
    var archive = try SAEArchive.read(sae).archive
    for (tensor, factor) in [("W_enc", 1 / scale), ("W_dec", scale), ("b_dec", scale)] {
      archive.parameters[tensor]?.values.scale(by: factor)
    }
    archive.activationScale = Double(scale)
    try archive.write(to: folder.file(name))
    return archive
  }

  /// What each command says of an autoencoder on the model's activations: how many latents are active,
  /// and how good the reconstruction is.
  private func figures(
    _ path: String, _ options: [String] = []
  ) throws -> (l0: [Double], quality: [Double]) {
    let evaluation = try json(
      Command(["evaluate", "--sae", path, "--activations", activations, "--json"] + options))
    let out = folder.file("latents-\(UUID().uuidString)")
    let encoding = try json(
      Command(
        ["encode", "--sae", path, "--activations", activations, "--out", out, "--json"] + options))
    let comparison = try json(
      Command(
        ["compare", "--sae", path, path, "--activations", activations, "--json"] + options))
    let loss = try json(
      Command(
        [
          "loss-recovered", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20",
          "--sae", path, "--json",
        ] + options))
    let page = folder.file("page-\(UUID().uuidString)")
    let inspection = try Command(
      [
        "inspect", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20",
        "--count",
        "300", "--sae", path, "--out", page,
      ] + options)
    #expect(inspection.status == 0, "\(inspection.errors)")
    let browser = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: "\(page)/latents.json"))) as? [String: Any])
    let cards = try #require(browser["cards"] as? [[String: Any]])
    let firings = cards.reduce(0) { $0 + ($1["firings"] as? Int ?? 0) }
    let evaluations = try #require(comparison["evaluations"] as? [[String: Any]])
    let spliced = try #require((loss["autoencoders"] as? [[String: Any]])?.first)
    func number(_ object: [String: Any], _ name: String) throws -> Double {
      try #require(object[name] as? Double, "\(name)")
    }
    return (
      [
        try number(evaluation, "l0"), try number(encoding, "l0"), try number(evaluations[1], "l0"),
        try number(spliced, "l0"), Double(firings) / 300,
      ],
      [
        try number(evaluation, "fraction_of_variance_explained"),
        try number(evaluations[0], "fraction_of_variance_explained"),
        try number(spliced, "ce_spliced"),
      ]
    )
  }

  private func expectSame(
    _ path: String, _ options: [String] = [], as other: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (found, expected) = (try figures(path, options), try figures(other))
    for (a, b) in zip(found.l0, expected.l0) {
      #expect(abs(a - b) < 0.02, sourceLocation: sourceLocation)
      // Every command sees the same latents.
      #expect(abs(a - found.l0[0]) < 0.02, sourceLocation: sourceLocation)
    }
    for (a, b) in zip(found.quality, expected.quality) {
      #expect(abs(a - b) <= 1e-3 * max(1, abs(b)), sourceLocation: sourceLocation)
    }
  }

  @Test func everyCommandAppliesAFactor() throws {
    var archive = try unfolded(0.25, to: "checkpoint")
    try expectSame(folder.file("checkpoint"), as: sae)
    archive.inputNormalization = .averageOnly
    try archive.write(to: folder.file("average"))
    try expectSame(folder.file("average"), as: sae)
    archive.activationScale = nil
    try archive.write(to: folder.file("lacking"))
    try expectSame(folder.file("lacking"), ["--activation-scale", "0.25"], as: sae)
    let commands = [
      ["evaluate", "--activations", activations],
      ["encode", "--activations", activations, "--out", "x"],
      ["compare", "--sae", sae, "--activations", activations],
      ["loss-recovered", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20"],
      [
        "inspect", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20", "--out",
        folder.file("page"),
      ],
    ]
    for command in commands {
      let run = try Command(command + ["--sae", folder.file("lacking")])
      #expect(run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
      for word in ["lacking", "--activation-scale", "expected_average_only_in"] {
        #expect(run.errors.contains(word), "\(run.errors)")
      }
      for scale in ["0", "-1", "nan", "x"] {
        let run = try Command(
          command + ["--sae", folder.file("lacking"), "--activation-scale", scale])
        #expect(run.status == 64, "\(run.errors)")
      }
      // What files say is not said otherwise.
      let other = try Command(
        command + ["--sae", folder.file("average"), "--activation-scale", "0.5"])
      #expect(other.status == 64, "\(command)")
    }
    for (name, status) in [("lacking", 0), ("average", 64), ("sae", 64)] {
      let out = folder.file("converted-\(name)")
      let run = try Command([
        "convert", folder.file(name), out, "--to", "sparsify", "--activation-scale", "0.125",
      ])
      #expect(run.status == status, "\(name): \(run.errors)")
    }
    let asked = try Command([
      "convert", folder.file("lacking"), folder.file("asked"), "--to", "sparsify",
    ])
    #expect(asked.status == 1 && asked.errors.contains("--activation-scale"), "\(asked.errors)")
    let info = try Command(["info", folder.file("lacking")])
    #expect(info.status == 0 && info.output.contains("--activation-scale"), "\(info.output)")
  }

  @Test func everyCommandScalesTokens() throws {
    var archive = try SAEArchive.read(sae).archive
    archive.inputNormalization = .layerNorm
    try archive.write(to: folder.file("normed"))
    let found = try figures(folder.file("normed"))
    let model = try NormalizedAutoencoder<TopKAutoencoder>.load(folder.file("normed"))
    let rows = try ActivationFiles(activations).matrix(rows: 0..<300)
    let l0 = Double(try model.encode(rows).values.count { $0 != 0 }) / 300
    for value in found.l0 { #expect(abs(value - l0) < 0.02) }
    let error = try zip(model.reconstruct(rows).array, rows.array).reduce(0.0) {
      $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
    }
    let means = rows.columnSums().map { Float($0 / 300) }
    let variance = rows.subtractingMeans(means).reduce(0.0) { $0 + Double($1 * $1) }
    #expect(abs(found.quality[0] - (1 - error / variance)) < 1e-3)
  }

  @Test func activationsOfAnotherScaleAreRefused() throws {
    let large = try folder.writeModel("large", scale: 100)
    let rows = try ActivationFiles(activations).matrix(rows: 0..<300)
    var archive = try unfolded(0.25, to: "checkpoint")
    archive.metadata["model_weights_crc32"] = nil
    // A factor that says that activations were some hundred times as large.
    archive.activationScale = Double(rows.rowNorms().reduce(0, +)) * 1e-9
    try archive.write(to: folder.file("other"))
    for command in [
      ["evaluate", "--activations", activations],
      ["loss-recovered", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20"],
      [
        "inspect", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20", "--out",
        folder.file("page"),
      ],
    ] {
      let run = try Command(command + ["--sae", folder.file("other")])
      #expect(run.status == 1, "\(command)")
      #expect(run.errors.contains("trained on activations times"), "\(run.errors)")
    }
    _ = large
  }

  @Test func transcodersNameThePlaceOfTheirOutput() throws {
    var archive = try SAEArchive.read(sae).archive
    archive.architecture = SAEArchitecture(.relu, isTranscoder: true)
    archive.subtractsDecoderBias = false
    archive.settings = JSONObject()
    archive.metadata["activation_scale"] = nil
    try archive.write(to: folder.file("transcoder"))
    let run = try Command([
      "loss-recovered", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20",
      "--sae", folder.file("transcoder"),
    ])
    #expect(run.status == 1 && run.errors.contains("found no hook_name_out"), "\(run.errors)")
  }

  @Test func aPairIsRunAsOne() throws {
    let base = try SAEArchive.read(sae).archive
    var booster = base
    for name in ["W_enc", "W_dec"] { booster.parameters[name]?.values.scale(by: 0.5) }
    booster.parameters["b_dec"]?.values.scale(by: 0)
    let pair = folder.file("pair")
    try base.write(boostedBy: booster, to: pair)
    let found = try figures(pair)
    let rows = try ActivationFiles(activations).matrix(rows: 0..<300)
    let latents = try SAE.load(pair).encode(rows)
    #expect(latents.latentCount == 48)
    let l0 = Double(latents.values.count { $0 != 0 }) / 300
    for value in found.l0 { #expect(abs(value - l0) < 0.02) }
    // The booster's own directory is the pair as well.
    try expectSame("\(pair)/booster", as: pair)
    let info = try json(Command(["info", pair, "--json"]))
    #expect(info["kind"] as? String == "boosted sparse autoencoder")
    for part in ["autoencoder", "booster"] {
      #expect((info[part] as? [String: Any])?["latents"] as? Int == 24)
    }
    for layout in ["saelens", "sparsify", "gemma-scope", "safetensors"] {
      for path in [pair, "\(pair)/booster"] {
        let run = try Command(["convert", path, folder.file("copy"), "--to", layout])
        #expect(run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
        #expect(run.errors.contains("a boosted one"), "\(run.errors)")
      }
    }
  }

  @Test func exportsComeBack() throws {
    let out = folder.file("export.safetensors")
    let run = try Command(["convert", sae, out, "--to", "safetensors"])
    #expect(run.status == 0, "\(run.errors)")
    try expectSame(out, as: sae)
    let back = try Command(["convert", out, folder.file("back"), "--to", "saelens"])
    #expect(back.status == 0, "\(back.errors)")
    #expect(try SAEArchive.read(folder.file("back")).archive == SAEArchive.read(sae).archive)
    let info = try json(Command(["info", out, "--json"]))
    #expect((info["autoencoder"] as? [String: Any])?["layout"] as? String == "safetensors")
  }

  @Test func weightsThatAreNotFiniteAreRefused() throws {
    var archive = try SAEArchive.read(sae).archive
    archive.parameters["W_dec"]?.values[7, 3] = .nan
    try archive.write(to: folder.file("nan"))
    for command in [
      ["evaluate"], ["encode", "--out", folder.file("x")], ["compare", "--sae", sae],
    ] {
      let run = try Command(
        command + ["--sae", folder.file("nan"), "--activations", activations])
      #expect(run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
      for word in ["sae_weights.safetensors", "\"W_dec\"", "row 7, column 3", "nan"] {
        #expect(run.errors.contains(word), "\(run.errors)")
      }
    }
    let info = try Command(["info", folder.file("nan")])
    #expect(info.status == 0, "\(info.errors)")
    let refusal = info.output.split(separator: "\n").first { $0.hasPrefix("not run") }
    #expect(
      refusal?.contains("\"W_dec\", row 7, column 3: expected a finite") == true, "\(info.output)")
    let sound = try Command(["info", sae])
    #expect(sound.status == 0 && !sound.output.contains("not run"), "\(sound.output)")
  }

  /// One that does not start, and one that answers nothing that can be read.
  @Test func aJudgeThatJudgesNothingIsAnError() throws {
    for (judge, page, words) in [
      ("/no/such/judge", false, ["expected a program that starts", "exit code 127"]),
      ("cat", true, ["--judge"]),
    ] {
      let out = folder.file("judged-\(page)")
      let run = try Command([
        "inspect", "--model", model, "--layer", "1", "--tokens", tokens, "--context", "20",
        "--count", "300", "--sae", sae, "--out", out, "--judge", judge,
      ])
      #expect(run.status == 1 && run.output.isEmpty, "\(run.output)\(run.errors)")
      for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
      #expect(FileManager.default.fileExists(atPath: "\(out)/index.html") == page)
    }
  }

  /// What keeps shards from being a harvest, as `train` says it.
  @Test func infoSaysWhatIsWrongWithAHarvest() throws {
    let manager = FileManager.default
    func harvest(_ name: String, _ layer: String) throws -> String {
      let run = try Command([
        "harvest", "--model", model, "--layer", layer, "--tokens", tokens, "--context", "20",
        "--tokens-per-shard", "100", "--out", folder.file(name),
      ])
      #expect(run.status == 0, "\(run.errors)")
      return folder.file(name)
    }
    let shards = try harvest("shards", "1")
    let other = try harvest("other", "0")
    #expect(!(try Command(["info", shards]).output.contains("missing")))
    func shard(_ folder: String, _ index: Int) -> String {
      "\(folder)/activations-0000\(index).safetensors"
    }
    let twice = "\(shards)/twice.safetensors"
    try manager.copyItem(atPath: shard(shards, 1), toPath: twice)
    for arguments in [
      ["info", shards], ["evaluate", "--sae", sae, "--activations", shards],
      ["train", "--activations", shards, "--out", folder.file("x")] + TrainCommandTests.small,
    ] {
      let run = try Command(arguments)
      #expect(run.status == 1 && run.errorLines.count == 1, "\(run.errors)")
      for word in [twice, "rows 100 to 199", shard(shards, 1)] {
        #expect(run.errors.contains(word), "\(run.errors)")
      }
    }
    try manager.removeItem(atPath: twice)
    try manager.removeItem(atPath: shard(shards, 1))
    let missing = try Command(["info", shards])
    #expect(
      missing.status == 0 && missing.output.contains("(rows 100 to 199)"), "\(missing.output)")
    try manager.copyItem(atPath: shard(other, 1), toPath: shard(shards, 1))
    let mixed = try Command(["info", shards])
    #expect(mixed.status == 0 && mixed.output.contains("mismatch"), "\(mixed.output)")
    #expect(mixed.output.contains("hook blocks.1.hook_resid_post"), "\(mixed.output)")
  }
}

extension Matrix {
  /// All elements, less the means of their columns.
  fileprivate func subtractingMeans(_ means: [Float]) -> [Float] {
    (0..<rows).flatMap { row in (0..<columns).map { self[row, $0] - means[$0] } }
  }
}
