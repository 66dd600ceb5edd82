/// Trains an autoencoder a batch at a time.
///
/// A step: dead latents resampled where that is due → dead latents as the batch finds them → forward and
/// backward → constraint on the decoder's gradient → clipping → optimizer at the schedule's learning rate →
/// decoder rows to unit norm → counters. Whatever can fail does so before the step changes anything for
/// good. Equal seeds and batches give equal bits for any number of threads. ``TrainingRun`` brings the
/// batches.
public struct Trainer<Model: TrainableAutoencoder>: Sendable {
  /// The autoencoder as it is now.
  public internal(set) var model: Model
  /// What turns gradients into changes of the parameters.
  package internal(set) var optimizer: any Optimizer
  /// How long ago each latent last fired.
  public internal(set) var deadLatents: DeadLatents
  /// The learning rate of each step.
  public let schedule: LearningRateSchedule
  /// What is done to gradients that are too large.
  package let clipping: GradientClipping
  /// When dead latents are given new directions, if at all.
  public let resampling: Resampling?
  /// Draws the directions of resampled latents.
  private let seed: UInt64

  /// Steps made.
  public internal(set) var step: Int
  /// Tokens trained on.
  public internal(set) var tokens: Int

  /// The gradients of the last step, after constraint, before clipping.
  public private(set) var gradients: ParameterSet

  /// Tells when reconstructions have gone beyond any sense.
  var watch = DivergenceWatch()
  /// Steps in a row that make a divergence.
  var divergencePatience = DivergenceWatch.patience

  /// Memory for a copy of the decoder, where its rows are divided by their norms before the forward pass; a
  /// step that fails puts the copy back.
  private var spareDecoder: Matrix?

  /// A trainer that has made no step yet, with Adam and gradients of norm 1 at most.
  ///
  /// - Parameters:
  ///   - model: the autoencoder to train.
  ///   - schedule: the learning rate of each step.
  ///   - deadLatents: the rule by which latents are dead, its counters at 0.
  ///   - resampling: when dead latents are given new directions, if at all. It takes a model with W_enc,
  ///     b_enc and W_dec.
  ///   - seed: draws those directions.
  public init(
    _ model: Model, schedule: LearningRateSchedule, deadLatents: DeadLatents,
    resampling: Resampling? = nil, seed: UInt64 = 0
  ) {
    self.init(
      model, schedule: schedule, optimizer: nil, deadLatents: deadLatents, resampling: resampling,
      seed: seed)
  }

  /// A trainer with an optimizer, Adam with its defaults for nil, and a bound on gradients.
  package init(
    _ model: Model, schedule: LearningRateSchedule, optimizer: (any Optimizer)?,
    clipping: GradientClipping = .globalNorm(1), deadLatents: DeadLatents,
    resampling: Resampling? = nil, seed: UInt64 = 0
  ) {
    self.model = model
    self.schedule = schedule
    self.optimizer = optimizer ?? Adam(for: model.parameters)
    self.clipping = clipping
    self.deadLatents = deadLatents
    self.resampling = resampling
    self.seed = seed
    step = 0
    tokens = 0
    gradients = model.parameters.zeros()
  }

  /// The autoencoder to evaluate and keep: ``model``, with parameters averaged over steps where the
  /// optimizer averages.
  public var averagedModel: Model {
    var averaged = model
    averaged.parameters = optimizer.averagedParameters(model.parameters)
    return averaged
  }

  /// Trains on one batch.
  ///
  /// - Parameters:
  ///   - activations: tokens × input width, in the scale that the model is trained in.
  ///   - target: tokens × output width, for a transcoder.
  ///   - errorWeights: ``TrainingBatch/errorWeights``
  /// - Throws: ``TrainingError`` if the batch does not fit, something is not finite, or the training has
  ///   diverged; all but ``gradients`` is then as it was before the step, to the bit, resampled latents
  ///   too.
  public mutating func train(
    on activations: Matrix, target: Matrix? = nil, errorWeights: [Float]? = nil
  ) throws(TrainingError) -> StepReport {
    guard let resampling, resampling.isDue(at: step) else {
      return try makeStep(
        on: activations, target, errorWeights, learningRate: schedule.rate(at: step))
    }
    let before = self
    do throws(TrainingError) {
      // A sequence of its own for each step, so that nothing has to be kept between steps.
      var generator = RandomGenerator(seed: seed ^ (UInt64(step) &* 0x9E37_79B9_7F4A_7C15))
      try resample(resampling, on: activations, using: &generator)
      return try makeStep(
        on: activations, target, errorWeights, learningRate: schedule.rate(at: step))
    } catch {
      self = before
      throw error
    }
  }

  /// The learning rate of the last step that was made.
  var lastLearningRate: Double { schedule.rate(at: max(0, step - 1)) }

