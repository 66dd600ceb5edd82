/// Something wrong with an autoencoder whose training ended without an error.
public enum TrainingWarning: Sendable, Equatable, Codable {
  /// More than a tenth of the latents are dead: they have not fired for as long as the run's rule says, or
  /// where that says little, for the last epoch or the whole run.
  case deadLatents(Int, of: Int)
  /// It reconstructs worse than the mean of the activations would.
  case fractionOfVarianceExplainedBelowZero(Double)
  /// No latent is active on any token.
  case noActiveLatents
  /// L0, where fewer than one latent is active on ``tokensPerLatent`` tokens.
  case hardlyAnyActiveLatent(Double)
  /// L0 differs by more than a fifth from what was asked for.
  case missedL0(Double, target: Double)
  /// The threshold that takes the place of a selection over batches gives an L0 that differs by more than
  /// a fifth from the selection's.
  case thresholdL0(Double, selection: Double)

  /// Tokens on which at least one latent in all has to be active.
  public static let tokensPerLatent = 20

  /// The warning of an L0 near 0, which takes the place of the warnings that would follow from it; nil for
  /// any other L0.
  static func ofFewActive(_ l0: Double) -> TrainingWarning? {
    if l0 == 0 { return .noActiveLatents }
    return l0 * Double(tokensPerLatent) < 1 ? .hardlyAnyActiveLatent(l0) : nil
  }
}

extension TrainingWarning: CustomStringConvertible {
  /// What is wrong and what may help, in a line.
  public var description: String {
    switch self {
    case .deadLatents(let dead, let all):
      "\(dead) of \(all) latents are dead; more training tokens, fewer latents or a larger auxiliary "
        + "loss may revive them"
    case .fractionOfVarianceExplainedBelowZero(let value):
      "the fraction of variance explained is \(significant(value)): the mean of the activations would "
        + "do better; take another learning rate (lower where the loss rises, higher where it hardly falls), "
        + "or more steps"
    case .noActiveLatents:
      "no latent is active on any token; lower the sparsity coefficient or the learning rate"
    case .hardlyAnyActiveLatent(let l0):
      "hardly any latent is active (L0 \(significant(l0))); lower the sparsity coefficient or the "
        + "learning rate"
    case .missedL0(let l0, let target):
      "L0 is \(significant(l0)) where \(significant(target)) was asked for; train longer, or ask for "
        + "an L0 that the latents and the activations can have"
    case .thresholdL0(let l0, let selection):
      "the threshold gives an L0 of \(significant(l0)) where the selection over a batch has "
        + "\(significant(selection)); train longer, so that the threshold settles, or on larger batches"
    }
  }
}

/// Figures of a trained autoencoder on some of the rows that it was trained on.
struct TrainingQuality {
  let l0: Double
  let fractionOfVarianceExplained: Double?
  /// ``DivergenceWatch/relativeError(_:of:variance:)``
  let relativeError: Double?

  /// - Throws: ``ShapeError`` if the batch does not fit.
  init(_ model: some SparseAutoencoder, on batch: ScaledBatch) throws {
    let target = batch.target ?? batch.activations
    var (active, squares) = (0, 0.0)
    // A part at a time: early in training half of all latents may be active.
    for first in stride(from: 0, to: target.rows, by: 512) {
      let rows = first..<min(first + 512, target.rows)
      let activations = Matrix(batch.activations[rows: rows])
      let (latents, reconstruction) = try model.run(activations)
      active += latents.values.count { $0 != 0 }
      var error = reconstruction
      error -= Matrix(target[rows: rows])
      squares += error.sumOfSquares()
    }
    l0 = Double(active) / Double(max(1, target.rows))
    let variance = target.totalVariance()
    fractionOfVarianceExplained = variance > 0 ? 1 - squares / variance : nil
    relativeError = DivergenceWatch.relativeError(squares, of: target, variance: variance)
  }
}

extension Trainer {
  /// What is wrong with the autoencoder as it is now.
  ///
  /// - Parameters:
  ///   - batch: some of what it was trained on.
  ///   - sourceTokens: rows of an epoch.
  /// - Throws: ``TrainingError`` where it is beyond any sense.
  func warnings(on batch: ScaledBatch, sourceTokens: Int) throws -> [TrainingWarning] {
    let quality = try TrainingQuality(averagedModel, on: batch)
    if let error = quality.relativeError {
      let bound = DivergenceWatch.bound * max(1, watch.least ?? 1)
      guard error <= bound else {
        throw TrainingError.diverged(
          step: step, since: watch.since ?? step, error: error,
          bound: bound,
          learningRate: lastLearningRate)
      }
    }
    var warnings: [TrainingWarning] = []
    let dead = deadLatents.deadCount(
      tokens: tokens, steps: step, sourceTokens: sourceTokens, l0: quality.l0)
    let count = deadLatents.sinceFiring.count
    if dead * 10 > count { warnings.append(.deadLatents(dead, of: count)) }
    if let few = TrainingWarning.ofFewActive(quality.l0) { return warnings + [few] }
    if let explained = quality.fractionOfVarianceExplained, explained < 0 {
      warnings.append(.fractionOfVarianceExplainedBelowZero(explained))
    }
    if let target = model.configuration.targetL0, abs(quality.l0 - target) > target / 5 {
      warnings.append(
        Model.self is any BatchSelectingAutoencoder.Type
          ? .thresholdL0(quality.l0, selection: target) : .missedL0(quality.l0, target: target))
    }
    return warnings
  }
}

