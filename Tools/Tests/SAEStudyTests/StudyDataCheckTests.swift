import Foundation
import SAECore
import Testing

@testable import SAEStudy

/// What a study refuses to take for data, before anything is trained.
@Suite struct StudyDataCheckTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private var configuration: StudyConfiguration {
    var configuration = StudyConfiguration()
    configuration.latents = [8]
    configuration.architecture = "topk"
    configuration.sparsity = [2]
    configuration.seeds = 1
    configuration.trainingTokens = 512
    configuration.batch = 64
    configuration.context = 16
    configuration.heldOutTokens = 256
    configuration.boosterLatents = 0
    return configuration
  }

  /// Writes activations that say what they are of.
  private func write(
    _ name: String, _ rows: Matrix, type: ElementType = .f32, metadata: [String: String] = [:]
  ) throws -> String {
    var writer = try SafetensorsWriter(
      folder.file(name), [TensorDeclaration("activations", type, [rows.rows, rows.columns])],
      metadata: metadata)
    try writer.append(rows, to: "activations")
    try writer.finish()
    return folder.file(name)
  }

  private func writeTokens(_ name: String, _ ids: [Int]) throws -> String {
    var writer = try NpyWriter(
      folder.file(name), TensorDeclaration("tokens", .i32, [ids.count]))
    try writer.append(ids, to: "tokens")
    try writer.finish()
    return folder.file(name)
  }

  /// What a study of a configuration is refused with; nil if it runs to its end.
  private func refusal(_ edit: (inout StudyConfiguration) throws -> Void) throws -> String? {
    var configuration = configuration
    try edit(&configuration)
    let out = folder.file("study-\(UUID().uuidString)")
    do {
      _ = try Study(configuration, directory: out).run()
      return nil
    } catch {
      #expect(!FileManager.default.fileExists(atPath: out), "something was written before \(error)")
      return "\(error)"
    }
  }

  private func notes(_ edit: (inout StudyConfiguration) throws -> Void) throws -> [String] {
    var configuration = configuration
    try edit(&configuration)
    let out = folder.file("study-\(UUID().uuidString)")
    return try Study(configuration, directory: out).run().results.notes ?? []
  }

  @Test func filesThatAreGivenTwice() throws {
    let domain = try write("domain.safetensors", .sample(1024, 4, seed: 1))
    let broad = try write("broad.safetensors", .sample(1024, 4, seed: 2))
    let held = try write("held.safetensors", .sample(512, 4, seed: 3))
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: domain)
    try manager.linkItem(atPath: domain, toPath: folder.file("hard"))
    try manager.createDirectory(
      atPath: folder.file("sub"), withIntermediateDirectories: true)
    let aliases = [domain, folder.file("link"), folder.file("hard"), folder.file("sub/../link")]
    func set(_ configuration: inout StudyConfiguration) {
      configuration.domainActivations = [domain]
      configuration.broadActivations = [broad]
      configuration.heldOutActivations = [held]
    }
    #expect(try refusal { set(&$0) } == nil)
    for alias in aliases {
      for role in [
        \StudyConfiguration.heldOutActivations, \.heldOutBroadActivations, \.broadActivations,
        \.domainActivations,
      ] {
        let text = try refusal {
          set(&$0)
          $0[keyPath: role] = role == \.domainActivations ? [domain, alias] : [alias]
        }
        #expect(text?.contains("not given twice") == true, "\(alias): \(text ?? "it ran")")
        #expect(text?.contains("domain.safetensors of --domain-activations") == true)
      }
    }
  }

  /// In another file, another type, as a part, or behind others.
  @Test func rowsThatAreTrainedOn() throws {
    let rows = Matrix.sample(1024, 4, seed: 1)
    let domain = try write("domain.safetensors", rows)
    let broad = try write("broad.safetensors", .sample(1024, 4, seed: 2))
    let copy = try write("copy.safetensors", rows)
    let half = try write("half.safetensors", rows, type: .f16)
    let part = try write("part.safetensors", Matrix(rows[rows: 300..<812]))
    func set(_ configuration: inout StudyConfiguration) {
      configuration.domainActivations = [domain]
      configuration.broadActivations = [broad]
    }
    for file in [copy, half, part] {
      let domainText = try refusal {
        set(&$0)
        $0.heldOutActivations = [file]
      }
      #expect(
        domainText?.contains("--held-out: expected text that is not trained on") == true,
        "\(file): \(domainText ?? "it ran")")
      let broadText = try refusal {
        set(&$0)
        $0.heldOutBroadActivations = [file]
      }
      #expect(broadText?.contains("--held-out-broad: expected text") == true)
    }
    let same = try refusal {
      set(&$0)
      $0.broadActivations = [half]
      $0.heldOutActivations = [try write("a", .sample(512, 4, seed: 4))]
      $0.heldOutBroadActivations = [try write("b", .sample(512, 4, seed: 5))]
    }
    #expect(same?.contains("--broad: expected other text than that of --domain") == true)
    // A few rows that both have are said, not refused.
    var some = Matrix.sample(512, 4, seed: 6)
    for row in 0..<20 { for column in 0..<4 { some[row, column] = rows[row, column] } }
    let found = try notes {
      set(&$0)
      $0.heldOutActivations = [try write("some.safetensors", some)]
    }
    #expect(found.count == 1 && found[0].contains("--held-out: expected text"), "\(found)")
  }

  @Test func placesThatDiffer() throws {
    func origin(_ hook: String, weights: String = "00000001") -> [String: String] {
      ["hook": hook, "weights_crc32": weights, "producer": "swift-sae 0.1.0"]
    }
    let domain = try write(
      "domain.safetensors", .sample(1024, 4, seed: 1),
      metadata: origin("blocks.1.hook_resid_post"))
    let same = try write(
      "same.safetensors", .sample(1024, 4, seed: 2), metadata: origin("blocks.2.hook_resid_pre"))
    let elsewhere = try write(
      "elsewhere.safetensors", .sample(1024, 4, seed: 3),
      metadata: origin("blocks.2.hook_resid_post"))
    let other = try write(
      "other.safetensors", .sample(1024, 4, seed: 4),
      metadata: origin("blocks.1.hook_resid_post", weights: "00000002"))
    func set(_ configuration: inout StudyConfiguration) {
      configuration.domainActivations = [domain]
      configuration.broadActivations = [same]
    }
    #expect(try refusal { set(&$0) } == nil)
    for (file, word) in [(elsewhere, "hook"), (other, "weights")] {
      for role in [
        \StudyConfiguration.broadActivations, \.heldOutActivations, \.heldOutBroadActivations,
      ] {
        let text = try refusal {
          set(&$0)
          $0[keyPath: role] = [file]
        }
        #expect(text?.contains("expected activations of \(word)") == true, "\(text ?? "it ran")")
        #expect(text?.contains("--allow-mismatch") == true)
      }
      let allowed = try notes {
        set(&$0)
        $0.broadActivations = [file]
        $0.allowMismatch = true
      }
      #expect(allowed.contains { $0.contains("expected activations of \(word)") })
    }
    // The autoencoders say what they were trained on.
    let out = folder.file("study")
    var configuration = configuration
    set(&configuration)
    _ = try Study(configuration, directory: out).run()
    let origin = try SAEArchive.read("\(out)/saes/domain-8-2-s0").archive.activationOrigin
    #expect(origin.hook?.residualDepth == 2 && origin.weights == "00000001")
    // Which is looked at when the study goes on with other files in their place.
    try FileManager.default.removeItem(atPath: domain)
    try FileManager.default.removeItem(atPath: same)
    for (path, seed) in [(domain, 1), (same, 2)] as [(String, UInt64)] {
      _ = try write(
        (path as NSString).lastPathComponent, .sample(1024, 4, seed: seed),
        metadata: self.origin("blocks.3.hook_resid_post"))
    }
    let error = try #require(throws: StudyError.self) {
      try Study(configuration, directory: out).run()
    }
    #expect(error.description.contains("as this study"))
  }

  private func origin(_ hook: String) -> [String: String] {
    ["hook": hook, "weights_crc32": "00000001", "producer": "swift-sae 0.1.0"]
  }

  @Test func rowsThatAreNotFinite() throws {
    let broad = try write("broad.safetensors", .sample(1024, 4, seed: 2))
    for row in [5, 1020] {
      var rows = Matrix.sample(1024, 4, seed: 1)
      rows[row, 2] = .nan
      rows[row + 1, 1] = .infinity
      let domain = try write("domain.safetensors", rows)
      let text = try refusal {
        $0.domainActivations = [domain]
        $0.broadActivations = [broad]
      }
      #expect(
        text == "\(domain): tensor \"activations\": row \(row), column 2: expected finite numbers, "
          + "found NaN")
      let left = try notes {
        $0.domainActivations = [domain]
        $0.broadActivations = [broad]
        $0.skipNonfinite = true
      }
      #expect(left.count == 1 && left[0].contains("left out 2 rows"), "\(left)")
      #expect(left[0].contains("16 rows in all"))
    }
  }

  /// Shards of a harvest of 1024 rows, of which some are missing, with tokens and without.
  @Test func anUnfinishedHarvest() throws {
    let rows = Matrix.sample(1024, 4, seed: 1)
    let manager = FileManager.default
    try manager.createDirectory(
      atPath: folder.file("shards"), withIntermediateDirectories: true)
    for (shard, first) in [(0, 0), (2, 512), (3, 768)] {
      _ = try write(
        "shards/activations-0000\(shard).safetensors",
        Matrix(rows[rows: first..<first + 256]),
        metadata: [
          "hook": "blocks.1.hook_resid_post", "total_rows": "1024", "first_row": "\(first)",
          "context": "16", "stream_tokens": "1024",
        ])
    }
    let broad = try write("broad.safetensors", .sample(1024, 4, seed: 2))
    let shards = ["0", "2", "3"].map { folder.file("shards/activations-0000\($0).safetensors") }
    let tokens = try writeTokens("tokens.npy", (0..<1024).map { $0 % 50 })
    for files in [[folder.file("shards")], shards] {
      let found = try notes {
        $0.domainActivations = files
        $0.broadActivations = [broad]
      }
      #expect(found.contains { $0.contains("rows 256 to 511") }, "\(found)")
      let text = try refusal {
        $0.domainActivations = files
        $0.domain = [tokens]
        $0.broadActivations = [broad]
      }
      #expect(text?.contains("--domain: ") == true && text?.contains("rows 256 to 511") == true)
    }
  }
}