  /// A step without the resampling before it.
  mutating func makeStep(
    on activations: Matrix, _ target: Matrix?, _ errorWeights: [Float]?, learningRate: Double
  ) throws(TrainingError) -> StepReport {
    let batch = TrainingBatch(
      activations: activations, target: target, errorWeights: errorWeights,
      deadLatents: deadLatents, step: step)
    // What a pass may change of the model: its rows' norms, and what a variant keeps besides parameters.
    var before: Model? = model
    let (pass, norm): (TrainingPass, Double)
    let variance: Double
    do throws(TrainingError) {
      (pass, norm) = try finitePass(batch)
      variance = batch.target.totalVariance()
      try watch.note(
        DivergenceWatch.relativeError(
          pass.totalSquaredError, of: batch.target, variance: variance),
        step: step, learningRate: learningRate, patience: divergencePatience)
    } catch {
      if let before { model = before }
      throw error
    }
    // Nothing fails from here on. The copy goes first, so that parameters are changed in place; where
    // other rows have taken the decoder's place, the next step's take its memory.
    let constraint = model.decoderConstraint
    if constraint == .unitRowsBeforeForward { spareDecoder = before?.parameters[.decoder] }
    before = nil
    if constraint == .unitRowsBeforeStep {
      model.parameters[.decoder].normalizeRows(normGuard: DecoderConstraint.leastGuard)
    }
    optimizer.update(
      &model.parameters, gradients: gradients, learningRate: learningRate,
      gradientScale: clipping.factor(norm: norm),
      decoderRowGuard: constraint.stepGuard)
    deadLatents.record(pass)
    model.finishStep(pass, step: step)
    step += 1
    tokens += activations.rows
    return StepReport(
      number: step, tokens: tokens, losses: pass.losses, activity: pass.activity,
      totalSquaredError: pass.totalSquaredError, gradientNorm: norm, learningRate: learningRate,
      deadCount: pass.deadCount, variance: variance)
  }

  /// The gradients of a batch with the decoder's constraint, and their norm; throws where a loss or a
  /// gradient is not finite.
  private mutating func finitePass(
    _ batch: TrainingBatch
  ) throws(TrainingError) -> (TrainingPass, norm: Double) {
    let constraint = model.decoderConstraint
    if constraint == .unitRowsBeforeForward {
      let decoder = model.parameters[.decoder]
      var rows = spareDecoder ?? Matrix(rows: decoder.rows, columns: decoder.columns)
      spareDecoder = nil
      rows.setNormalizedRows(of: decoder, normGuard: DecoderConstraint.normGuard)
      model.parameters[.decoder] = rows
    }
    let pass: TrainingPass
    do {
      pass = try model.computeGradients(of: batch, into: &gradients)
    } catch {
      throw .shape(error)
    }
    for term in pass.losses where !term.value.isFinite {
      throw .notFinite(step: step, term: term.name)
    }
    if constraint != .none {
      gradients[.decoder].removeComponents(
        along: model.parameters[.decoder], guard: constraint.directionGuard)
    }
    let norm = gradients.norm()
    guard norm.isFinite else {
      throw .notFinite(step: step, term: gradients.firstNotFinite ?? "gradient norm")
    }
    return (pass, norm)
  }

  /// Goes on with parameters of which some latents' were replaced.
  mutating func setResampled(_ parameters: ParameterSet, _ optimizer: Adam, _ latents: [Int]) {
    model.parameters = parameters
    self.optimizer = optimizer
    deadLatents = deadLatents.resetting(latents)
  }
}

/// Why a training step was not made.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The batch does not fit the model.
  case shape(ShapeError)
  /// A loss or a gradient is NaN or infinite, or what is trained on.
  case notFinite(step: Int, term: String)
  /// In several steps up to this one, reconstructions were beyond any sense.
  ///
  /// - Parameters:
  ///   - step: the step that is not made, from 0.
  ///   - since: the first of them; before it the autoencoder was still of use.
  ///   - error: the squared error of the batch, as a multiple of the variance of what is
  ///     reconstructed; 1 − FVE.
  ///   - bound: what it may be at most: a hundred times the least of the steps before, or 100.
  ///   - learningRate: of the step.
  case diverged(step: Int, since: Int, error: Double, bound: Double, learningRate: Double)

  public var description: String {
    let remedy = "a lower learning rate, or a normalization that suits the activations, may help"
    switch self {
    case .shape(let error): return error.description
    case .notFinite(let step, let term):
      let expectation = "step \(step): expected finite numbers, found NaN or infinity in \(term)"
      return ["the activations", "the targets"].contains(term)
        ? expectation : "\(expectation); \(remedy)"
    case .diverged(let step, let since, let error, let bound, let learningRate):
      return "step \(step): the training has diverged: expected a squared error of at most "
        + "\(significant(bound)) times the variance, found \(significant(error)) times, and too much "
        + "since step \(since), at a learning rate of \(significant(learningRate)); \(remedy)"
    }
  }
}
