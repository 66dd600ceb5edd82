import ArgumentParser
import Foundation
import SAECore
import SAEStudy
import Testing

@testable import sae

/// Every option of every command, as the commands themselves list them: each changes what a command
/// will do, or is refused by name. An option that nobody declared fails.
@Suite struct OptionTests {
  /// A command with the arguments that it needs.
  struct Situation: CustomTestStringConvertible, Sendable {
    let name: String
    let arguments: [String]
    var testDescription: String { "\(name): \(arguments.joined(separator: " "))" }
  }

  static let situations: [Situation] = {
    let files = ["--activations", "a"]
    let model = ["--model", "m", "--layer", "1", "--tokens", "t.npy"]
    let out = ["--latents", "64", "--out", "o"]
    var all: [Situation] = []
    for architecture in Variant.allCases {
      let inputs = architecture.takesTargets ? [files + ["--targets", "t"]] : [files, model]
      for input in inputs {
        all.append(
          Situation(
            name: "train",
            arguments: ["train", "--architecture", architecture.name] + input + out))
      }
    }
    let sae = ["--sae", "s"]
    let texts = ["--domain-activations", "d", "--broad-activations", "b"]
    let commands: [[String]] = [
      ["train"] + files + out + ["--architecture", "jumprelu", "--sparsity", "2"],
      ["train"] + files + out + ["--normalization", "layer_norm"],
      ["train"] + files + out + ["--checkpoint-every", "5"],
      ["train"] + files + out + ["--tokens", "t.npy", "--skip-tokens", "0"],
      ["train", "--resume", "c"],
      ["train"] + out + [
        "--model", "m", "--hook", "layers.3", "--tokens", "t.npy", "--bos", "none",
      ],
      ["evaluate"] + sae + files,
      ["evaluate"] + sae + files + ["--tokens", "t.npy", "--skip-tokens", "0"],
      ["compare"] + sae + sae + files,
      ["compare"] + sae + sae + files + ["--tokens", "t.npy", "--skip-tokens", "0"],
      ["encode"] + sae + files + ["--out", "o"],
      ["convert", "a", "b", "--to", "sparsify"], ["convert", "a", "b", "--to", "safetensors"],
      ["info", "a"],
      ["tokenize", "a.txt", "--model", "m", "--out", "t.npy"],
      ["harvest", "--out", "o"] + model, ["harvest", "--out", "o"] + model + ["--bos", "none"],
      ["harvest", "--out", "o", "--model", "m", "--hook", "layers.3", "--tokens", "t.npy"],
      ["loss-recovered"] + sae + ["--model", "m", "--tokens", "t.npy"],
      ["loss-recovered"] + sae + model,
      ["inspect", "--model", "m", "--tokens", "t.npy", "--out", "o"] + sae,
      ["inspect", "--model", "m", "--tokens", "t.npy", "--out", "o", "--judge", "cat"] + sae,
      ["generate", "--model", "m", "--prompt-tokens", "1,2"],
      ["generate", "--model", "m", "--prompt-tokens", "1,2", "--temperature", "1"],
      ["generate", "--model", "m", "--prompt-tokens", "1,2", "--steer", "s:1=2"],
      ["study", "--out", "/nowhere/o"] + texts,
      ["study", "--out", "/nowhere/o", "--judge", "cat"] + texts,
      ["study", "--out", "/nowhere/o", "--seeds", "1", "--latents", "64", "--sparsity", "4"]
        + ["--booster-latents", "0"] + texts,
      [
        "study", "--out", "/nowhere/o", "--model", "m", "--layer", "2", "--domain", "d", "--broad",
        "b",
      ],
      ["study", "--demo", "--out", "/nowhere/o"],
      ["study", "--demo", "--out", "/nowhere/o", "--judge", "cat"],
      ["demo"],
    ]
    all += commands.map { Situation(name: $0[0], arguments: $0) }
    return all
  }()

  /// A value that is not the default, for options whose type has no other to offer.
  static let samples: [String: [String]] = [
    "architecture": ["batchtopk"], "levels": ["8,16"], "experts": ["8"], "active-experts": ["1"],
    "targets": ["x"], "k": ["7"], "sparsity": ["3"], "latents": ["32"],
    "lr": ["0.01"], "normalization": ["none"], "normalization-rows": ["77"], "steps": ["50"],
    "epochs": ["3"], "tokens": ["other.npy"], "batch": ["128"], "warm-up": ["3"], "decay": ["4"],
    "b-dec": ["mean"],
    "seed": ["5"], "checkpoint-every": ["9"], "keep-checkpoints": ["3"], "resume": ["r"],
    "out": ["/nowhere/other"], "activations": ["other"], "tensor": ["x"], "model": ["other"],
    "layer": ["3"], "hook": ["blocks.4.hook_resid_pre"], "context": ["100"], "bos": ["9"],
    "sequences": ["4"], "max-tokens": ["1000"], "rotary-frequencies": ["bfloat16"],
    "skip-tokens": ["0,1"], "sae": ["other", "another"], "activation-scale": ["2"],
    "to": ["saelens"], "tokens-per-shard": ["100"], "dtype": ["f32"], "mean-from": ["f"],
    "count": ["100"], "judge": ["tac"], "judge-latents": ["7"], "judge-seconds": ["3"],
    "domain": ["x"], "broad": ["x"], "held-out": ["x"], "held-out-broad": ["x"],
    "domain-activations": ["x"], "broad-activations": ["x"], "held-out-activations": ["x"],
    "held-out-broad-activations": ["x"], "seeds": ["2"], "booster-latents": ["64"],
    "stream-tokens": ["1000"], "training-tokens": ["20000"], "held-out-tokens": ["100"],
    "loss-tokens": ["50"], "at-a-time": ["1"], "field": ["x"], "separator": ["7"],
    "prompt-tokens": ["3,4"], "temperature": ["0.5"], "top-p": ["0.9"], "stop": ["7"],
    "steer": ["t:3=4"], "clamp": ["t:3=4"], "scale": ["t:3=4"], "on": ["prompt"],
  ]

