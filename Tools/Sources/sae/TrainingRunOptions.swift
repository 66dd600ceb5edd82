import ArgumentParser
import SAECore

/// The options of a training run, shared by the commands that train.
struct TrainingRunOptions: ParsableArguments {
  @Option(
    name: .customLong("k"),
    help: ArgumentHelp(
      "Latents active on a token; for batchtopk, matryoshka and jumprelu on average (default: 32).",
      valueName: "count"))
  var givenK: Int?
  @Option(
    help: ArgumentHelp(
      "The factor of the sparsity loss of gated, relu and prolu (default: 4, 5, 5). With jumprelu, "
        + "the factor of the tanh loss, which then replaces the target k.",
      valueName: "coefficient"))
  var sparsity: Double?
  @Option(
    help: ArgumentHelp(
      "Widths of matryoshka's nested dictionaries, ascending, such as 128,512; the last one always "
        + "has all latents (default: five, each twice the one before).", valueName: "counts"))
  var levels: WidthList?
  @Option(
    help: ArgumentHelp(
      "Groups of equal size among mixture's latents (default: 4).", valueName: "count"))
  var experts: Int?
  @Option(
    help: ArgumentHelp(
      "Groups that mixture's router chooses for a token (default: 2).", valueName: "count"))
  var activeExperts: Int?
  @Option(help: ArgumentHelp("Steps to train for.", valueName: "count")) var steps: Int?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A whole number: tokens to train for, instead of steps. Otherwise, with --model, the NumPy file "
        + "of tokens to run the model on.", valueName: "count or file"))
  var tokens: [TokensArgument] = []
  @Option(
    help: ArgumentHelp(
      "Passes over all tokens, instead of steps (default: 10, or as many as make 4000 steps, at most "
        + "50).", valueName: "count"))
  var epochs: Int?
  @Option(
    name: .customLong("batch"),
    help: ArgumentHelp(
      "Tokens per step (default: a twentieth of all tokens, at most 1024, or a 256th of them, at most "
        + "4096; rounded to a power of two).", valueName: "count"))
  var givenBatch: Int?
  @Option(
    name: .customLong("lr"),
    help: ArgumentHelp(
      "Peak learning rate (default: 2e-4 √(16384 / latents), times √(128000 / steps) where that is "
        + "between 1 and 4).", valueName: "rate"))
  var learningRate: Double?
  @Option(
    help: ArgumentHelp(
      "Steps over which the learning rate rises (default: a twentieth of all).", valueName: "count")
  )
  var warmUp: Int?
  @Option(
    help: ArgumentHelp(
      "Steps at the end over which it falls to 0 (default: a fifth of all).", valueName: "count"))
  var decay: Int?
  @Option(
    name: .customLong("b-dec"),
    help: ArgumentHelp(
      "The first value of b_dec: zeros, or the mean or geometric-median of the first batch, after "
        + "normalization (default: zeros; geometric-median for gated and relu).",
      valueName: "beginning"))
  var decoderBias: DecoderBiasInitialization?
  @Option(
    name: .customLong("normalization"),
    help: ArgumentHelp(
      "How activations are brought to a common scale. The default, centered, subtracts a large mean "
        + "and multiplies by one factor, for a mean distance of √width from the mean; SAELens' "
        + "expected_average_only_in is one factor for a mean norm of √width. layer_norm and "
        + "constant_norm_rescale give each token a scale of its own and stay part of the autoencoder; "
        + "the others are folded into its weights.",
      valueName: "name"))
  var givenNormalization: ActivationNormalization?
  @Option(
    name: .customLong("normalization-rows"),
    help: ArgumentHelp(
      "Rows, from all over the activations, on which the normalization is measured (default: 65536).",
      valueName: "count"))
  var givenNormalizationRows: Int?
  @Option(
    name: .customLong("seed"),
    help: ArgumentHelp("Equal seeds give equal bits (default: 0).", valueName: "number"))
  var givenSeed: UInt64?

  var k: Int { givenK ?? 32 }
  var normalization: ActivationNormalization { givenNormalization ?? .centered }
  var normalizationRows: Int { givenNormalizationRows ?? 65536 }
  var seed: UInt64 { givenSeed ?? 0 }

  func validate() throws {
    guard tokens.count(where: { $0.count != nil }) <= 1,
      tokens.count(where: { $0.file != nil }) <= 1
    else { throw ValidationError("--tokens: expected one number and one file at most") }
    let lengths = [("steps", steps), ("tokens", tokenCount), ("epochs", epochs)]
    if lengths.count(where: { $0.1 != nil }) > 1 {
      let found = lengths.filter { $0.1 != nil }.map { "--\($0.0)" }.joined(separator: " and ")
      throw ValidationError("expected one of --steps, --tokens and --epochs, found \(found)")
    }
  }

  /// Tokens to train for.
  var tokenCount: Int? { tokens.lazy.compactMap(\.count).first }

  /// The file of tokens for a model.
  var tokensFile: String? { tokens.lazy.compactMap(\.file).first }

  /// Steps to make on a source of so many tokens: with a number of epochs, enough for the last token
  /// of the last one.
  func stepCount(sourceTokens: Int) throws -> Int {
    let batch = batch(sourceTokens: sourceTokens)
    if let steps { return steps }
    if let tokenCount { return max(1, tokenCount / batch) }
    guard let epochs else {
      return TrainingOptions.steps(forSource: sourceTokens, batchTokens: batch)
    }
    let (all, overflows) = sourceTokens.multipliedReportingOverflow(by: epochs)
    guard !overflows else { throw ValidationError("--epochs: expected fewer, found \(epochs)") }
    return all / batch + (all % batch > 0 ? 1 : 0)
  }

  /// Tokens per step on a source of so many.
  private func batch(sourceTokens: Int) -> Int {
    givenBatch ?? TrainingOptions.batchTokens(forSource: sourceTokens)
  }

  /// The options of the library for a source of so many tokens.
  func options(sourceTokens: Int) throws -> TrainingOptions {
    var options = TrainingOptions(
      sourceTokens: sourceTokens, batchTokens: batch(sourceTokens: sourceTokens),
      steps: try stepCount(sourceTokens: sourceTokens))
    options.schedule.learningRate = learningRate
    options.schedule.warmUpSteps = warmUp
    options.schedule.decaySteps = decay
    options.beginning.decoderBias = decoderBias
    options.data.normalization = normalization
    options.data.scaleTokens = normalizationRows
    options.seed = seed
    try checkPhases(steps: options.steps)
    return options
  }

  /// Throws where the learning rate rises and falls over more steps than a run has.
  private func checkPhases(steps: Int) throws {
    let given = [("--warm-up", warmUp), ("--decay", decay)].filter { $0.1 != nil }
    let (sum, overflows) = (warmUp ?? 0).addingReportingOverflow(decay ?? 0)
    guard overflows || sum > steps else { return }
    throw ValidationError(
      "\(given.map(\.0).joined(separator: " and ")): expected at most the \(steps) steps of the run"
        + "\(given.count > 1 ? " together" : ""), found "
        + given.compactMap { $0.1.map(String.init) }.joined(separator: " + "))
  }

  /// The options as arguments, defaults with their value, for a run with the library's options.
  func recorded(_ options: TrainingOptions) -> [String] {
    argument("tokens", tokensFile.map { absolute($0) }) + argument("steps", options.steps)
      + argument("k", k) + argument("sparsity", sparsity) + argument("levels", levels?.text)
      + argument("experts", experts) + argument("active-experts", activeExperts)
      + argument("batch", options.batchTokens) + argument("lr", learningRate)
      + argument("warm-up", warmUp)
      + argument("decay", decay) + argument("b-dec", decoderBias?.argument)
      + argument("normalization", normalization.rawValue)
      + argument("normalization-rows", normalizationRows)
      + argument("seed", seed)
  }

  /// Throws if an option is given that differs from those a run began with.
  func check(against began: TrainingRunOptions, sourceTokens: Int) throws {
    try RecordedOptions.check("k", givenK, began.givenK)
    try RecordedOptions.check("sparsity", sparsity, began.sparsity)
    try RecordedOptions.check("levels", levels?.text, began.levels?.text)
    try RecordedOptions.check("experts", experts, began.experts)
    try RecordedOptions.check("active-experts", activeExperts, began.activeExperts)
    try RecordedOptions.check("batch", givenBatch, began.givenBatch)
    try RecordedOptions.check("lr", learningRate, began.learningRate)
    try RecordedOptions.check("warm-up", warmUp, began.warmUp)
    try RecordedOptions.check("decay", decay, began.decay)
    try RecordedOptions.check("b-dec", decoderBias?.argument, began.decoderBias?.argument)
    try RecordedOptions.check(
      "normalization", givenNormalization?.rawValue, began.normalization.rawValue)
    try RecordedOptions.check(
      "normalization-rows", givenNormalizationRows, began.givenNormalizationRows)
    try RecordedOptions.check("seed", givenSeed, began.givenSeed)
    let lengths = [("steps", steps), ("tokens", tokenCount), ("epochs", epochs)]
    if let (name, _) = lengths.first(where: { $0.1 != nil }) {
      var wanted = self
      wanted.givenBatch = began.givenBatch
      let steps = try wanted.stepCount(sourceTokens: sourceTokens)
      guard steps == began.steps else {
        throw ValidationError(
          "--\(name): expected the \(began.steps ?? 0) steps that the run began with, found \(steps)"
        )
      }
    }
  }
}

extension ActivationNormalization: @retroactive ExpressibleByArgument {}

extension DecoderBiasInitialization: @retroactive ExpressibleByArgument {
  private static let names: [(name: String, value: DecoderBiasInitialization)] = [
    ("zeros", .zeros), ("mean", .mean), ("geometric-median", .geometricMedian),
  ]

  public init?(argument: String) {
    guard let value = Self.names.first(where: { $0.name == argument })?.value else { return nil }
    self = value
  }

  public static var allValueStrings: [String] { names.map(\.name) }

  /// As ``init(argument:)`` takes it.
  fileprivate var argument: String { Self.names.first { $0.value == self }?.name ?? "" }
}
