import Foundation
import SAECore
import Testing

@Suite struct StudyCommandTests {
  @Test(arguments: [
    (["study"], "--out"), (["study", "--out", "x", "--latents", "4.5"], "--latents"),
    (["study", "--out", "x", "--latents", "a,b"], "--latents"),
    (["study", "--out", "x", "--seeds", "0"], "--seeds"),
    (["study", "--out", "x", "--config", "/no/such/file.json"], "/no/such/file.json"),
  ])
  func whatIsWrongIsNamed(_ arguments: [String], _ option: String) throws {
    let command = try Command(arguments)
    #expect(command.status != 0)
    #expect(command.errors.contains(option))
    #expect(command.errors.contains("xpected") || command.errors.contains("invalid"))
  }

  @Test func tokensNeedAModel() throws {
    let folder = try ScratchFolder()
    let tokens = folder.file("tokens.npy")
    try writeTokens(tokens, count: 2048)
    let other = folder.file("other.npy")
    try writeTokens(other, count: 2048)
    let command = try Command([
      "study", "--out", folder.file("study"), "--domain", tokens, "--broad", other,
    ])
    #expect(command.status != 0)
    #expect(command.errors.contains("--domain: expected --model"))
  }

  /// A study of files of activations, by options and by a configuration file: the same results.
  @Test func optionsAndConfigurationSayTheSame() throws {
    let folder = try ScratchFolder()
    let domain = try folder.writeActivations("domain.safetensors", tokens: 1024)
    let broad = try folder.writeActivations("broad.safetensors", tokens: 1024) {
      $0.scale(by: 0.5)
    }
    let byOptions = try Command([
      "study", "--domain-activations", domain, "--broad-activations", broad, "--latents", "8",
      "--architecture", "topk", "--sparsity", "1,2", "--seeds", "1", "--training-tokens", "1024",
      "--batch", "128", "--context", "16", "--held-out-tokens", "96", "--out",
      folder.file("options"),
    ])
    #expect(byOptions.status == 0, "\(byOptions.errors)")
    let config = folder.file("config.json")
    try Data(
      """
      {"domain-activations": ["\(domain)"], "broad-activations": ["\(broad)"], "latents": [8],
       "architecture": "topk", "sparsity": [1, 2], "seeds": 1, "training-tokens": 1024,
       "batch": 128, "context": 16, "held-out-tokens": 96}
      """.utf8
    ).write(to: URL(fileURLWithPath: config))
    let byFile = try Command(["study", "--config", config, "--out", folder.file("file")])
    #expect(byFile.status == 0, "\(byFile.errors)")
    func results(_ name: String) -> Data? {
      FileManager.default.contents(atPath: folder.file("\(name)/results.json"))
    }
    #expect(results("options") != nil)
    #expect(results("options") == results("file"))
    for name in ["study.json", "report/index.html", "saes/boosted-8-2-s0/boosted.json"] {
      #expect(FileManager.default.fileExists(atPath: folder.file("options/\(name)")))
    }
    // A judge must see texts.
    let judged = try Command(["study", "--out", folder.file("options"), "--judge", "cat"])
    #expect(judged.status == 64)
    #expect(judged.errors.contains("--judge: "), "\(judged.errors)")
    // The directory alone is enough to go on.
    let again = try Command(["study", "--out", folder.file("options")])
    #expect(again.status == 0)
    #expect(again.errors.contains("kept from before: 6 autoencoders, 6 measurements"))
  }

  private static func small(
    _ folder: ScratchFolder, out: String, tokens: Int = 6400
  ) throws -> [String] {
    let domain = try folder.writeActivations("domain.safetensors", tokens: 1024)
    let broad = try folder.writeActivations("broad.safetensors", tokens: 1024) {
      $0.scale(by: 0.5)
    }
    return [
      "study", "--domain-activations", domain, "--broad-activations", broad, "--latents", "8",
      "--architecture", "batchtopk", "--sparsity", "1,2", "--seeds", "2", "--training-tokens",
      "\(tokens)", "--batch", "64", "--context", "16", "--held-out-tokens", "96",
      "--checkpoint-every", "1", "--out", out,
    ]
  }