  /// Where a command has another default, or takes one value in the place of several.
  static let ownSamples: [String: [String]] = [
    "evaluate sae": ["other"], "encode sae": ["other"], "inspect sae": ["other"],
    "study latents": ["2048"], "study seeds": ["4"], "tokenize out": ["other.npy"],
  ]

  /// For options that already have the sample's value.
  static let otherSamples: [String: [String]] = ["architecture": ["topk"]]

  /// Not an option of a study's settings: it is read, not compared. Tested with the commands.
  static let elsewhere: Set = ["config", "help", "version"]

  private struct Listed {
    let name: String
    let isFlag: Bool
  }

  /// The options of each command, as the parser lists them; made once.
  private static let listed: [String: [Listed]] = {
    var text = ""
    do { _ = try SAECommand.parseAsRoot(["--experimental-dump-help"]) } catch {
      text = SAECommand.fullMessage(for: error)
    }
    let root = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let command = root?["command"] as? [String: Any]
    var listed: [String: [Listed]] = [:]
    for sub in command?["subcommands"] as? [[String: Any]] ?? [] {
      guard let name = sub["commandName"] as? String, name != "help" else { continue }
      let arguments = sub["arguments"] as? [[String: Any]] ?? []
      listed[name] = arguments.compactMap { argument in
        let names = argument["names"] as? [[String: Any]] ?? []
        guard argument["kind"] as? String != "positional",
          let long = names.first(where: { $0["kind"] as? String == "long" })?["name"] as? String
        else { return nil }
        return Listed(name: long, isFlag: argument["kind"] as? String == "flag")
      }
    }
    return listed
  }()

  /// The commands by name.
  private static let commands: [String: any PlannedCommand.Type] = {
    let all = SAECommand.configuration.subcommands.compactMap { $0 as? any PlannedCommand.Type }
    return Dictionary(uniqueKeysWithValues: all.map { ($0.configuration.commandName ?? "", $0) })
  }()

  private enum Outcome {
    /// What the command will do, as text.
    case planned(String)
    case refused(String)
  }

  private static func outcome(_ arguments: [String]) throws -> Outcome {
    let type = try #require(commands[arguments[0]], "\(arguments[0]) makes no plan")
    return try outcome(type, Array(arguments.dropFirst()))
  }

  private static func outcome<Planned: PlannedCommand>(
    _: Planned.Type, _ arguments: [String]
  ) throws -> Outcome {
    do {
      let command = try Planned.parse(arguments)
      try command.check(arguments)
      return .planned(try planned(command))
    } catch {
      #expect(Planned.exitCode(for: error).rawValue == 64, "\(arguments): \(error)")
      return .refused(Planned.message(for: error))
    }
  }

  private static func planned(_ command: some PlannedCommand) throws -> String {
    let plan = try command.plan()
    #expect(plan == (try command.plan()))
    return try jsonText(plan)
  }

