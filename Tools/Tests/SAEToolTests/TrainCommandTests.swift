import Foundation
import SAECore
import Testing

@Suite struct TrainCommandTests {
  static let small = ["--latents", "24", "--k", "3", "--steps", "20", "--batch", "64"]

  @Test(arguments: [ElementType.f32, .f16, .bf16])
  func trainsAndEvaluates(_ type: ElementType) throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors", type: type)
    let out = folder.file("sae")
    let train = try Command(["train", "--activations", activations, "--out", out] + Self.small)
    #expect(train.status == 0, "\(train.errors)")
    #expect(train.errors.contains("20/20"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: out).sorted()
        == ["cfg.json", "sae_weights.safetensors"])
    let evaluate = try Command(["evaluate", "--sae", out, "--activations", activations, "--json"])
    #expect(evaluate.status == 0, "\(evaluate.errors)")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(evaluate.output.utf8)) as? [String: Any])
    #expect(json["tokens"] as? Int == 600)
    #expect(try #require(json["l0"] as? Double) <= 3)
    #expect(try #require(json["fraction_of_variance_explained"] as? Double) > 0)
    let table = try Command(["evaluate", "--sae", out, "--activations", activations])
    #expect(table.output.contains("fraction of variance explained"))
  }

  @Test(arguments: Variant.allCases.map(\.name))
  func everyArchitectureTrainsAndIsReadBack(_ name: String) throws {
    let variant = try #require(Variant(rawValue: name))
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let out = folder.file("sae")
    let targets = ["--targets", try folder.writeActivations("b.safetensors") { $0.scale(by: 2) }]
    let train = try Command(
      ["train", "--activations", activations, "--out", out, "--architecture", name]
        + ["--latents", "64", "--steps", "20", "--batch", "64"]
        + (variant.aimsAtL0 ? ["--k", "4"] : []) + (variant.takesTargets ? targets : []))
    #expect(train.status == 0, "\(train.errors)")
    if variant.takesTargets {
      // What a transcoder puts out is compared with its input by no command.
      let x = try SafetensorsFile(activations).tensor("activations").matrix()
      let reconstruction = try SAE.load(out).reconstruct(x).array
      #expect(zip(reconstruction, x.array).contains { $0 != 0 && $0 != $1 })
      #expect(reconstruction.allSatisfy { $0.isFinite })
    } else {
      let evaluate = try Command(["evaluate", "--sae", out, "--activations", activations])
      #expect(evaluate.status == 0, "\(evaluate.errors)")
      #expect(evaluate.output.contains("fraction of variance explained"))
    }
  }

  /// Each variant has its own name in the help.
  @Test func helpListsEveryVariant() throws {
    for (command, variants) in [("train", Variant.allCases), ("study", Variant.reconstructing)] {
      let help = try Command([command, "--help"]).output
      for variant in variants { #expect(help.contains(variant.name), "\(command)") }
    }
  }

  @Test func equalSeedsGiveEqualFiles() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    for (out, seed) in [("a", "1"), ("b", "1"), ("c", "2")] {
      let run = try Command(
        ["train", "--activations", activations, "--out", folder.file(out), "--seed", seed]
          + Self.small)
      #expect(run.status == 0)
    }
    func weights(_ out: String) -> Data? {
      FileManager.default.contents(atPath: folder.file("\(out)/sae_weights.safetensors"))
    }
    #expect(weights("a") == weights("b"))
    #expect(weights("a") != weights("c"))
  }

  @Test func severalFilesAreOneStream() throws {
    let folder = try ScratchFolder()
    let first = try folder.writeActivations("a.safetensors", tokens: 100)
    let second = try folder.writeActivations("b.safetensors", tokens: 50, type: .f16)
    let out = folder.file("sae")
    let run = try Command(
      ["train", "--activations", first, second, "--out", out] + Self.small)
    #expect(run.status == 0, "\(run.errors)")
    let evaluate = try Command(["evaluate", "--sae", out, "--activations", first, second, "--json"])
    #expect(evaluate.output.contains("\"tokens\" : 150"))
  }

  /// What is written works on the activations as the files have them, whatever was done to them.
  @Test(arguments: ActivationNormalization.allCases)
  func normalizedActivations(_ normalization: ActivationNormalization) throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors") { $0.scale(by: 30) }
    let out = folder.file("sae")
    let train = try Command(
      ["train", "--activations", activations, "--out", out, "--normalization"]
        + [normalization.rawValue, "--lr", "0.01"] + Self.small)
    #expect(train.status == 0, "\(train.errors)")
    let archive = try SAEArchive.read(out).archive
    #expect(archive.metadata["activation_normalization"]?.asString == normalization.rawValue)
    let isKept = normalization == .layerNorm || normalization == .constantNormRescale
    #expect(archive.inputNormalization.rawValue == (isKept ? normalization.rawValue : "none"))
    #expect((archive.metadata["normalization_rows"] != nil) == normalization.needsStatistics)
    let evaluate = try Command(["evaluate", "--sae", out, "--activations", activations, "--json"])
    #expect(evaluate.status == 0, "\(evaluate.errors)")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(evaluate.output.utf8)) as? [String: Any])
    #expect(try #require(json["fraction_of_variance_explained"] as? Double) > 0)
    let unknown = try Command(
      ["train", "--activations", activations, "--out", folder.file("b"), "--normalization", "x"]
        + Self.small)
    #expect(unknown.status != 0 && unknown.errors.contains("constant_norm_rescale"))
  }

  /// The last token of the last epoch is trained on, and the scale is that of the rows asked for.
  @Test func epochsAndNormalizationAreSavedWithTheResult() throws {
    let folder = try ScratchFolder()
    let shards = folder.file("shards")
    try FileManager.default.createDirectory(atPath: shards, withIntermediateDirectories: true)
    _ = try folder.writeActivations("shards/a.safetensors", tokens: 500)
    _ = try folder.writeActivations("shards/b.safetensors", tokens: 100, type: .bf16)
    let run = try Command([
      "train", "--activations", shards, "--out", folder.file("sae"), "--latents", "24", "--k", "3",
      "--batch", "64", "--epochs", "3", "--normalization-rows", "77",
    ])
    #expect(run.status == 0, "\(run.errors)")
    let data = try #require(FileManager.default.contents(atPath: folder.file("sae/cfg.json")))
    // Not JSONSerialization, which rounds numbers of more than 15 digits.
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let metadata = try decoder.decode(Configuration.self, from: data).metadata
    #expect(metadata.trainingSteps == 29)
    #expect(metadata.normalizationRows == 77)
    let source = try ActivationFiles(shards)
    let rows = try source.matrix(rows: 0..<source.tokens)
    let mean = rows.columnSums().map { Float($0 / Double(rows.rows)) }
    func meanNorm(_ rows: Matrix) -> Double {
      rows.rowNorms().reduce(0) { $0 + Double($1) } / Double(rows.rows)
    }
    let distance = meanNorm(Matrix(rows: rows.rows, columns: 8) { rows[$0, $1] - mean[$1] })
    // Of all rows, where the run measured 77.
    #expect(abs(metadata.activationScale * distance / 8.0.squareRoot() - 1) < 0.05)
    #expect(abs(metadata.meanActivationNorm / meanNorm(rows) - 1) < 0.05)
  }

  private struct Configuration: Decodable {
    struct Metadata: Decodable {
      let trainingSteps: Int
      let normalizationRows: Int
      let activationScale: Double
      let meanActivationNorm: Double
    }
    let metadata: Metadata
  }

  /// Each failure: one line that says where, what was expected and what was found; exit code 1; and
  /// nothing where the result would have been.
  @Test func failuresSayWhatIsWrongAndLeaveNothing() throws {
    let folder = try ScratchFolder()
    let good = try folder.writeActivations("good.safetensors")
    let nan = try folder.writeActivations("nan.safetensors") { $0[5, 1] = .nan }
    let infinite = try folder.writeActivations("inf.safetensors") { $0[599, 7] = .infinity }
    let zeros = try folder.writeActivations("zeros.safetensors") { $0.scale(by: 0) }
    let other = try folder.writeActivations("other.safetensors", width: 9)
    let empty = try folder.writeActivations("empty.safetensors", tokens: 0)
    let truncated = folder.file("truncated.safetensors")
    let bytes = try #require(FileManager.default.contents(atPath: good))
    try bytes.prefix(bytes.count - 4).write(to: URL(fileURLWithPath: truncated))
    let cube = folder.file("cube.safetensors")
    var writer = try SafetensorsWriter(cube, [TensorDeclaration("x", .f32, [2, 3, 4])])
    try writer.append([Float](repeating: 1, count: 24), to: "x")
    try writer.finish()
    let cases: [(arguments: [String], words: [String])] = [
      (["--activations", folder.file("none.safetensors")], ["none.safetensors"]),
      (["--activations", truncated], ["truncated.safetensors", "expected", "found"]),
      (["--activations", cube], ["cube.safetensors", "2 dimensions", "found"]),
      (["--activations", nan], ["nan.safetensors", "row 5, column 1", "found NaN"]),
      (["--activations", infinite], ["inf.safetensors", "row 599, column 7", "found inf"]),
      (["--activations", zeros], ["not all 0"]),
      (["--activations", empty], ["empty.safetensors", "at least one token"]),
      (["--activations", good, other], ["other.safetensors", "expected 8 columns", "600 × 9"]),
      (["--activations", good, "--tensor", "y"], ["\"y\"", "activations"]),
    ]
    for (arguments, words) in cases {
      let out = folder.file("sae")
      let run = try Command(["train", "--out", out] + Self.small + arguments)
      #expect(run.status == 1, "\(arguments): \(run.errors)")
      #expect(run.errorLines.count == 1, "\(arguments): \(run.errors)")
      for word in words { #expect(run.errors.contains(word), "\(arguments): \(run.errors)") }
      #expect(!FileManager.default.fileExists(atPath: out))
    }
    #expect(!folder.names.contains { $0.contains("sae") })
  }

  @Test func whatIsThereStays() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let out = folder.file("kept")
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: URL(fileURLWithPath: out + "/notes"))
    let arguments = ["train", "--activations", activations, "--out", out] + Self.small
    let refused = try Command(arguments)
    #expect(refused.status == 1 && refused.errors.contains("found \"notes\""))
    #expect(try FileManager.default.contentsOfDirectory(atPath: out) == ["notes"])
    let nowhere = try Command(
      ["train", "--activations", activations, "--out", folder.file("no/such/place")] + Self.small)
    #expect(nowhere.status == 1 && nowhere.errors.contains("no/such"))
  }

  /// On a file system of 64 KB: the result is put where there is room.
  @Test(.enabled(if: SmallDisk.isPossible, SmallDisk.absence))
  func aFullDiskIsSaidAndNothingIsLost() throws {
    let folder = try ScratchFolder()
    let mounted = try SmallDisk(folder.file("disk"), size: "64k")
    defer { withExtendedLifetime(mounted) {} }
    let disk = mounted.path
    let activations = try folder.writeActivations("a.safetensors")
    let run = try Command(
      ["train", "--activations", activations, "--out", disk + "/sae"] + Self.small
        + ["--latents", "4096", "--steps", "2"], in: folder.path)
    #expect(run.status == 1)
    #expect(run.errors.contains("disk/sae: cannot be put there"), "\(run.errors)")
    #expect(run.errors.contains("no space left"), "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == [])
    #expect(run.errors.contains("kept as \(folder.path)/sae.result"), "\(run.errors)")
    #expect(try SAEArchive.read(folder.file("sae.result")).archive.latentCount == 4096)
  }

  /// The steps follow from the file where they are not given.
  @Test func phasesLongerThanTheRunExitWith64() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let train = ["train", "--activations", activations, "--out", folder.file("sae")]
    for (arguments, message) in [
      (["--warm-up", "31"], "--warm-up: expected at most the 30 steps of the run, found 31"),
      (["--decay", "31"], "--decay: expected at most the 30 steps of the run, found 31"),
      (
        ["--warm-up", "20", "--decay", "11"],
        "--warm-up and --decay: expected at most the 30 steps of the run together, found 20 + 11"
      ),
    ] {
      for length in [["--steps", "30"], ["--epochs", "3"]] {
        let run = try Command(
          train + arguments + length + ["--latents", "8", "--k", "2", "--batch", "60"])
        #expect(run.status == 64, "\(run.errors)")
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(folder.names == ["a.safetensors"])
      }
    }
    let all = try Command(
      train + ["--latents", "8", "--k", "2", "--steps", "30", "--warm-up", "20", "--decay", "10"])
    #expect(all.status == 0, "\(all.errors)")
  }

  @Test func wrongUsageExitsWith64() throws {
    for arguments in [
      ["train"], ["train", "--latents", "x", "--out", "y"], ["unknown"],
      ["train", "--latents", "8", "--out", "y"],
      ["train", "--latents", "8", "--out", "y", "--activations", "z", "--steps", "0"],
      [
        "train", "--latents", "8", "--out", "y", "--activations", "z", "--steps", "1", "--tokens",
        "1",
      ],
      ["train", "--latents", "8", "--out", "y", "--activations", "z", "--lr", "nan"],
      [
        "train", "--latents", "8", "--out", "y", "--activations", "z", "--epochs", "1", "--tokens",
        "1",
      ],
      ["train", "--latents", "8", "--out", "y", "--activations", "z", "--checkpoint-every", "0"],
      ["train", "--latents", "8", "--activations", "z"],
      ["train", "--latents", "8", "--out", "y", "--activations", "z", "--k", "9"],
      ["evaluate"],
    ] {
      #expect(try Command(arguments).status == 64, "\(arguments)")
    }
  }

  @Test func evaluationRefusesWhatDoesNotFit() throws {
    let folder = try ScratchFolder()
    let activations = try folder.writeActivations("a.safetensors")
    let other = try folder.writeActivations("b.safetensors", width: 5)
    let out = folder.file("sae")
    _ = try Command(["train", "--activations", activations, "--out", out] + Self.small)
    let wrong = try Command(["evaluate", "--sae", out, "--activations", other])
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("width 8, found 5"))
    let missing = try Command(
      ["evaluate", "--sae", folder.file("nothing"), "--activations", activations])
    #expect(missing.status == 1 && missing.errorLines.count >= 1)
  }
}
