import ArgumentParser
import SAECore
import SAEMetrics

struct EvaluateCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures how well an autoencoder reconstructs activations, and how sparsely.",
    discussion: """
      Intervals hold 95% of 1000 resamples of blocks of 128 tokens. With --linear-residual, a linear \
      map from activations to errors is fitted on the first 60% of the tokens, and everything is \
      measured on the others.
      """)

  @Option(help: ArgumentHelp("The autoencoder's directory.", valueName: "directory"))
  var sae: String
  @OptionGroup var opening: AutoencoderOptions
  @OptionGroup var input: MeasuredActivationOptions
  @OptionGroup var measured: MeasuredRowOptions
  @OptionGroup var origins: OriginOptions
  @Flag(help: "Measure also how much of the error is a linear function of the activations.")
  var linearResidual = false
  @Flag(help: "Print one JSON object instead of a table.") var json = false

  static var rules: [OptionRule<EvaluateCommand>] {
    let own: [OptionRule<EvaluateCommand>] = [
      OptionRule("sae"), OptionRule("linear-residual"), OptionRule("json"),
    ]
    return own + MeasuringPlan.rules(\.opening, \.input, \.measured, \.origins)
  }

  func plan() -> MeasuringPlan {
    MeasuringPlan(
      [sae], opening, input, measured, origins, linearResidual: linearResidual, json: json)
  }

  func run() throws {
    let opened = try input.open(measured.rows, tokens: measured.tokens)
    let loaded = try opening.open(sae)
    var origins = opened.origins
    origins.add(sae, loaded.activationOrigin)
    let mismatches = try self.origins.check(origins)
    let run = try EvaluationRun(opened.source, linearResidual: linearResidual)
    var report = EvaluationReport(loaded, try run.measure(loaded))
    report.mismatches = mismatches.isEmpty ? nil : mismatches
    report.leftOut = opened.leftOut
    report.warn()
    try emit(json ? try jsonText(report) : report.text())
  }
}

/// The work of `evaluate` and `compare`.
struct MeasuringPlan: Encodable, Equatable {
  let autoencoders: [String]
  let activationScale: Double?
  let activations: [String]
  let tensor: String?
  let skipsNonfinite: Bool
  let skippedTokens: String?
  /// Of the rows, by which some are left out.
  let tokens: [String]
  let allowsMismatch: Bool
  let linearResidual: Bool
  let json: Bool

  init(
    _ autoencoders: [String], _ opening: AutoencoderOptions, _ input: MeasuredActivationOptions,
    _ measured: MeasuredRowOptions, _ origins: OriginOptions, linearResidual: Bool, json: Bool
  ) {
    self.autoencoders = autoencoders
    activationScale = opening.activationScale
    activations = input.activations
    tensor = input.tensor
    skipsNonfinite = measured.rows.skipNonfinite
    skippedTokens = measured.tokens.isEmpty ? nil : measured.rows.skipTokens?.text
    tokens = measured.rows.skipTokens == nil ? [] : measured.tokens
    allowsMismatch = origins.allowMismatch
    self.linearResidual = linearResidual
    self.json = json
  }

  /// The rules of the options that both commands share.
  static func rules<Command>(
    _ opening: @escaping (Command) -> AutoencoderOptions,
    _ input: @escaping (Command) -> MeasuredActivationOptions,
    _ measured: @escaping (Command) -> MeasuredRowOptions,
    _ origins: @escaping (Command) -> OriginOptions
  ) -> [OptionRule<Command>] {
    AutoencoderOptions.rules.map { $0.of(opening) }
      + MeasuredActivationOptions.rules.map { $0.of(input) }
      + MeasuredRowOptions.rules.map { $0.of(measured) }
      + OriginOptions.rules.map { $0.of(origins) }
  }
}

/// The output of `evaluate`.
struct EvaluationReport: Encodable {
  let sae: String
  let layout: String
  let architecture: String
  let evaluation: Evaluation
  let errorNormByActivationNorm: Double?
  /// Pairs of inputs of different origins, one line per pair; nil where all have one origin.
  var mismatches: [String]?
  /// Rows that were left out; nil where none should be.
  var leftOut: LeftOutRows?

  init(_ loaded: SAE, _ result: EvaluationRun.Result) {
    evaluation = result.evaluation
    errorNormByActivationNorm = result.errorNormByActivationNorm
    sae = loaded.path
    layout = loaded.layout.rawValue
    architecture = loaded.architecture
  }

  /// Says on standard error what makes the figures worth little.
  func warn() {
    for warning in warnings { StandardError.write("warning: \(sae): \(warning)") }
  }

  var warnings: [String] {
    var warnings: [String] = []
    if let explained = evaluation.fractionOfVarianceExplained.value, explained < 0 {
      warnings.append(
        "the fraction of variance explained is \(measured(explained, 4)): the mean of the activations "
          + "would do better; check that they are of the place and the scale it was trained on")
    }
    let nonFinite = evaluation.reconstruction.nonFiniteTokens
    if nonFinite > 0 {
      warnings.append(
        "the reconstructions of \(count(nonFinite)) of \(count(evaluation.tokens)) tokens are "
          + "not finite, and the figures leave them out; check its weights")
    }
    return warnings
  }

