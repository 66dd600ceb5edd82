import ArgumentParser
import Foundation
import SAEStudy

/// The values that decide which options of a study have an effect.
struct StudyFacts {
  let configuration: StudyConfiguration
  let isDemo: Bool
  let out: String?

  var hasModel: Bool { !isDemo && configuration.model != nil }
  var hasFiles: Bool { !isDemo && configuration.hasActivationFiles }
}

extension StudyCommand {
  static var rules: [OptionRule<StudyFacts>] {
    func texts(_ name: String) -> OptionRule<StudyFacts> {
      OptionRule(name).needs("a study of texts, not --demo") { !$0.isDemo }
    }
    func judging(_ name: String) -> OptionRule<StudyFacts> {
      OptionRule(name).needs("--judge") { $0.configuration.judge != nil }
    }
    return [
      OptionRule("demo"), OptionRule("config"), OptionRule("out"),
      OptionRule("checkpoint-every", .count(1...1_000_000_000_000_000)),
      texts("model"), OptionRule("layer").needs("--model") { $0.hasModel },
      texts("domain"), texts("broad"), texts("held-out"), texts("held-out-broad"),
      texts("domain-activations"), texts("broad-activations"), texts("held-out-activations"),
      texts("held-out-broad-activations"), texts("context"),
      OptionRule("loss-tokens").needs("--model") { $0.hasModel },
      OptionRule("latents"), OptionRule("architecture"), OptionRule("sparsity"),
      OptionRule("seeds"), OptionRule("seed", .seed), OptionRule("booster-latents"),
      OptionRule("stream-tokens"), OptionRule("training-tokens"), OptionRule("batch"),
      OptionRule("lr"), OptionRule("held-out-tokens"),
      OptionRule("at-a-time").needs("several autoencoders of one seed") {
        $0.configuration.hasSeveralAtATime
      },
      OptionRule("skip-nonfinite").needs("files of activations") { $0.hasFiles },
      OptionRule("allow-mismatch").needs("files of activations") { $0.hasFiles },
      OptionRule("judge"), judging("judge-latents"), judging("judge-seconds"),
    ]
  }

  /// The settings of the configuration file, of the study that is there, and of the options.
  ///
  /// - Throws: `ValidationError` for an impossible setting, `StudyError` if a file cannot be read.
  func facts() throws -> StudyFacts {
    let out = out ?? (demo ? "sae-demo" : nil)
    var configuration = demo ? StudyConfiguration.demo() : StudyConfiguration()
    if let config {
      configuration = try StudyConfiguration(file: config)
    } else if let out, FileManager.default.fileExists(atPath: "\(out)/study.json") {
      configuration = try StudyConfiguration(file: "\(out)/study.json")
    }
    try options.apply(to: &configuration)
    do {
      try configuration.check()
    } catch {
      throw ValidationError(error.description)
    }
    return StudyFacts(configuration: configuration, isDemo: demo, out: out)
  }

  /// A setting in a configuration file counts like an option.
  func given(_ options: GivenOptions) throws -> GivenOptions {
    guard let config else { return options }
    var given = options
    for name in try StudyConfiguration(file: config).settings(unlike: StudyConfiguration()) {
      given.add(name, [])
    }
    return given
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let study: StudyPlan
    let checkpointEvery: Int?
    let out: String?
  }

  func plan() throws -> Plan {
    let facts = try facts()
    return Plan(
      study: facts.configuration.plan(isDemo: demo), checkpointEvery: checkpointEvery,
      out: facts.out)
  }
}
