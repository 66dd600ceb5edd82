import Foundation
import SAECore
import Testing

/// Another layer, place or model is an error in every command that brings two things together, unless
/// it is allowed: then the output says so.
@Suite struct OriginCommandTests {
  let folder: ScratchFolder
  let model: String
  let tokens: String

  init() throws {
    folder = try ScratchFolder()
    model = try folder.writeModel()
    tokens = try folder.writeTokens(count: 200)
  }

  /// Activations of a layer of a model.
  private func harvest(
    _ out: String, layer: Int, model: String? = nil, _ arguments: [String] = []
  ) throws -> String {
    let run = try Command(
      [
        "harvest", "--model", model ?? self.model, "--layer", "\(layer)", "--tokens", tokens,
        "--context", "20", "--dtype", "f32", "--out", folder.file(out),
      ] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    return folder.file(out)
  }

  private func train(_ activations: String, _ out: String) throws -> String {
    let run = try Command(
      ["train", "--activations", activations, "--out", folder.file(out)] + TrainCommandTests.small)
    #expect(run.status == 0, "\(run.errors)")
    return folder.file(out)
  }

  /// Refused in one line that names both; done, and said, where it is allowed.
  private func expectRefused(
    _ arguments: [String], _ word: String, _ names: [String], hasJSON: Bool = true,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let refused = try Command(arguments)
    #expect(refused.status == 1, "\(arguments): \(refused.errors)", sourceLocation: location)
    let line = refused.errors.split(separator: "\n").filter { $0.hasPrefix("Error") }
    #expect(line.count == 1, "\(refused.errors)", sourceLocation: location)
    for text in names + ["activations of \(word)", "add --allow-mismatch to go on"] {
      #expect(
        line.first?.contains(text) == true, "\(text): \(refused.errors)", sourceLocation: location)
    }
    let allowed = try Command(arguments + ["--allow-mismatch"])
    #expect(allowed.status == 0, "\(arguments): \(allowed.errors)", sourceLocation: location)
    #expect(
      allowed.output.contains("mismatch: ") && allowed.output.contains("activations of \(word)"),
      "\(allowed.output)", sourceLocation: location)
    guard hasJSON else { return }
    try? FileManager.default.removeItem(atPath: folder.file("z.safetensors"))
    let json = try Command(arguments + ["--allow-mismatch", "--json"])
    let facts = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    let lines = facts?["mismatches"] as? [String]
    #expect(lines?.first?.contains(word) == true, "\(json.output)", sourceLocation: location)
  }

  @Test func anotherLayer() throws {
    let own = try harvest("own", layer: 1)
    let elsewhere = try harvest("elsewhere", layer: 0)
    let sae = try train(own, "sae")
    let other = try train(elsewhere, "other")
    let shard = "/activations-00000.safetensors"
    let latents = ["--out", folder.file("z.safetensors")]
    for command in ["evaluate", "compare", "encode"] {
      try? FileManager.default.removeItem(atPath: folder.file("z.safetensors"))
      try expectRefused(
        [command, "--activations", elsewhere]
          + (command == "compare" ? ["--sae", sae, sae] : ["--sae", sae])
          + (command == "encode" ? latents : []), "hook", [sae, elsewhere + shard])
      try? FileManager.default.removeItem(atPath: folder.file("z.safetensors"))
      let fitting = try Command(
        [command, "--activations", own]
          + (command == "compare" ? ["--sae", sae, sae] : ["--sae", sae])
          + (command == "encode" ? latents : []))
      #expect(fitting.status == 0, "\(fitting.errors)")
      #expect(!fitting.output.contains("mismatch"))
    }
    let metadata = try {
      try? FileManager.default.removeItem(atPath: folder.file("z.safetensors"))
      let run = try Command(
        ["encode", "--activations", elsewhere, "--sae", sae, "--allow-mismatch"] + latents)
      #expect(run.status == 0)
      return try SafetensorsFile(folder.file("z.safetensors")).metadata
    }()
    #expect(metadata["mismatches"]?.contains("hook") == true)
    // One autoencoder with another.
    try expectRefused(
      ["compare", "--activations", own, "--sae", sae, other], "hook", [other, own + shard])
    try expectRefused(
      ["train", "--activations", own, elsewhere, "--out", folder.file("mixed")]
        + TrainCommandTests.small, "hook", [own + shard, elsewhere + shard], hasJSON: false)
    #expect(try SAEArchive.read(folder.file("mixed")).archive.activationOrigin.hook == nil)
    // With a model.
    let loss = ["loss-recovered", "--model", model, "--tokens", tokens, "--sae"]
    try expectRefused(loss + [sae, "--layer", "0"], "hook", [sae, model])
    try expectRefused(
      loss + [sae, "--mean-from", elsewhere], "hook", [sae, elsewhere + shard])
    try expectRefused(loss + [sae, other, "--layer", "1"], "hook", [sae, other])
    let page = ["inspect", "--model", model, "--tokens", tokens, "--count", "100", "--sae", sae]
    try expectRefused(
      page + ["--layer", "0", "--out", folder.file("page")], "hook", [sae, model], hasJSON: false)
    let json = try String(contentsOfFile: folder.file("page/latents.json"), encoding: .utf8)
    #expect(json.contains("\"mismatches\"") && json.contains("hook blocks"))
    // A harvest that goes on elsewhere.
    try FileManager.default.removeItem(atPath: own + shard)
    let shards = try harvest("shards", layer: 1, ["--tokens-per-shard", "50"])
    try FileManager.default.removeItem(atPath: "\(shards)/activations-00001.safetensors")
    try expectRefused(
      [
        "harvest", "--model", model, "--layer", "0", "--tokens", tokens, "--context", "20",
        "--dtype", "f32", "--out", shards, "--tokens-per-shard", "50",
      ], "hook", ["\(shards)/activations-00000.safetensors", "the harvest of"], hasJSON: false)
  }

  /// The place is taken from the autoencoder, by whatever name; several places are refused.
  @Test func theLayerIsWhatTheAutoencoderSays() throws {
    let sae = try train(harvest("own", layer: 1), "sae")
    let other = try train(harvest("elsewhere", layer: 0), "other")
    let arguments = ["loss-recovered", "--model", model, "--tokens", tokens, "--json", "--sae"]
    func facts(_ more: [String]) throws -> [String: Any] {
      let run = try Command(arguments + more)
      #expect(run.status == 0, "\(more): \(run.errors)")
      return try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any] ?? [:]
    }
    let own = try facts([sae])
    #expect(own["hook"] as? String == "blocks.1.hook_resid_post" && own["mismatches"] == nil)
    // As it was trained: sequences of 20 tokens.
    #expect(own["sequences"] as? Int == 10)
    for same in [
      ["--layer", "1"], ["--hook", "blocks.2.hook_resid_pre"], ["--hook", "layers.1"],
    ] {
      let found = try facts([sae] + same)
      #expect(found["ce_spliced"] as? Double == own["ce_spliced"] as? Double, "\(same)")
    }
    let several = try Command(arguments + [sae, other])
    #expect(several.status == 1 && several.errors.contains("hook"), "\(several.errors)")
    let still = try Command(arguments + [sae, other, "--allow-mismatch"])
    #expect(still.status == 64 && still.errors.contains("--layer or --hook"), "\(still.errors)")
    let page = try Command([
      "inspect", "--model", model, "--tokens", tokens, "--count", "100", "--sae", sae, "--out",
      folder.file("page"),
    ])
    #expect(page.status == 0, "\(page.errors)")
    // A place inside a layer, one that no family has, and files that do not say it.
    var archive = try SAEArchive.read(sae).archive
    var origin = archive.activationOrigin
    origin.hook = HookName("blocks.1.hook_mlp_out")
    archive.setActivationOrigin(origin)
    try archive.write(to: folder.file("mlp"))
    let inside = try facts([folder.file("mlp")])
    #expect(inside["hook"] as? String == "blocks.1.hook_mlp_out")
    origin.hook = HookName("blocks.1.attn.hook_pattern")
    archive.setActivationOrigin(origin)
    try archive.write(to: folder.file("pattern"))
    let unknown = try Command(arguments + [folder.file("pattern")])
    #expect(unknown.status == 1 && unknown.errors.contains("hook_pattern"), "\(unknown.errors)")
    archive.setActivationOrigin(ActivationOrigin())
    try archive.write(to: folder.file("nowhere"))
    let none = try Command(arguments + [folder.file("nowhere")])
    #expect(none.status == 64 && none.errors.contains("--layer or --hook"), "\(none.errors)")
    let given = try facts([folder.file("nowhere"), "--layer", "1", "--context", "20"])
    #expect(
      given["mismatches"] == nil && given["ce_spliced"] as? Double == own["ce_spliced"] as? Double)
  }

  @Test func anotherModel() throws {
    let other = try folder.writeModel("other", scale: 1.5)
    let own = try harvest("own", layer: 1)
    let others = try harvest("others", layer: 1, model: other)
    let sae = try train(own, "sae")
    try expectRefused(["evaluate", "--sae", sae, "--activations", others], "weights", [sae])
    try expectRefused(
      ["loss-recovered", "--model", other, "--tokens", tokens, "--sae", sae], "weights",
      [sae, other])
    try expectRefused(
      [
        "inspect", "--model", other, "--tokens", tokens, "--count", "100", "--sae", sae, "--out",
        folder.file("page"),
      ], "weights", [sae, other], hasJSON: false)
    // Under another name it is the same model.
    let copy = folder.file("copy")
    try FileManager.default.copyItem(atPath: model, toPath: copy)
    let same = try Command([
      "loss-recovered", "--model", copy, "--tokens", tokens, "--sae", sae, "--json",
    ])
    #expect(same.status == 0 && !same.output.contains("mismatches"), "\(same.errors)")
  }

  /// What stands before sequences, and how long they are, belongs to where activations are from.
  @Test func anotherProtocol() throws {
    let own = try harvest("own", layer: 1)
    let sae = try train(own, "sae")
    let bare = try harvest("bare", layer: 1, ["--bos", "none"])
    try expectRefused(["evaluate", "--sae", sae, "--activations", bare], "prefix", [sae])
    let long = try harvest("long", layer: 1, ["--context", "30"])
    try expectRefused(["evaluate", "--sae", sae, "--activations", long], "context", [sae])
  }

  /// The precision of rotary positions is recorded with activations and autoencoders, and taken from them
  /// where no option is given.
  @Test func otherRotaryFrequencies() throws {
    let own = try harvest("own", layer: 1)
    let rounded = try harvest("rounded", layer: 1, ["--rotary-frequencies", "bfloat16"])
    let sae = try train(own, "sae")
    let brain = try train(rounded, "brain")
    #expect(try SAEArchive.read(brain).archive.activationOrigin.rotaryFrequencies == "bfloat16")
    let word = "rotary frequencies"
    try expectRefused(["evaluate", "--sae", sae, "--activations", rounded], word, [sae])
    try expectRefused(["evaluate", "--sae", brain, "--activations", own], word, [brain])
    try expectRefused(
      ["train", "--activations", own, rounded, "--out", folder.file("mixed")]
        + TrainCommandTests.small, word, [own, rounded], hasJSON: false)
    let loss = ["loss-recovered", "--model", model, "--tokens", tokens, "--sae"]
    try expectRefused(loss + [sae, "--rotary-frequencies", "bfloat16"], word, [sae, model])
    try expectRefused(loss + [brain, "--rotary-frequencies", "float32"], word, [brain, model])
    for path in [sae, brain] {
      let run = try Command(loss + [path])
      #expect(run.status == 0 && !run.output.contains("mismatch"), "\(run.errors)")
    }
    let page = try Command([
      "inspect", "--model", model, "--tokens", tokens, "--count", "100", "--sae", brain, "--out",
      folder.file("page"),
    ])
    #expect(page.status == 0 && !page.output.contains("mismatch"), "\(page.errors)")
  }
}