  /// The arguments with an option, or with another value of it.
  private static func adding(_ option: Listed, to arguments: [String]) throws -> [String] {
    guard !option.isFlag else { return arguments + ["--\(option.name)"] }
    var sample = try #require(
      ownSamples["\(arguments[0]) \(option.name)"] ?? samples[option.name],
      "no sample of --\(option.name)")
    if let place = arguments.firstIndex(of: "--\(option.name)"), arguments[place + 1] == sample[0] {
      sample = try #require(otherSamples[option.name], "no other sample of --\(option.name)")
    }
    var kept: [String] = []
    var drops = false
    for argument in arguments {
      if argument.hasPrefix("--") { drops = argument == "--\(option.name)" }
      if !drops { kept.append(argument) }
    }
    return kept + ["--\(option.name)"] + sample
  }

  @Test(arguments: situations) func everyOptionChangesThePlanOrIsRefused(
    _ situation: Situation
  ) throws {
    guard case .planned(let base) = try Self.outcome(situation.arguments) else {
      Issue.record("\(situation) is refused")
      return
    }
    for option in try #require(Self.listed[situation.name]) {
      guard !Self.elsewhere.contains(option.name),
        !(option.isFlag && situation.arguments.contains("--\(option.name)"))
      else { continue }
      switch try Self.outcome(Self.adding(option, to: situation.arguments)) {
      case .planned(let plan):
        #expect(plan != base, "--\(option.name) changes nothing")
      case .refused(let message):
        #expect(
          message.contains("--\(option.name)") || message.contains("expected one of")
            || message.contains("found both"), "--\(option.name): \(message)")
      }
    }
  }

  /// An option that means nothing anywhere need not be there.
  @Test func everyOptionIsDeclaredAndMeansSomethingSomewhere() throws {
    #expect(Set(Self.listed.keys) == Set(Self.commands.keys))
    for (name, options) in Self.listed {
      let own = Self.situations.filter { $0.name == name }
      #expect(!own.isEmpty, "no situation of \(name)")
      guard let command = Self.commands[name] else { continue }
      let declared = Self.declared(command)
      #expect(Set(declared).count == declared.count, "\(name)")
      let listed = Set(options.map(\.name)).subtracting(["help", "version"])
      #expect(Set(declared) == listed, "\(name): \(Set(declared).symmetricDifference(listed))")
      for option in options where !Self.elsewhere.contains(option.name) {
        let accepts = try own.contains { situation in
          if situation.arguments.contains("--\(option.name)") { return true }
          if case .planned = try Self.outcome(Self.adding(option, to: situation.arguments)) {
            return true
          }
          return false
        }
        #expect(accepts, "\(name): --\(option.name) is refused everywhere")
      }
    }
  }

  private static func declared<Planned: PlannedCommand>(_: Planned.Type) -> [String] {
    Planned.rules.map(\.name)
  }

  /// What cannot be a number of anything, for every option that takes one.
  @Test(arguments: ["0", "-1", "nan", "1e19", "inf", "99999999999999999999"])
  func numbersThatCannotBe(_ value: String) throws {
    // 0 is a layer, a seed, a token and a number of steps to warm up.
    let zero: Set = [
      "layer", "seed", "warm-up", "decay", "sparsity", "bos", "skip-tokens", "booster-latents",
      "loss-tokens", "separator", "stop",
    ]
    let numbers = Self.samples.filter { Double($0.value[0]) != nil }.keys
    // Each option of a command once.
    var tried: Set<String> = []
    for situation in Self.situations {
      for option in try #require(Self.listed[situation.name])
      where numbers.contains(option.name) && !(value == "0" && zero.contains(option.name)) {
        guard tried.insert("\(situation.name) \(option.name)").inserted else { continue }
        var arguments = try Self.adding(option, to: situation.arguments)
        arguments[arguments.count - 1] = value
        guard case .refused(let message) = try Self.outcome(arguments) else {
          Issue.record("\(situation): --\(option.name) \(value) is taken")
          continue
        }
        #expect(message.contains("--\(option.name)"), "\(message)")
      }
    }
  }

  @Test func severalProblemsAreSaidTogether() throws {
    let run = try Command([
      "train", "--activations", "a", "--latents", "0", "--out", "o", "--sparsity", "3",
      "--sequences", "2", "--batch", "0",
    ])
    #expect(run.status == 64)
    for line in [
      "--latents: expected 1 to", "--sparsity: needs --architecture", "--sequences: needs --model",
      "--batch: expected 1 to 2147483647, found 0",
    ] { #expect(run.errors.contains(line), "\(run.errors)") }
  }

  /// A study's file says the same as its options.
  @Test(arguments: [
    (#"{"architecture": "gated", "sparsity": [1e19]}"#, "--sparsity"),
    (#"{"seeds": 0}"#, "--seeds"), (#"{"lr": 1e30}"#, "--lr"),
    (#"{"judge-latents": 7}"#, "--judge-latents: needs --judge"),
    (#"{"loss-tokens": 7}"#, "--loss-tokens: needs --model"),
    (#"{"layer": 7}"#, "--layer: needs --model"), (#"{"batch": 0}"#, "--batch"),
    (#"{"skip-nonfinite": true}"#, "--skip-nonfinite: needs files"),
  ])
  func configurationFiles(_ json: String, _ message: String) throws {
    let folder = try ScratchFolder()
    try Data(json.utf8).write(to: URL(fileURLWithPath: folder.file("c.json")))
    let run = try Command([
      "study", "--config", folder.file("c.json"), "--out", folder.file("study"),
    ])
    #expect(run.status == 64 && run.errors.contains(message), "\(run.errors)")
    #expect(!folder.names.contains("study"))
  }

  @Test func aSparsityThatIsNoNumberOfLatentsDoesNotTrap() throws {
    let run = try Command([
      "study", "--demo", "--architecture", "gated", "--sparsity", "1e19", "--out", "/nowhere/o",
    ])
    #expect(run.status == 64 && run.errors.contains("--sparsity: expected"), "\(run.errors)")
  }
}
