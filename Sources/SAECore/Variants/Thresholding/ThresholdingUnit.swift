/// A ``ThresholdingAutoencoder``'s function of pre-activations, with its parameters as they are in one
/// training step: the codes, where the gradients of these go, and the gradients of its vectors.
///
/// A step calls, on all entries of a batch or on one panel after another, ``makeCodes(of:_:)`` and
/// ``observe(_:_:)``; then ``settle(_:_:over:)``; then on the same elements again ``makeCodes(of:_:)``
/// and ``passGradients(_:_:_:)``; in the end ``finish(_:into:)``. The unit keeps sums over tokens from
/// one panel to the next. Most of these do nothing unless a variant says otherwise.
public protocol ThresholdingUnit: Sendable {
  /// The bias that is added to the product of an input and a latent's encoder row to make the
  /// pre-activation h. One per latent.
  var bias: [Float] { get }
  /// An element whose h is not above its latent's bound is 0 in every code and has no gradient. One per
  /// latent.
  var bounds: [Float] { get }

  /// The codes, by the names that the errors of their reconstructions have in the loss. The first code
  /// is z, the latents; from a further one a reconstruction of its own is made.
  static var reconstructions: [String] { get }
  /// The code that an ``ActivationPenalty`` is of. Its elements are 0 or above, above 0 at all entries,
  /// and its gradient is passed where they are above 0.
  static var penalizedCode: Int { get }
  /// Whether the loss's factor multiplies gradients of codes as they come from the products with
  /// decoder rows, or the reconstruction's error before. Both are the same within rounding.
  static var scalesProducts: Bool { get }
  /// Whether the reconstruction from a code beside the first trains W_dec and b_dec.
  var trainsDecoder: Bool { get }

  /// Overwrites the codes with those of pre-activations.
  ///
  /// - Parameters:
  ///   - hidden: h, on panels without the bias; may be changed and, by exchange with one of `codes`,
  ///     taken.
  ///   - codes: as many as there are ``reconstructions``.
  func makeCodes(of hidden: inout LatentElements, _ codes: inout [LatentElements])

  /// Takes from the forward pass the sums over all elements that the loss needs.
  mutating func observe(_ hidden: LatentElements, _ codes: [LatentElements])

  /// Decides what depends on all elements, between forward and backward pass.
  ///
  /// - Parameters:
  ///   - batch: the batch of the step.
  ///   - activity: the latents that fire in the batch.
  ///   - elements: goes over all elements once, with h and the reconstruction's gradient of z, which may be
  ///     changed.
  mutating func settle(
    _ batch: TrainingBatch, _ activity: LatentActivity,
    over elements: (_ body: (_ hidden: LatentElements, _ gradient: inout LatentElements) -> Void) ->
      Void
  )

  /// Makes `gradients[0]` the gradient of h, and gathers the sums over tokens.
  ///
  /// - Parameters:
  ///   - hidden: h as ``makeCodes(of:_:)`` has left it; may be changed.
  ///   - codes: the codes; may be changed.
  ///   - gradients: those of the codes.
  mutating func passGradients(
    _ hidden: inout LatentElements, _ codes: inout [LatentElements],
    _ gradients: inout [LatentElements])

  /// Σ over tokens of the gradient of h, one per latent.
  var inputSums: [Double] { get }
  /// The value of a sparsity term that is the variant's own.
  var sparsity: Double { get }
  /// Latents that a loss of the variant's own is to revive.
  var revivedCount: Int { get }

  /// Writes the gradients of the variant's vectors, and adds those that belong to no element.
  ///
  /// - Parameters:
  ///   - inputSums: ``inputSums`` with those of an auxiliary loss.
  ///   - gradients: of all parameters; that of b_dec is written later.
  /// - Returns: the terms of the loss that come with them.
  mutating func finish(
    _ inputSums: inout [Double], into gradients: inout ParameterSet
  ) -> [LossTerm]
}

extension ThresholdingUnit {
  public static var reconstructions: [String] { ["reconstruction"] }
  public static var penalizedCode: Int { 0 }
  public static var scalesProducts: Bool { false }
  public var trainsDecoder: Bool { true }
  public var sparsity: Double { 0 }
  public var revivedCount: Int { 0 }

  public mutating func observe(_ hidden: LatentElements, _ codes: [LatentElements]) {}

  public mutating func settle(
    _ batch: TrainingBatch, _ activity: LatentActivity,
    over elements: ((LatentElements, inout LatentElements) -> Void) -> Void
  ) {}
}
