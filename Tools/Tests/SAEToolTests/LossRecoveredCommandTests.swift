import Foundation
import SAECore
import SAEModels
import Testing

@Suite struct LossRecoveredCommandTests {
  let folder: ScratchFolder
  let model: String
  let tokens: String

  init() throws {
    folder = try ScratchFolder()
    model = try folder.writeModel()
    tokens = try folder.writeTokens(count: 90)
  }

  /// Trains an autoencoder of a width.
  func autoencoder(_ name: String, width: Int = 12) throws -> String {
    let activations = try folder.writeActivations("\(name).safetensors", width: width)
    let run = try Command(
      ["train", "--activations", activations, "--out", folder.file(name)] + TrainCommandTests.small)
    #expect(run.status == 0, "\(run.errors)")
    return folder.file(name)
  }

  func measure(_ arguments: [String]) throws -> Command {
    try Command(
      ["loss-recovered", "--model", model, "--tokens", tokens, "--context", "20"] + arguments)
  }

  func json(_ arguments: [String]) throws -> [String: Any] {
    let run = try measure(arguments + ["--json"])
    #expect(run.status == 0, "\(run.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  /// Activations and autoencoders know the weights that they are of.
  @Test func anotherModelsActivationsAreRefused() throws {
    let other = try folder.writeModel("other", scale: 1.5)
    func harvest(_ model: String, _ out: String, layer: Int = 1) throws -> String {
      let run = try Command([
        "harvest", "--model", model, "--layer", "\(layer)", "--tokens", tokens, "--context", "20",
        "--out", folder.file(out),
      ])
      #expect(run.status == 0, "\(run.errors)")
      return folder.file(out)
    }
    let (own, others) = (try harvest(model, "own"), try harvest(other, "others"))
    let elsewhere = try harvest(model, "elsewhere", layer: 2)
    for second in [others, elsewhere] {
      let mixed = try Command(
        ["train", "--activations", own, second, "--out", folder.file("mixed")]
          + TrainCommandTests.small)
      #expect(mixed.status == 1)
      #expect(mixed.errors.contains("expected activations of"), "\(mixed.errors)")
    }
    let trained = try Command(
      ["train", "--activations", own, "--out", folder.file("sae")] + TrainCommandTests.small)
    #expect(trained.status == 0, "\(trained.errors)")
    let arguments = ["--layer", "1", "--sae", folder.file("sae")]
    #expect(try measure(arguments + ["--mean-from", own]).status == 0)
    let mean = try measure(arguments + ["--mean-from", others])
    #expect(mean.status == 1 && mean.errors.contains("others/activations-00000"), "\(mean.errors)")
    let run = try Command(
      ["loss-recovered", "--model", other, "--tokens", tokens, "--context", "20"] + arguments)
    #expect(run.status == 1)
    #expect(run.errors.contains("as \(folder.file("sae")), found"), "\(run.errors)")
  }

  /// The command prints what the library measures.
  @Test func everyAutoencoderIsMeasured() throws {
    let paths = [try autoencoder("a"), try autoencoder("b", width: 12)]
    let loaded = try LanguageModels.load(model)
    let harvester = try ActivationHarvester(
      loaded, at: .residPost(1), tokens: TokenStream(npy: tokens),
      options: PieceOptions(context: 20))
    let rows = try harvester.matrix(rows: 0..<90)
    let run = try LossRecoveredRun(
      loaded, at: .residPost(1), tokens: TokenStream(npy: tokens),
      mean: rows.columnSums().map { Float($0 / 90) }, options: PieceOptions(context: 20))
    let autoencoders = try paths.map { try SAEArchive.read($0).archive.autoencoder() }
    let expected = try run.evaluate(
      autoencoders.map { autoencoder in { try autoencoder.reconstruct($0) } })

    let found = try json(["--layer", "1", "--sae"] + paths)
    #expect(found["predictions"] as? Int == 90 && found["sequences"] as? Int == 5)
    /// Reading a number from JSON may round it once more.
    func compare(_ found: Any?, _ expected: Double?, _ name: String) throws {
      let (found, expected) = (try #require(found as? Double), try #require(expected))
      #expect(abs(found - expected) <= 1e-14 * abs(expected), "\(name)")
    }
    try compare(found["ce_clean"], expected[0].clean, "clean")
    try compare(found["ce_zero"], expected[0].zeroAblated, "zero")
    try compare(found["ce_mean"], expected[0].meanAblated, "mean")
    try compare(found["kl_zero"], expected[0].zeroDivergence, "zero, KL")
    try compare(found["kl_mean"], expected[0].meanDivergence, "mean, KL")
    let all = try #require(found["autoencoders"] as? [[String: Any]])
    #expect(all.count == 2)
    for (index, one) in all.enumerated() {
      #expect(one["sae"] as? String == paths[index])
      try compare(one["ce_spliced"], expected[index].spliced, "spliced")
      try compare(one["kl_spliced"], expected[index].splicedDivergence, "spliced, KL")
      try compare(one["delta_loss"], expected[index].deltaLoss, "delta")
      try compare(one["loss_recovered_zero"], expected[index].lossRecoveredOverZero, "zero, score")
      try compare(one["loss_recovered_mean"], expected[index].lossRecoveredOverMean, "mean, score")
      try compare(one["kl_score_zero"], expected[index].divergenceRecoveredOverZero, "KL, score")
      let active = try autoencoders[index].encode(rows).values.count { $0 != 0 }
      try compare(one["l0"], Double(active) / 90, "L0")
    }
    let table = try measure(["--layer", "1", "--sae"] + paths)
    #expect(table.status == 0 && table.output.contains("recovered (zero)"))
    #expect(table.output.contains(paths[1]))
  }

  @Test func theMeanMayComeFromOtherActivations() throws {
    let path = try autoencoder("a")
    let own = try json(["--layer", "1", "--sae", path])
    let other = try folder.writeActivations("mean.safetensors", width: 12)
    let found = try json(["--layer", "1", "--sae", path, "--mean-from", other])
    #expect(found["ce_mean"] as? Double != own["ce_mean"] as? Double)
    #expect(found["ce_zero"] as? Double == own["ce_zero"] as? Double)
    #expect(found["mean_of"] as? String == other)
    let kept = try json(["--layer", "1", "--sae", path, "--keep-bos"])
    #expect(kept["ce_zero"] as? Double != own["ce_zero"] as? Double)
  }

  @Test func failuresSayWhatIsWrong() throws {
    let path = try autoencoder("a")
    let narrow = try autoencoder("narrow", width: 8)
    let other = try folder.writeActivations("other.safetensors", width: 9)
    let cases: [(arguments: [String], words: [String])] = [
      (
        ["--layer", "1", "--sae", narrow], ["narrow: \"activations\": expected width 8, found 12"]
      ),
      (["--layer", "1", "--sae", folder.file("none")], ["none"]),
      (["--layer", "1", "--sae", path, "--mean-from", other], ["width 12, found 9"]),
      (
        ["--layer", "1", "--sae", path, "--context", "1", "--bos", "none"],
        ["sequences with a token to predict"]
      ),
    ]
    for (arguments, words) in cases {
      let run = try measure(arguments)
      #expect(run.status == 1, "\(arguments): \(run.errors)")
      for word in words { #expect(run.errors.contains(word), "\(arguments): \(run.errors)") }
    }
    #expect(try measure(["--layer", "1"]).status == 64)
    #expect(try measure(["--layer", "3", "--sae", path]).status == 64)
    #expect(try measure(["--sae", path]).status == 64)
  }

  /// Figures that another implementation computed, to the tolerance of `LabLossRecoveredTests`.
  @Test(withLab) func agreesWithTheLab() throws {
    let run = try Command([
      "loss-recovered", "--model", Lab.path("model"), "--sae", Lab.path("saes/topk"),
      Lab.path("saes/jumprelu"), "--layer", "4", "--tokens", Lab.path("tokens/med_dev.npy"),
      "--max-tokens", "20400", "--mean-from", Lab.path("activations/med_train.safetensors"),
      "--json",
    ])
    #expect(run.status == 0, "\(run.errors)")
    func object(_ data: Data) throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
    let found = try object(Data(run.output.utf8))
    let expected = try object(
      Data(contentsOf: URL(fileURLWithPath: Lab.path("expected/loss_recovered.json"))))
    func compare(
      _ found: [String: Any], _ name: String, _ expected: [String: Any], _ field: String
    ) throws {
      let difference = abs(
        try #require(found[name] as? Double) - (try #require(expected[field] as? Double)))
      #expect(difference < 1e-5, "\(name)")
    }
    for (name, field) in [
      ("ce_clean", "clean"), ("ce_zero", "zero"), ("ce_mean", "mean"), ("kl_zero", "zero_kl"),
      ("kl_mean", "mean_kl"),
    ] { try compare(found, name, expected, field) }
    let all = try #require(found["autoencoders"] as? [[String: Any]])
    for (one, name) in zip(all, ["topk", "jumprelu"]) {
      let figures = try #require(expected[name] as? [String: Any])
      for (name, field) in [
        ("ce_spliced", "spliced"), ("kl_spliced", "kl"),
        ("loss_recovered_zero", "recovered_zero"), ("loss_recovered_mean", "recovered_mean"),
      ] { try compare(one, name, figures, field) }
      try compare(one, "l0", figures, "l0")
    }
  }
}
