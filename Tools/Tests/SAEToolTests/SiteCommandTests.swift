import Foundation
import SAECore
import SAEModels
import Testing

/// Places inside layers: harvested together, trained on, spliced, and steered at.
@Suite struct SiteCommandTests {
  let folder: ScratchFolder
  let model: String
  let tokens: String

  init() throws {
    folder = try ScratchFolder()
    model = try folder.writeModel()
    tokens = try folder.writeTokens(count: 90)
  }

  func run(_ arguments: [String], status: Int32 = 0) throws -> Command {
    let run = try Command(arguments)
    #expect(run.status == status, "\(arguments): \(run.errors)")
    return run
  }

  func harvest(_ hooks: String, _ out: String) throws {
    _ = try run([
      "harvest", "--model", model, "--tokens", tokens, "--context", "20", "--hook", hooks,
      "--tokens-per-shard", "40", "--out", folder.file(out),
    ])
  }

  @Test func severalPlacesAreThoseOfSingleHarvests() throws {
    let hooks = [
      "blocks.1.hook_resid_post", "blocks.0.mlp.hook_post", "blocks.1.hook_attn_out",
    ]
    try harvest(hooks.joined(separator: ","), "all")
    for (index, hook) in hooks.enumerated() {
      try harvest(hook, "one\(index)")
      for shard in 0..<3 {
        let name = "activations-0000\(shard).safetensors"
        #expect(
          FileManager.default.contentsEqual(
            atPath: folder.file("all/\(hook)/\(name)"),
            andPath: folder.file("one\(index)/\(name)")), "\(hook)")
      }
    }
    let twice = try Command([
      "harvest", "--model", model, "--tokens", tokens, "--hook", "layers.1,layers.1", "--out",
      folder.file("twice"),
    ])
    #expect(twice.status == 64 && twice.errors.contains("--hook"), "\(twice.errors)")
    let module = try Command([
      "harvest", "--model", model, "--tokens", tokens, "--hook", "model.layers.1.mlp.output",
      "--out", folder.file("module"),
    ])
    #expect(module.status == 64 && module.errors.contains("--hook: expected"), "\(module.errors)")
  }

  /// A transcoder's reconstruction takes the place of its output.
  @Test func transcodersAreSpliced() throws {
    try harvest("blocks.1.mlp.hook_in,blocks.1.hook_mlp_out", "parts")
    let (input, output) = (
      folder.file("parts/blocks.1.mlp.hook_in"), folder.file("parts/blocks.1.hook_mlp_out")
    )
    _ = try run(
      [
        "train", "--architecture", "transcoder", "--activations", input, "--targets", output,
        "--out", folder.file("sae"),
      ] + TrainCommandTests.small)
    let measured = try run([
      "loss-recovered", "--model", model, "--tokens", tokens, "--sae", folder.file("sae"),
      "--json", "--mean-from", output,
    ])
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(measured.output.utf8)) as? [String: Any])
    #expect(report["hook"] as? String == "blocks.1.hook_mlp_out")
    #expect((report["ce_clean"] as? Double ?? 0) > 0)
    let wrong = try Command([
      "loss-recovered", "--model", model, "--tokens", tokens, "--sae", folder.file("sae"),
      "--mean-from", input,
    ])
    #expect(wrong.status == 1 && wrong.errors.contains("hook"), "\(wrong.errors)")
  }

  @Test func generatesAsTheLibraryDoes() throws {
    try harvest("blocks.1.hook_resid_post", "own")
    _ = try run(
      ["train", "--activations", folder.file("own"), "--out", folder.file("sae")]
        + TrainCommandTests.small)
    let loaded = try LanguageModels.load(model)
    let sae = try SAE.open(folder.file("sae"))
    let generate = ["generate", "--model", model, "--prompt-tokens", "1,7,9", "--count", "8"]
    func ids(_ arguments: [String]) throws -> [UInt32] {
      try run(generate + ["--stop", "none"] + arguments).output.split(separator: ",").compactMap {
        UInt32($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    func expected(
      _ edits: [(latent: Int, edit: LatentSteering.Edit)], keepsError: Bool = true,
      on tokens: Intervention.Tokens = .all, sampling: Sampling = .greedy
    ) throws -> [UInt32] {
      try loaded.generate(
        [1, 7, 9], options: GenerationOptions(count: 8, sampling: sampling, stops: []),
        interventions: edits.isEmpty
          ? []
          : [
            LatentSteering(sae.autoencoder, edits, keepsError: keepsError).intervention(
              at: .residPost(1), on: tokens)
          ])
    }
    let name = folder.file("sae")
    #expect(try ids([]) == expected([]))
    #expect(try ids(["--steer", "\(name):3=40"]) == expected([(3, .add(40))]))
    #expect(
      try ids(["--clamp", "\(name):2=9", "\(name):3=0", "--on", "generated"])
        == expected([(2, .set(9)), (3, .set(0))], on: .generated))
    #expect(
      try ids(["--scale", "\(name):1=3", "--without-error"])
        == expected([(1, .scale(3))], keepsError: false))
    #expect(
      try ids(["--temperature", "2", "--top-p", "0.9", "--seed", "4"])
        == expected([], sampling: .random(temperature: 2, topP: 0.9, seed: 4)))
    for (arguments, words) in [
      (["--steer", "\(name):9999=1"], "latent"), (["--seed", "1"], "needs --temperature"),
      (["--on", "prompt"], "needs --steer"), (["--count", "9999"], "--count"),
      (["--steer", "nothing"], "--steer"),
    ] {
      let refused = try Command(generate + arguments)
      #expect(refused.status == 64 && refused.errors.contains(words), "\(refused.errors)")
    }
    let outside = try Command(["generate", "--model", model, "--prompt-tokens", "50"])
    #expect(outside.status == 64 && outside.errors.contains("--prompt-tokens: expected ids below"))
  }
}
