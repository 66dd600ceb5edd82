/// The input of a training step.
public struct TrainingBatch: Sendable {
  /// Input, tokens × input width.
  public let activations: Matrix
  /// The activations to reconstruct, tokens × output width: the input, except for a transcoder.
  public let target: Matrix
  /// The weight of each token's ‖x̂ − y‖² in the loss; nil where all count alike.
  public let errorWeights: [Float]?
  /// How long before this batch each latent last fired.
  public let deadLatents: DeadLatents
  /// Steps already made.
  public let step: Int

  /// A batch of the given parts; see the properties.
  ///
  /// - Precondition: there is a weight for each token, if there are any.
  public init(
    activations: Matrix, target: Matrix? = nil, errorWeights: [Float]? = nil,
    deadLatents: DeadLatents, step: Int = 0
  ) {
    precondition(
      errorWeights == nil || errorWeights?.count == activations.rows,
      "\(errorWeights?.count ?? 0) weights for \(activations.rows) tokens")
    self.activations = activations
    self.target = target ?? activations
    self.errorWeights = errorWeights
    self.deadLatents = deadLatents
    self.step = step
  }
}
