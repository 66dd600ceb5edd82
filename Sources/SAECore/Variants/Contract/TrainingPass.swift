/// The results of a forward and backward pass besides the gradients.
public struct TrainingPass: Sendable {
  /// The terms of the loss as they enter the total, by name.
  public let losses: [LossTerm]
  /// The latents of the batch; nil where they were too many to be held.
  public let latents: SparseLatents?
  /// On how many tokens each latent was active.
  public let activity: LatentActivity
  /// The latents that count as firing: those of ``activity``, except where a step trains on more latents.
  public let firing: LatentActivity
  /// Those that ``firing`` was counted of; nil where they were too many to be held.
  let firingLatents: SparseLatents?
  /// Σ ‖x̂ − y‖² over the batch.
  public let totalSquaredError: Double
  /// Latents that took part in the auxiliary loss.
  public let deadCount: Int

  /// The results of a pass; `firing` where more latents than `latents` count as having fired.
  public init(
    losses: [LossTerm], latents: SparseLatents, totalSquaredError: Double, deadCount: Int,
    firing: SparseLatents? = nil
  ) {
    self.losses = losses
    self.latents = latents
    activity = LatentActivity(latents)
    self.firing = firing.map { LatentActivity($0) } ?? activity
    firingLatents = firing ?? latents
    self.totalSquaredError = totalSquaredError
    self.deadCount = deadCount
  }

  /// A pass whose latents were not held.
  public init(
    losses: [LossTerm], activity: LatentActivity, totalSquaredError: Double, deadCount: Int
  ) {
    self.losses = losses
    latents = nil
    self.activity = activity
    firing = activity
    firingLatents = nil
    self.totalSquaredError = totalSquaredError
    self.deadCount = deadCount
  }

  /// The loss that the gradients belong to.
  package var totalLoss: Double { losses.reduce(0) { $0 + $1.value } }
}

/// A term of the loss, with its coefficient already in it.
public struct LossTerm: Sendable, Equatable {
  /// The term's name in logs, such as `mse` or `auxiliary`.
  public let name: String
  /// The term as it enters the sum, its coefficient included.
  public let value: Double

  /// A term called `name`.
  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}
