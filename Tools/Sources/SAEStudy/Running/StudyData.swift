import SAECore
import SAEModels

/// Everything that a study needs of a model or a synthetic world.
struct StudyData: Sendable {
  /// The source of the activations, for people.
  var subject: String
  /// As many rows each: an equal budget.
  var domain: any ActivationSource
  var broad: any ActivationSource
  var heldOut: [StudyText: HeldOutText]
  /// Texts of a run of token ids.
  var texts: @Sendable (_ ids: [Int]) -> [String]
  /// The effect of directions on each token's logit, directions × vocabulary; nil without a model.
  var promotions: (@Sendable (_ directions: Matrix) -> Matrix)?
  /// Measures the cost of splicing into the model; nil without a model.
  var loss: LossMeasuring?
  /// The known features of a synthetic world.
  var truth: StudyTruth?
  /// Where the activations are from, as far as that is known.
  var origin = ActivationOrigin()
  /// Notes on the data for the reader of the results.
  var notes: [String] = []
}

/// The features that synthetic activations are made of.
struct StudyTruth: Sendable {
  /// Features × width.
  var features: Matrix
  var common: Range<Int>
  var domainOnly: Range<Int>
  var broadOnly: Range<Int>
  /// The true features of the measured held-out domain tokens.
  var domainFeatures: SparseLatents
}

/// Runs the model with reconstructions in the activations' place.
struct LossMeasuring: Sendable {
  let model: LanguageModel
  let hook: HookPoint
  let options: PieceOptions
  let tokens: [StudyText: TokenStream]
  let means: [StudyText: [Float]]

  /// The loss that each autoencoder recovers; nil if there are no tokens of the kind.
  ///
  /// - Parameter progress: called with sequences done, and of how many.
  func measure(
    _ autoencoders: [any SparseAutoencoder], on text: StudyText,
    progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws -> [LossRecovered]? {
    guard let tokens = tokens[text], tokens.count > 0, let mean = means[text] else { return nil }
    let run = try LossRecoveredRun(model, at: hook, tokens: tokens, mean: mean, options: options)
    return try run.evaluate(
      autoencoders.map { autoencoder in { try autoencoder.reconstruct($0) } }
    ) { try progress($0, run.sequences) }
  }
}