  /// Eight times, at moments that a seed decides, until one ends by itself.
  @Test func aKilledStudyEndsWithTheSameResults() throws {
    let folder = try ScratchFolder()
    func results(_ name: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: folder.file("\(name)/results.json")))
    }
    let whole = try Command(Self.small(folder, out: folder.file("whole")))
    #expect(whole.status == 0, "\(whole.errors)")
    let arguments = try Self.small(folder, out: folder.file("killed"))
    var generator = RandomGenerator(seed: 20)
    var (kills, resumed) = (0, 0)
    while kills < 8 {
      let running = try RunningCommand(arguments)
      try running.waitForProgress()
      usleep(UInt32(generator.index(below: 150_000)))
      running.send(SIGKILL)
      let ended = try running.finish()
      if ended.errors.contains("going on after step") { resumed += 1 }
      guard ended.status == 128 + SIGKILL else {
        #expect(ended.status == 0, "\(ended.errors)")
        break
      }
      kills += 1
    }
    let last = try Command(arguments)
    #expect(last.status == 0, "\(last.errors)")
    #expect(try results("killed") == results("whole"))
    for name in ["broad-8-1-s0", "domain-8-2-s1", "boosted-8-2-s1/base", "boosted-8-2-s1/booster"] {
      #expect(try folder.weights("killed/saes/\(name)") == folder.weights("whole/saes/\(name)"))
    }
    #expect(resumed > 0)
    print("killed \(kills) times, went on in a pass \(resumed) times")
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsAStudyThatGoesOn(_ signal: Int32) throws {
    let folder = try ScratchFolder()
    let out = folder.file("study")
    let running = try RunningCommand(Self.small(folder, out: out, tokens: 25_600))
    try running.waitForProgress()
    running.send(signal)
    let ended = try running.finish()
    #expect(ended.status == 128 + signal, "\(ended.errors)")
    #expect(ended.errors.contains("sae study --out \(out) goes on with it"), "\(ended.errors)")
    let again = try Command(["study", "--out", out])
    #expect(again.status == 0, "\(again.errors)")
    #expect(FileManager.default.fileExists(atPath: "\(out)/report/index.html"))
  }

  /// Harvest, training, loss and page on the lab's model, at a size that says nothing.
  @Test(withLab) func aModelIsStudiedAndInspected() throws {
    let lab = Lab.root
    let folder = try ScratchFolder()
    let out = folder.file("study")
    let study = try Command([
      "study", "--model", "\(lab)/model", "--layer", "1", "--domain",
      "\(lab)/tokens/med_train.npy", "--broad", "\(lab)/tokens/broad_train.npy", "--held-out",
      "\(lab)/tokens/med_dev.npy", "--latents", "16", "--sparsity", "2", "--seeds", "1",
      "--stream-tokens", "512", "--training-tokens", "512", "--batch", "128", "--context", "32",
      "--held-out-tokens", "256", "--loss-tokens", "64", "--booster-latents", "0", "--out", out,
    ])
    #expect(study.status == 0, "\(study.errors)")
    let results =
      FileManager.default.contents(atPath: "\(out)/results.json").map {
        String(decoding: $0, as: UTF8.self)
      } ?? ""
    #expect(results.contains("lossRecovered"))
    let inspect = try Command([
      "inspect", "--sae", "\(out)/saes/domain-16-2-s0", "--model", "\(lab)/model", "--tokens",
      "\(lab)/tokens/med_dev.npy", "--count", "256", "--context", "32", "--out",
      folder.file("page"),
    ])
    #expect(inspect.status == 0, "\(inspect.errors)")
    #expect(FileManager.default.fileExists(atPath: folder.file("page/index.html")))
  }

  private func writeTokens(_ path: String, count: Int) throws {
    var header =
      "{'descr': '<u2', 'fortran_order': False, 'shape': (\(count),), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
    bytes += Array(header.utf8)
    bytes += [UInt8](repeating: 0, count: 2 * count)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}
