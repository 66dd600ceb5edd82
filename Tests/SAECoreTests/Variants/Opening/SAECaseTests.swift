import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// What people have met: each folder of `Tests/Data/cases`, and others of its kind.
@Suite struct SAECaseTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func expectRefusal(
    _ path: String, _ words: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let said = try #require(
      refusal { _ = try SAE.load(path) }, "\(path) was read", sourceLocation: sourceLocation)
    #expect(!said.contains("\n"), sourceLocation: sourceLocation)
    for word in words {
      #expect(said.contains(word), "\(said)", sourceLocation: sourceLocation)
    }
  }

  /// Writes a SAELens directory with a configuration and the tensors of an architecture.
  private func directory(
    _ name: String, _ configuration: String, _ further: KeyValuePairs<String, [Int]> = [:]
  ) throws -> String {
    try? FileManager.default.removeItem(atPath: scratch.file(name))
    try scratch.write("\(name)/cfg.json", configuration)
    var shapes: [(String, [Int])] = [
      ("W_enc", [4, 6]), ("b_enc", [6]), ("W_dec", [6, 4]), ("b_dec", [4]),
    ]
    shapes += further.map { ($0.key, $0.value) }
    let path = scratch.file("\(name)/sae_weights.safetensors")
    var writer = try SafetensorsWriter(
      path, shapes.map { TensorDeclaration($0.0, .f32, $0.1) })
    for (index, (tensor, shape)) in shapes.enumerated() {
      try writer.append(
        Matrix.random(1, shape.reduce(1, *), seed: UInt64(index + 1)).array, to: tensor)
    }
    try writer.finish()
    return scratch.file(name)
  }

  private func v6(_ settings: String) -> String {
    "{\"d_in\": 4, \"d_sae\": 6, \"metadata\": {\"sae_lens_version\": \"6.27.3\"}\(settings)}"
  }

  @Test func weightsWithoutTheirConfiguration() throws {
    for (architecture, further) in [
      ("standard", [:]), ("jumprelu", ["threshold": [6]]), ("topk", [:]),
    ] as [(String, KeyValuePairs<String, [Int]>)] {
      let path = try directory(
        "sae", v6(", \"architecture\": \"\(architecture)\", \"k\": 2"), further)
      _ = try SAE.load(path)
      try scratch.remove("sae/cfg.json")
      for path in [path, "\(path)/sae_weights.safetensors"] {
        try expectRefusal(path, ["cfg.json", "found none"])
      }
      // Under any name, and beside another library's configuration.
      try FileManager.default.moveItem(
        atPath: scratch.file("sae/sae_weights.safetensors"),
        toPath: scratch.file("sae/params.safetensors"))
      try scratch.write("sae/config.yaml", "model_name: x\n")
      try expectRefusal(path, ["cfg.json", "config.yaml"])
    }
    try scratch.writeTensors(
      "sparsify/sae.safetensors",
      ["encoder.weight": [6, 4], "encoder.bias": [6], "W_dec": [6, 4], "b_dec": [4]])
    try expectRefusal(scratch.file("sparsify"), ["cfg.json", "found none"])
    // Configurations of their own.
    #expect(try SAE.load(CaseFolder.path("circuit-tracer-transcoder")).latentCount > 0)
    #expect(try SAE.load(CaseFolder.path("llama-scope")).latentCount > 0)
  }

  @Test func configurationsWithoutTheirWeights() throws {
    try scratch.write("empty/cfg.json", v6(", \"architecture\": \"standard\""))
    try expectRefusal(scratch.file("empty"), ["weights beside cfg.json", "found none"])
    try scratch.write("text/cfg.json", v6(", \"architecture\": \"standard\""))
    try scratch.write("text/README.md", "# An autoencoder")
    try expectRefusal(scratch.file("text"), ["weights beside cfg.json", "\"README.md\""])
    try expectRefusal(
      CaseFolder.path("pickle-beside"),
      ["one of several", "\"ae.pt\"", "\"sae_weights.pt\""])
    // A tensor that is missing is named, and not the weights.
    let path = try directory("part", v6(", \"architecture\": \"gated\""))
    try expectRefusal(path, ["expected a tensor \"b_gate\""])
    try expectRefusal(scratch.file("part/cfg.json"), ["found JSON text"])
    let checkpoint = CaseFolder.path("../checkpoints-0.1.0/topk-defaults")
    try expectRefusal(checkpoint, ["a checkpoint of a training run"])
  }

  @Test func whatIsNoWeightsFile() throws {
    try expectRefusal(
      CaseFolder.path("lfs-pointer"),
      ["sae_weights.safetensors", "Git LFS pointer", "12345 bytes", "git lfs pull"])
    // What it is counts, not its name.
    #expect(try SAE.load(CaseFolder.path("pickle-renamed")).latentCount > 0)
    // The configuration itself was not fetched.
    let path = try directory("sae", v6(", \"architecture\": \"standard\""))
    try scratch.write("sae/cfg.json", "version https://git-lfs.github.com/spec/v1\nsize 228\n")
    try expectRefusal(path, ["cfg.json", "Git LFS pointer", "228 bytes"])
  }

  @Test func byteOrderMarks() throws {
    #expect(try SAE.load(CaseFolder.path("byte-order-mark")).latentCount == 64)
    for name in ["sparsify-skip-transcoder/cfg.json", "sharded-with-index/cfg.json"] {
      let folder = String(name.split(separator: "/")[0])
      let copy = try scratch.copy(CaseFolder.path(folder), to: folder)
      let text = try String(contentsOfFile: scratch.file(name), encoding: .utf8)
      try scratch.write(name, "\u{FEFF}" + text)
      _ = try SAE.load(copy)
    }
    let gemma = try scratch.copy(
      CaseFolder.path("gemma-scope-2-transcoder/layer_17_width_16k_l0_big"), to: "gemma")
    let text = try String(contentsOfFile: "\(gemma)/config.json", encoding: .utf8)
    try scratch.write("gemma/config.json", "\u{FEFF}" + text)
    #expect(try SAE.open(gemma).isTranscoder)
    let index = "sharded-with-index/sae_weights.safetensors.index.json"
    let map = try String(contentsOfFile: scratch.file(index), encoding: .utf8)
    try scratch.write(index, "\u{FEFF}" + map)
    _ = try SAE.load(scratch.file("sharded-with-index"))
  }

  /// sparsify's `signed`: no ReLU, and the k of largest magnitude.
  @Test func signedSelections() throws {
    let sae = try SAE.open(CaseFolder.path("sparsify-signed"))
    #expect(sae.autoencoder is AbsTopKAutoencoder && sae.layout == .sparsify)
    let x = Matrix.random(9, 16, seed: 3)
    let latents = try sae.autoencoder.encode(x)
    let archive = sae.archives[0]
    let (encoder, decoder) = (
      try #require(sae.autoencoder.encoder), sae.autoencoder.decoder
    )
    let bias = try #require(archive.parameters["b_enc"]).values.array
    let offset = try #require(archive.parameters["b_dec"]).values.array
    for token in 0..<9 {
      let scores = (0..<64).map { latent -> Double in
        let row = encoder.row(latent)
        return (0..<16).reduce(Double(bias[latent])) {
          $0 + Double(row[$1]) * Double(x[token, $1] - offset[$1])
        }
      }
      let kept = Set(scores.indices.sorted { abs(scores[$0]) > abs(scores[$1]) }.prefix(8))
      let entries = latents.entries(of: token)
      #expect(Set(latents.indices[entries].map { Int($0) }) == kept)
      for entry in entries {
        let score = scores[Int(latents.indices[entry])]
        #expect(abs(Double(latents.values[entry]) - score) <= 1e-4 * max(1, abs(score)))
      }
    }
    #expect(latents.values.contains { $0 < 0 } && decoder.rows == 64)
    let copy = try scratch.copy(CaseFolder.path("sparsify-signed"), to: "other")
    for (setting, words) in [
      ("\"signed\": false", nil), ("\"signed\": true, \"transcode\": true", ["signed"]),
      ("\"signed\": true, \"activation\": \"groupmax\"", ["signed"]),
      ("\"signed\": 1", ["signed", "true or false"]),
      ("\"activation\": \"batchtopk\"", ["activation"]),
      ("\"normalize_io\": true", ["normalize_io"]), ("\"n_targets\": 3", ["n_targets"]),
      ("\"num_latents\": 63", ["num_latents", "64"]), ("\"num_latents\": 64", nil),
    ] as [(String, [String]?)] {
      let rest = setting.contains("num_latents") ? "" : ", \"num_latents\": 0"
      try scratch.write("other/cfg.json", "{\"k\": 8, \"d_in\": 16\(rest), \(setting)}")
      if let words { try expectRefusal(copy, words) } else { _ = try SAE.load(copy) }
    }
    try scratch.write("other/cfg.json", "{\"d_in\": 16}")
    try expectRefusal(copy, ["\"k\"", "found none"])
  }

  /// Old files of transcoders with a skip connection do not say that they transcode, and subtract b_dec.
  @Test func oldSkipTranscoders() throws {
    let sae = try SAE.open(CaseFolder.path("sparsify-skip-transcoder"))
    #expect(sae.isTranscoder && sae.archives[0].subtractsDecoderBias)
    let x = Matrix.random(5, 16, seed: 8)
    let found = try sae.autoencoder.reconstruct(x)
    // Without the skip connection it is an autoencoder, to which the connection adds x W_skipᵀ.
    var plain = sae.archives[0]
    plain.architecture = SAEArchitecture(.topK)
    let skip = try #require(plain.parameters["W_skip"]).values
    plain.parameters["W_skip"] = nil
    var expected = try plain.autoencoder().reconstruct(x)
    expected.add(Matrix.product(x.view, skip.transposed))
    expectClose(found.array, expected.array, tolerance: 1e-5, "reconstruction")
    for layout in [SAELayout.sparsify, .safetensors] {
      let out = scratch.file(layout.rawValue)
      try sae.archives[0].expressed(in: layout).write(to: out, as: layout)
      expectClose(
        try SAE.load(out).reconstruct(x).array, expected.array, tolerance: 1e-5, layout.rawValue)
    }
  }

  @Test func architecturesMustBeNamed() throws {
    try expectRefusal(CaseFolder.path("v6-without-architecture"), ["architecture", "found none"])
    for (configuration, words) in [
      (v6(""), ["architecture"]), (v6(", \"architecture\": \"topk\""), ["\"k\""]),
      (v6(", \"architecture\": null, \"k\": 2"), ["architecture"]),
      (v6(", \"architecture\": \"batchtopk\""), ["\"k\""]),
      (v6(", \"architecture\": \"standard\", \"activation_fn\": \"tanh-relu\""), ["activation_fn"]),
      (v6(", \"architecture\": \"standard\", \"activation_fn_str\": \"topk\""), ["activation_fn"]),
      (
        v6(", \"architecture\": \"standard\", \"normalize_activations\": \"other\""),
        ["normalize_activations"]
      ),
      (
        v6(", \"architecture\": \"standard\", \"normalize_activations\": \"covariance_whitening\""),
        ["normalize_activations"]
      ),
      (v6(", \"architecture\": \"standard\", \"reshape_activations\": \"other\""), ["reshape"]),
      (v6(", \"architecture\": \"transcoder\""), ["d_out"]),
      // Without a version it is the old form, in which these have no place.
      ("{\"d_in\": 4, \"d_sae\": 6, \"k\": 2}", ["architecture", "\"k\""]),
      ("{\"d_in\": 4, \"d_sae\": 6, \"metadata\": {}}", ["architecture", "metadata"]),
      ("{\"d_in\": 4, \"d_sae\": 6, \"activation_fn_str\": \"tanh-relu\"}", ["activation_fn"]),
      ("{\"d_in\": 4, \"d_sae\": 6, \"is_transcoder\": true}", ["is_transcoder"]),
      ("{\"d_in\": 4, \"d_sae\": 6, \"activation_fn_kwargs\": {\"k\": 2}}", ["activation_fn"]),
      ("{\"d_in\": 4, \"d_sae\": 6, \"finetuning_scaling_factor\": true}", ["scaling_factor"]),
    ] as [(String, [String])] {
      try expectRefusal(try directory("sae", configuration), words)
    }
    for configuration in [
      "{\"d_in\": 4, \"d_sae\": 6}", "{\"d_in\": 4, \"d_sae\": 6, \"activation_fn\": \"relu\"}",
      "{\"d_in\": 4, \"d_sae\": 6, \"sae_lens_version\": \"5.10.2\", \"activation_fn\": \"relu\"}",
      v6(", \"architecture\": \"standard\", \"unknown_key\": [1, {}], \"l1_coefficient\": 5"),
    ] {
      #expect(try SAE.load(directory("sae", configuration)) is ReLUAutoencoder)
    }
    let unknown = try directory("sae", v6(", \"architecture\": \"standard\", \"new\": 5"))
    #expect(try SAE.open(unknown).archives[0].settings["new"] == .integer(5))
  }

  /// Parameters of an architecture that the configuration does not name.
  @Test func tensorsThatTellOfAnotherArchitecture() throws {
    for tensor in ["threshold", "log_threshold", "b_gate", "r_mag", "b_mag", "topk_threshold"] {
      for architecture in ["standard", "topk"] {
        let path = try directory(
          "sae", v6(", \"architecture\": \"\(architecture)\", \"k\": 2"), [tensor: [6]])
        try expectRefusal(path, ["only what a \(architecture) has", tensor])
      }
    }
    // Others are kept.
    let path = try directory("sae", v6(", \"architecture\": \"standard\""), ["usage": [6]])
    #expect(try SAE.open(path).archives[0].parameters["usage"] != nil)
  }

  @Test func transcodersOfGemmaScope() throws {
    let root = CaseFolder.path("gemma-scope-2-transcoder")
    for layer in ["layer_17_width_16k_l0_big", "layer_18_width_16k_l0_big"] {
      let sae = try SAE.open("\(root)/\(layer)")
      #expect(sae.isTranscoder && sae.layout == .gemmaScope2, "\(layer)")
    }
    // Paths of the releases, without a configuration; the folder nearest to the file decides.
    let weights = "\(root)/layer_18_width_16k_l0_big/params.safetensors"
    let archive = try SAEArchive.read(weights).archive
    var plain = archive
    plain.architecture = SAEArchitecture(.jumpReLU)
    try plain.write(to: scratch.file("npz"), as: .gemmaScope)
    for (folder, isTranscoder) in [
      ("gemma-scope-2b-pt-transcoders/layer_3/width_16k/average_l0_8", true),
      ("transcoder_all/layer_3_width_16k_l0_small_affine", true),
      ("transcoders/x", true), ("transcoder/resid_post/layer_3", false),
      ("my-transcoders/gemma-scope-2b-pt-res/layer_3/width_16k/average_l0_8", false),
      ("gemma-scope-2b-pt-mlp/layer_3", false), ("resid_post_all/transcoder_all/layer_1", true),
      ("transcoder-project/layer_3", false),
    ] {
      for (name, source) in [
        ("params.npz", scratch.file("npz/params.npz")), ("params.safetensors", weights),
      ] {
        let path = scratch.file("\(folder)/\(name)")
        try FileManager.default.createDirectory(
          atPath: scratch.file(folder), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: source, toPath: path)
        for path in [path, scratch.file(folder)] {
          #expect(try SAE.open(path).isTranscoder == isTranscoder, "\(path)")
        }
        try FileManager.default.removeItem(atPath: path)
      }
    }
  }

  @Test func configurationsOfGemmaScope2() throws {
    let root = CaseFolder.path("gemma-scope-2-transcoder/layer_17_width_16k_l0_big")
    let copy = try scratch.copy(root, to: "gemma")
    let (a, b) = ("\"model.layers.1.output\"", "\"model.layers.2.output\"")
    for (settings, outcome) in [
      ("\"type\": \"transcoder\"", true), ("\"type\": \"sae\"", false),
      ("\"hf_hook_point_in\": \(a), \"hf_hook_point_out\": \(b)", true),
      ("\"hf_hook_point_in\": \(a), \"hf_hook_point_out\": \(a)", false), ("\"l0\": 5", false),
      ("\"type\": \"sae\", \"hf_hook_point_in\": \(a), \"hf_hook_point_out\": \(b)", nil),
      ("\"type\": \"clt\"", nil), ("\"type\": \"crosscoder\"", nil), ("\"width\": 65", nil),
      ("\"architecture\": \"topk\"", nil), ("\"affine_connection\": true", nil),
    ] as [(String, Bool?)] {
      try scratch.write("gemma/config.json", "{\(settings)}")
      if let outcome {
        #expect(try SAE.open(copy).isTranscoder == outcome, "\(settings)")
      } else {
        let setting = String(settings.split(separator: "\"")[0])
        try expectRefusal(copy, ["config.json", setting])
      }
    }
  }

  @Test func selectionsOfBatchesNeedAThreshold() throws {
    for name in ["batchtopk", "matryoshka_batchtopk"] {
      let settings = ", \"architecture\": \"\(name)\", \"k\": 2, \"matryoshka_widths\": [3, 6]"
      let path = try directory("sae", v6(settings))
      try expectRefusal(path, ["topk_threshold", "depend on the tokens beside it", "topk"])
      for load in [
        { _ = try BatchTopKAutoencoder.load(path) }, { _ = try MatryoshkaAutoencoder.load(path) },
      ] as [() throws -> Void] { #expect(refusal(load) != nil) }
      _ = try SAE.load(directory("sae", v6(settings), ["topk_threshold": [1]]))
    }
    try expectRefusal(CaseFolder.path("batchtopk-without-threshold"), ["topk_threshold"])
  }

  @Test func shards() throws {
    let path = CaseFolder.path("sharded-with-index")
    let sae = try SAE.open(path)
    #expect(sae.layout == .saeLens && sae.autoencoder.latentCount == 64)
    #expect(
      try SAE.load("\(path)/sae_weights.safetensors.index.json") as? ReLUAutoencoder
        == sae.autoencoder as? ReLUAutoencoder)
    let shard = "sae_weights-00001-of-00002.safetensors"
    try expectRefusal("\(path)/\(shard)", ["one shard of several"])
    let index = "sae_weights.safetensors.index.json"
    func changed(_ edit: (String) throws -> Void) throws -> String {
      let copy = try scratch.copy(path, to: "copy")
      try edit("copy")
      return copy
    }
    try expectRefusal(
      changed { try scratch.remove("\($0)/\(shard)") }, [index, "\"\(shard)\"", "found none"])
    try expectRefusal(
      changed { try scratch.remove("\($0)/\(index)") }, ["weights beside cfg.json"])
    let text = try String(contentsOfFile: "\(path)/\(index)", encoding: .utf8)
    for (old, new, words) in [
      (shard, "../\(shard)", ["names of files beside it"]),
      (shard, "", ["names of files beside it"]),
      (shard, "/etc/passwd", ["names of files beside it"]),
      (
        "\"W_enc\": \"\(shard)\"", "\"W_enc\": \"\(shard.replacing("1-of", with: "2-of"))\"",
        ["expected a tensor \"W_enc\""]
      ),
      ("\"W_enc\": \"\(shard)\", ", "", ["W_enc", "only tensors that"]),
      ("\"W_enc\": \"\(shard)\"", "\"W_enc\": 3", ["W_enc", "found 3"]),
      ("weight_map", "weights", ["weight_map"]),
    ] {
      let copy = try changed { _ in }
      #expect(text.contains(old))
      try scratch.write("copy/\(index)", text.replacing(old, with: new))
      try expectRefusal(copy, words)
    }
    // Where the plain file is, it counts.
    let plain = try changed { _ in }
    var all = sae.archives[0]
    all.settings = JSONObject()
    try all.write(to: scratch.file("plain"))
    try FileManager.default.copyItem(
      atPath: scratch.file("plain/sae_weights.safetensors"),
      toPath: "\(plain)/sae_weights.safetensors")
    try scratch.write("copy/\(index)", "not an index")
    _ = try SAE.load(plain)
  }
}
