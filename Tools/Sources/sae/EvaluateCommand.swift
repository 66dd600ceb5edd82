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
  @OptionGroup var input: ActivationOptions
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
    _ autoencoders: [String], _ opening: AutoencoderOptions, _ input: ActivationOptions,
    _ measured: MeasuredRowOptions, _ origins: OriginOptions, linearResidual: Bool, json: Bool
  ) {
    self.autoencoders = autoencoders
    activationScale = opening.activationScale
    activations = input.activations
    tensor = input.activations.isEmpty ? nil : input.tensor
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
    _ input: @escaping (Command) -> ActivationOptions,
    _ measured: @escaping (Command) -> MeasuredRowOptions,
    _ origins: @escaping (Command) -> OriginOptions
  ) -> [OptionRule<Command>] {
    AutoencoderOptions.rules.map { $0.of(opening) } + ActivationOptions.rules.map { $0.of(input) }
      + MeasuredRowOptions.rules.map { $0.of(measured) }
      + OriginOptions.rules.map { $0.of(origins) }
  }
}

/// The output of `evaluate`.
struct EvaluationReport: Encodable {
  let sae: String
  let layout: String
  let architecture: String
  let tokens: Int
  let blocks: Int
  let nonFiniteTokens: Int
  let fractionOfVarianceExplained: Double?
  let meanSquaredError: Double?
  let normalizedMeanSquaredError: Double?
  let cosineSimilarity: Double?
  let normRatio: Double?
  let relativeReconstructionBias: Double?
  let l0: Double?
  let medianL0: Int?
  let l1: Double?
  let latents: Int
  let latentsThatNeverFired: Int?
  let denseLatents: Int?
  let intervals: EvaluationIntervals
  let darkMatter: DarkMatterMetrics.Value?
  /// Pairs of inputs of different origins, one line per pair; nil where all have one origin.
  var mismatches: [String]?
  /// Rows that were left out; nil where none should be.
  var leftOut: LeftOutRows?

  init(_ loaded: SAE, _ evaluator: DictionaryEvaluator) {
    let evaluation = evaluator.evaluation()
    let reconstruction = evaluation.reconstruction
    let sparsity = evaluator.sparsity.value
    sae = loaded.path
    layout = loaded.layout.rawValue
    architecture = loaded.architecture
    tokens = reconstruction.tokens
    blocks = evaluation.contexts
    nonFiniteTokens = reconstruction.nonFiniteTokens
    fractionOfVarianceExplained = reconstruction.fractionOfVarianceExplained
    meanSquaredError = reconstruction.meanSquaredError
    normalizedMeanSquaredError = reconstruction.normalizedMeanSquaredError
    cosineSimilarity = reconstruction.cosineSimilarity
    normRatio = reconstruction.normRatio
    relativeReconstructionBias = reconstruction.relativeReconstructionBias
    l0 = sparsity.l0
    medianL0 = evaluation.sparsity.medianL0
    l1 = sparsity.l1
    latents = evaluation.latentCount
    latentsThatNeverFired = sparsity.latentsThatNeverFired?.count
    denseLatents = sparsity.denseLatents()?.count
    intervals = evaluation.intervals
    darkMatter = evaluation.darkMatter
  }

  /// A figure, and the interval it lies in.
  struct Row {
    let name: String
    let value: String
    var interval: ConfidenceInterval?
    var digits = 4
    /// Whether it depends on the size of the activations.
    var hasAnySize = false
  }

  /// The figures, in order.
  var rows: [Row] {
    var rows = [
      Row(name: "tokens", value: count(tokens)),
      Row(
        name: "fraction of variance explained", value: fixed(fractionOfVarianceExplained, 4),
        interval: intervals.fractionOfVarianceExplained),
      Row(
        name: "mean squared error", value: measured(meanSquaredError, 4),
        interval: intervals.meanSquaredError, hasAnySize: true),
      Row(
        name: "normalized mean squared error", value: fixed(normalizedMeanSquaredError, 4),
        interval: intervals.normalizedMeanSquaredError),
      Row(
        name: "cosine similarity", value: fixed(cosineSimilarity, 4),
        interval: intervals.cosineSimilarity),
      Row(name: "norm ratio", value: fixed(normRatio, 4), interval: intervals.normRatio),
      Row(
        name: "relative reconstruction bias", value: fixed(relativeReconstructionBias, 4),
        interval: intervals.relativeReconstructionBias),
      Row(name: "L0", value: fixed(l0, 2), interval: intervals.l0, digits: 2),
      Row(name: "median L0", value: count(medianL0)),
      Row(
        name: "L1", value: measured(l1, 2), interval: intervals.l1, digits: 2, hasAnySize: true),
      Row(name: "latents", value: count(latents)),
      Row(name: "latents that never fired", value: count(latentsThatNeverFired)),
      Row(name: "latents on more than 10% of tokens", value: count(denseLatents)),
    ]
    if nonFiniteTokens > 0 {
      rows.insert(Row(name: "tokens not finite", value: count(nonFiniteTokens)), at: 1)
    }
    for row in leftOut?.rows ?? [] {
      rows.insert(Row(name: row.name, value: row.value), at: 1)
    }
    guard let darkMatter else { return rows }
    return rows + [
      Row(name: "linear map fitted on tokens", value: count(darkMatter.trainingTokens)),
      Row(name: "R² of the error", value: fixed(darkMatter.errorDetermination, 4)),
      Row(name: "R² of the error's norm", value: fixed(darkMatter.errorNormDetermination, 4)),
      Row(
        name: "unexplained, linear", value: fixed(darkMatter.linearFractionOfVarianceUnexplained, 4)
      ),
      Row(
        name: "unexplained, nonlinear",
        value: fixed(darkMatter.nonlinearFractionOfVarianceUnexplained, 4),
        interval: intervals.nonlinearFractionOfVarianceUnexplained),
      Row(
        name: "linear share of the error", value: fixed(darkMatter.linearShare, 4),
        interval: intervals.linearShare),
    ]
  }

  func text() -> String {
    let lines = rows.map { row in
      let interval = row.interval.map {
        let figure = row.hasAnySize ? measured : fixed
        return "\(figure($0.lower, row.digits)) … \(figure($0.upper, row.digits))"
      }
      return [row.name, row.value, interval ?? ""]
    }
    return "\(sae) (\(architecture), \(layout))\n" + mismatchLines(mismatches) + table(lines)
  }
}