extension DeadLatents {
  /// Latents that are dead at the end of a run.
  ///
  /// A latent is dead if it has not fired for as long as the rule says; in a run shorter than that, for the
  /// last epoch or the whole run. It is never dead after fewer tokens than fifty times those between two
  /// firings on average, if the run had as many, nor after less than a share of the run.
  fileprivate func deadCount(
    tokens: Int, steps: Int, sourceTokens: Int, l0: Double, withoutFiringFor share: Double = 0
  ) -> Int {
    guard tokens > 0, steps > 0 else { return 0 }
    let limit: Int
    let countsSteps: Bool
    switch rule {
    case .never: return 0
    case .tokensIncludingBatch(let count, _), .tokensBeforeBatch(let count, _):
      (limit, countsSteps) = (count, false)
    case .stepsIncludingBatch(let count, _), .stepsBeforeBatch(let count, _):
      (limit, countsSteps) = (count, true)
    }
    let perStep = max(1, tokens / steps)
    let run = countsSteps ? steps : tokens
    let epoch = countsSteps ? (sourceTokens + perStep - 1) / perStep : sourceTokens
    let firing = Double(sinceFiring.count) / max(l0, 1e-9) * 50 / Double(countsSteps ? perStep : 1)
    let least = firing < Double(run) ? Int(firing) : run
    let window = max(
      limit <= run ? limit : min(epoch, run), least, Int(share * Double(run)), 1)
    return sinceFiring.count { $0 >= window }
  }
}

extension ScaledBatches {
  /// Some of the source's rows, evenly spread, as a batch.
  ///
  /// - Throws: what keeps rows from being read.
  func evenlySpread(_ count: Int = 4096) throws -> ScaledBatch {
    let source = batches.source
    let tokens = source.tokens
    let pieces = min(16, tokens)
    let length = min(count, tokens) / pieces
    let ranges = (0..<pieces).map { piece in
      let begin = piece * (tokens / pieces)
      return begin..<begin + length
    }
    let rows = try source.matrix(rows: ranges)
    for range in ranges { source.release(range) }
    return try scaled(rows, step: 0)
  }
}

extension TrainingRun {
  /// What is wrong with the autoencoder as it is now. Call it at the end of a run. The autoencoder is
  /// measured, as `autoencoder()` gives it, on some of the rows that it was trained on; dead latents are
  /// counted over the run.
  ///
  /// - Throws: ``TrainingError`` where it is beyond any sense, and what keeps rows from being read.
  public func warnings() throws -> [TrainingWarning] {
    try trainer.warnings(on: batches.evenlySpread(), sourceTokens: batches.position.tokens)
  }
}

extension TrainingRun {
  /// What is wrong with the autoencoder as it is now, as far as counts and a step's report tell. It reads
  /// no activations, so that a run can ask for it between two steps. A latent counts as dead here if it has
  /// not fired for half of the steps, since others may still be revived. There is no warning of an L0 off
  /// its target, which L0 reaches late.
  ///
  /// - Parameter report: of the last step.
  public func warnings(after report: StepReport) -> [TrainingWarning] {
    var warnings: [TrainingWarning] = []
    let dead = trainer.deadLatents.deadCount(
      tokens: trainer.tokens, steps: trainer.step, sourceTokens: batches.position.tokens,
      l0: report.l0, withoutFiringFor: 0.5)
    let count = trainer.deadLatents.sinceFiring.count
    if dead * 10 > count { warnings.append(.deadLatents(dead, of: count)) }
    if let few = TrainingWarning.ofFewActive(report.l0) { return warnings + [few] }
    if let explained = report.fractionOfVarianceExplained, explained < 0 {
      warnings.append(.fractionOfVarianceExplainedBelowZero(explained))
    }
    return warnings
  }
}

extension TrainingSweep {
  /// What is wrong with each member as it is now, in the order in which they were added; for a member that
  /// has failed or diverged, its error.
  ///
  /// - Throws: what keeps rows from being read.
  public func warnings() throws -> [Result<[TrainingWarning], TrainingError>] {
    let batch = try batches.evenlySpread()
    return try members.map { try $0.warnings(on: batch, sourceTokens: batches.position.tokens) }
  }
}

extension SweepTraining {
  func warnings(
    on batch: ScaledBatch, sourceTokens: Int
  ) throws -> Result<[TrainingWarning], TrainingError> {
    if let failure { return .failure(failure) }
    do {
      return .success(try trainer.warnings(on: batch, sourceTokens: sourceTokens))
    } catch let error as TrainingError {
      return .failure(error)
    }
  }
}
