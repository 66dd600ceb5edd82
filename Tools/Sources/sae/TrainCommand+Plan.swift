import SAECore

extension TrainCommand {
  static var rules: [OptionRule<TrainCommand>] {
    let sizes = 1...Int(UInt32.max)
    let steps = 0...1_000_000_000_000
    let positive = OptionValues.count(1...1_000_000_000_000_000)
    let own: [OptionRule<TrainCommand>] = [
      OptionRule("architecture"),
      OptionRule("latents", .count(sizes)),
      variantRule(.k, .count(sizes)).needs("no --sparsity, which takes its place") {
        $0.isResumed || $0.training.sparsity == nil || !$0.takes(.sparsity)
      }.needs({ "--latents of at least \($0.training.k), found \($0.latents ?? 0)" }) {
        $0.isResumed || $0.training.k <= $0.latents ?? .max
      },
      variantRule(.sparsity, .number(0...1e9)),
      variantRule(.levels, .text("widths with commas between", WidthList.self)),
      variantRule(.targets).needs("--activations") { $0.readsFiles },
      variantRule(.experts, .count(sizes)), variantRule(.activeExperts, .count(sizes)),
      OptionRule("steps", positive), OptionRule("tokens", .countOrText(1...Int.max)),
      OptionRule("epochs", positive), OptionRule("batch", .count(1...Int(Int32.max))),
      OptionRule("lr", .positive(upTo: 1e9)), OptionRule("warm-up", .count(steps)),
      OptionRule("decay", .count(steps)), OptionRule("b-dec"), OptionRule("normalization"),
      OptionRule("normalization-rows", positive).needs(
        "a --normalization with numbers to measure"
      ) { $0.isResumed || $0.training.normalization.needsStatistics },
      OptionRule("seed", .seed),
      OptionRule("checkpoint-every", positive),
      // A run that writes no checkpoints has only the one after a signal.
      OptionRule("keep-checkpoints", positive).needs("--checkpoint-every") {
        $0.isResumed || $0.checkpointing.checkpointEvery != nil
      },
      OptionRule("resume"), OptionRule("out"), OptionRule("force"),
      OptionRule("skip-nonfinite").needs("--activations") { $0.readsFiles }
        .needs("no --targets", \.hasNoTargets),
      OptionRule("skip-tokens", .ids).needs("--model, or --tokens with the tokens of the rows") {
        $0.isResumed || $0.input.model.model != nil || $0.training.tokensFile != nil
      }.needs("no --targets", \.hasNoTargets),
      OptionRule("allow-mismatch").needs("--activations") { $0.readsFiles },
    ]
    return own
      + ActivationOptions.rules.map { rule in
        OptionRule<TrainCommand>(rule.name, rule.values).needs("--activations") { $0.readsFiles }
      }
      + ModelArguments.rules.map { rule in
        // When a run goes on, its first options tell whether there is a model.
        var own = OptionRule<TrainCommand>(rule.name, rule.values)
        for need in rule.needs {
          own = own.needs({ need.text($0.input.model) }) {
            $0.isResumed || need.holds($0.input.model)
          }
        }
        return own
      }
  }

  /// The rule of a setting that some variants have.
  private static func variantRule(
    _ option: Variant.Option, _ values: OptionValues = .any
  ) -> OptionRule<TrainCommand> {
    OptionRule(option.rawValue, values).needs("--architecture \(Variant.names(with: option))") {
      $0.isResumed || $0.takes(option)
    }
  }

  private func takes(_ option: Variant.Option) -> Bool { architecture.options.contains(option) }
  private var isResumed: Bool { checkpointing.resume != nil }
  private var hasNoTargets: Bool { input.targets.isEmpty }
  private var readsFiles: Bool { isResumed || !input.files.activations.isEmpty }
  var architecture: Variant { givenArchitecture ?? "topk" }

  /// The work of the command, for activations of a nominal number of tokens.
  struct Plan: Encodable, Equatable {
    var resumes: String?
    var activations: [String] = []
    var targets: [String] = []
    var tensor: String?
    var model: ModelArguments.Plan?
    var tokens: String?
    var skipsNonfinite: Bool?
    var skippedTokens: String?
    var allowsMismatch: Bool?
    var architecture: String
    var latents: Int?
    /// The variant's configuration, where the run begins, and the library's options, as text.
    var configuration: String?
    var options: String
    var checkpointEvery: Int?
    var keptCheckpoints: Int?
    var out: String?
    var replaces: Bool
    /// When a run goes on: all options that are compared with its first ones.
    var given: [String]?
  }

  /// Tokens for which the plan is made: epochs come to steps by them.
  private static let nominalTokens = 1_000_000

  func plan() throws -> Plan {
    let options = try training.options(sourceTokens: Self.nominalTokens)
    func configuration(_ variant: some TrainedVariant) throws -> String {
      "\(try Variant.configuration(variant, training, latents: latents ?? 0, steps: options.steps))"
    }
    var plan = Plan(
      architecture: architecture.name, latents: latents,
      configuration: isResumed ? nil : try configuration(architecture.training),
      options: "\(options)", checkpointEvery: checkpointing.checkpointEvery, out: out,
      replaces: overwriting.force)
    plan.keptCheckpoints = checkpointing.checkpointEvery.map { _ in
      checkpointing.keepCheckpoints ?? 2
    }
    if input.model.model == nil {
      plan.activations = input.files.activations
      plan.targets = input.targets
      plan.tensor = input.files.tensor
      plan.skipsNonfinite = input.rows.skipNonfinite
      plan.allowsMismatch = input.origins.allowMismatch
      plan.tokens = input.rows.skipTokens == nil ? nil : training.tokensFile
    } else {
      plan.model = try input.model.plan()
      plan.tokens = training.tokensFile
    }
    plan.skippedTokens = plan.tokens == nil ? nil : input.rows.skipTokens?.text
    if let resume = checkpointing.resume {
      plan.resumes = resume
      plan.keptCheckpoints = checkpointing.keepCheckpoints
      plan.given =
        input.files.recorded + input.model.recorded + input.rows.recorded
        + argument("architecture", givenArchitecture?.rawValue)
        + argument("k", training.givenK) + argument("sparsity", training.sparsity)
        + argument("levels", training.levels?.text) + argument("experts", training.experts)
        + argument("active-experts", training.activeExperts)
        + argument("normalization-rows", training.givenNormalizationRows)
        + argument("tokens", training.tokensFile)
    }
    return plan
  }
}