  /// A figure, what it is called in JSON and in a table, and how it is shown there.
  struct Figure {
    enum Value {
      case count(Int?)
      /// With its interval; digits after the point; whether it depends on the size of the activations.
      case measured(Measured, digits: Int = 4, hasAnySize: Bool = false)
    }

    let key: String
    let name: String
    let value: Value

    init(_ key: String, _ name: String, _ value: Value) {
      self.key = key
      self.name = name
      self.value = value
    }
  }

  /// The figures, in the order of the table.
  private var figures: [Figure] {
    let sparsity = evaluation.sparsity
    return [
      Figure("tokens", "tokens", .count(evaluation.tokens)),
      Figure(
        "fractionOfVarianceExplained", "fraction of variance explained",
        .measured(evaluation.fractionOfVarianceExplained)),
      Figure(
        "meanSquaredError", "mean squared error",
        .measured(evaluation.meanSquaredError, hasAnySize: true)),
      Figure(
        "normalizedMeanSquaredError", "normalized mean squared error",
        .measured(evaluation.normalizedMeanSquaredError)),
      Figure("cosineSimilarity", "cosine similarity", .measured(evaluation.cosineSimilarity)),
      Figure("normRatio", "norm ratio", .measured(evaluation.normRatio)),
      Figure(
        "relativeReconstructionBias", "relative reconstruction bias",
        .measured(evaluation.relativeReconstructionBias)),
      Figure("l0", "L0", .measured(evaluation.l0, digits: 2)),
      Figure("medianL0", "median L0", .count(sparsity.l0Quantile(0.5))),
      Figure("l1", "L1", .measured(evaluation.l1, digits: 2, hasAnySize: true)),
      Figure("latents", "latents", .count(evaluation.latentCount)),
      Figure(
        "latentsThatNeverFired", "latents that never fired",
        .count(sparsity.latentsThatNeverFired?.count)),
      Figure(
        "denseLatents", "latents on more than 10% of tokens",
        .count(sparsity.denseLatents()?.count)),
    ]
  }

  /// What the table says of the error's linear part, which JSON has under a key of its own.
  private var linearFigures: [Figure] {
    guard let darkMatter = evaluation.darkMatter else { return [] }
    return [
      Figure("", "linear map fitted on tokens", .count(darkMatter.trainingTokens)),
      Figure("", "R² of the error", .measured(Measured(darkMatter.errorRSquared))),
      Figure("", "R² of the error's norm", .measured(Measured(darkMatter.errorNormRSquared))),
      Figure(
        "", "R² of the error's norm, by the norm alone",
        .measured(Measured(errorNormByActivationNorm))),
      Figure(
        "", "unexplained, linear",
        .measured(Measured(darkMatter.linearFractionOfVarianceUnexplained))),
      Figure(
        "", "unexplained, nonlinear",
        .measured(evaluation.nonlinearFractionOfVarianceUnexplained)),
      Figure("", "linear share of the error", .measured(evaluation.linearShare)),
    ]
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(sae, forKey: "sae")
    try container.encode(layout, forKey: "layout")
    try container.encode(architecture, forKey: "architecture")
    try container.encode(evaluation.contexts, forKey: "blocks")
    try container.encode(evaluation.reconstruction.nonFiniteTokens, forKey: "nonFiniteTokens")
    for figure in figures {
      let key = Key(stringValue: figure.key)
      switch figure.value {
      case .count(let count): try container.encodeIfPresent(count, forKey: key)
      case .measured(let measured, _, _):
        try container.encodeIfPresent(measured.value, forKey: key)
      }
    }
    try container.encode(evaluation.intervals, forKey: "intervals")
    try container.encodeIfPresent(evaluation.darkMatter, forKey: "darkMatter")
    try container.encodeIfPresent(
      errorNormByActivationNorm, forKey: "errorNormByActivationNorm")
    try container.encodeIfPresent(mismatches, forKey: "mismatches")
    try container.encodeIfPresent(leftOut, forKey: "leftOut")
  }

  private struct Key: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init(stringLiteral text: String) { stringValue = text }

    init?(intValue: Int) { nil }
  }

  /// A line of the table.
  struct Row {
    let name: String
    let value: String
    var interval = ""

    init(name: String, value: String) {
      self.name = name
      self.value = value
    }

    init(_ figure: Figure) {
      name = figure.name
      switch figure.value {
      case .count(let number): value = count(number)
      case .measured(let number, let digits, let hasAnySize):
        let show = hasAnySize ? measured : fixed
        value = show(number.value, digits)
        guard let range = number.interval else { return }
        interval = "\(show(range.lower, digits)) … \(show(range.upper, digits))"
      }
    }
  }

  /// The lines of the table, in order.
  var rows: [Row] {
    var rows = figures.map { Row($0) }
    let nonFinite = evaluation.reconstruction.nonFiniteTokens
    if nonFinite > 0 {
      rows.insert(Row(name: "tokens not finite", value: count(nonFinite)), at: 1)
    }
    for row in leftOut?.rows ?? [] {
      rows.insert(Row(name: row.name, value: row.value), at: 1)
    }
    return rows + linearFigures.map { Row($0) }
  }

  func text() -> String {
    let lines = rows.map { [$0.name, $0.value, $0.interval] }
    return "\(oneLine(sae)) (\(architecture), \(layout))\n" + mismatchLines(mismatches)
      + table(lines)
  }
}
