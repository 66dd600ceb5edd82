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
      "What the sparsity loss of gated and relu is multiplied by (default: 4, 5); for jumprelu, trains "
        + "with the tanh loss times this instead of towards k.",
      valueName: "coefficient"))
  var sparsity: Double?
  @Option(help: "Steps to train for.") var steps: Int?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "A whole number: tokens to train for, instead of steps. Else, with --model, the NumPy file of "
        + "tokens to run it on.", valueName: "count or file"))
  var tokens: [TokensArgument] = []
  @Option(
    help: ArgumentHelp(
      "Times that each token is trained on, instead of steps (default: 10).", valueName: "count"))
  var epochs: Int?
  @Option(
    name: .customLong("batch"),
    help: ArgumentHelp("Tokens a step (default: 4096).", valueName: "count"))
  var givenBatch: Int?
  @Option(
    name: .customLong("lr"),
    help: ArgumentHelp(
      "Peak learning rate (default: 2e-4 / √(latents / 16384)).", valueName: "rate"))
  var learningRate: Double?
  @Option(help: "Steps over which the learning rate rises (default: a twentieth of all).")
  var warmUp: Int?
  @Option(help: "Steps at the end over which it falls to 0 (default: a fifth of all).")
  var decay: Int?
  @Option(
    name: .customLong("normalization"),
    help: ArgumentHelp(
      "How activations are brought to a common scale (default: expected_average_only_in, one factor "
        + "for a mean norm of √width). layer_norm and constant_norm_rescale give each token a scale "
        + "of its own and stay part of the autoencoder; the others are folded into its weights.",
      valueName: "name"))
  var givenNormalization: ActivationNormalization?
  @Option(
    name: .customLong("normalization-rows"),
    help: ArgumentHelp(
      "Rows, from all over the activations, that the normalisation's numbers are measured on "
        + "(default: 65536).",
      valueName: "count"))
  var givenNormalizationRows: Int?
  @Option(
    name: .customLong("seed"),
    help: ArgumentHelp("Equal seeds give equal bits (default: 0).", valueName: "number"))
  var givenSeed: UInt64?

  var k: Int { givenK ?? 32 }
  var batch: Int { givenBatch ?? 4096 }
  var normalization: ActivationNormalization { givenNormalization ?? .expectedAverageOnlyIn }
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
    if let steps { return steps }
    if let tokenCount { return max(1, tokenCount / batch) }
    let (all, overflows) = sourceTokens.multipliedReportingOverflow(by: epochs ?? 10)
    guard !overflows else {
      throw ValidationError("--epochs: expected fewer, found \(epochs ?? 10)")
    }
    return all / batch + (all % batch > 0 ? 1 : 0)
  }

  /// The options of the library for a source of so many tokens.
  func options(sourceTokens: Int) throws -> TrainingOptions {
    var options = TrainingOptions(steps: try stepCount(sourceTokens: sourceTokens))
    options.batchTokens = batch
    options.learningRate = learningRate
    options.warmUpSteps = warmUp
    options.decaySteps = decay
    options.normalization = normalization
    options.scaleTokens = normalizationRows
    options.seed = seed
    return options
  }

  /// The options as arguments, defaults with their value, for a run of so many steps.
  func recorded(steps: Int) -> [String] {
    argument("tokens", tokensFile.map { absolute($0) }) + argument("steps", steps)
      + argument("k", k) + argument("sparsity", sparsity)
      + argument("batch", batch) + argument("lr", learningRate) + argument("warm-up", warmUp)
      + argument("decay", decay) + argument("normalization", normalization.rawValue)
      + argument("normalization-rows", normalizationRows)
      + argument("seed", seed)
  }

  /// Throws if an option is given that differs from those a run began with.
  func check(against began: TrainingRunOptions, sourceTokens: Int) throws {
    try RecordedOptions.check("k", givenK, began.givenK)
    try RecordedOptions.check("sparsity", sparsity, began.sparsity)
    try RecordedOptions.check("batch", givenBatch, began.givenBatch)
    try RecordedOptions.check("lr", learningRate, began.learningRate)
    try RecordedOptions.check("warm-up", warmUp, began.warmUp)
    try RecordedOptions.check("decay", decay, began.decay)
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
