/// A second reconstruction, from several times as many latents, that keeps activations beyond k
/// meaningful.
///
/// Source: Gao et al. 2024, arXiv 2406.04093, section 2.4 (Multi-TopK).
public struct MultiTopK: Sendable, Equatable {
  /// How many times k latents it has.
  public var multiple: Int
  /// The weight of its error beside that of the k latents.
  public var coefficient: Double
  /// Whether the encoder gets a gradient of it. sparsify's does not, by a defect.
  public var reachesEncoder: Bool

  /// Four times k, at an eighth of the weight, unless given.
  public init(
    multiple: Int = 4, coefficient: Double = 0.125, reachesEncoder: Bool = true
  ) {
    self.multiple = multiple
    self.coefficient = coefficient
    self.reachesEncoder = reachesEncoder
  }
}

extension TopKAutoencoder {
  /// The loss is the reconstruction error, that of more latents with
  /// ``TopKConfiguration/multiTopK``, and the auxiliary loss if there are dead latents.
  public func computeGradients(
    of batch: TrainingBatch, into gradients: inout ParameterSet
  ) throws(ShapeError) -> TrainingPass {
    var step = try SelectionStep(self, batch)
    guard let multi = configuration.multiTopK else {
      let latents = select(step.scores, step: batch.step)
      let pass = step.addReconstruction(step.code(of: latents), into: &gradients)
      let firing = step.firing(latents, places: k(at: batch.step))
      step.addAuxiliary(during: firing ?? latents, error: pass.error, into: &gradients)
      return step.finish(
        latents, firing: firing, totalSquaredError: pass.totalSquaredError, into: &gradients)
    }
    let k = k(at: batch.step)
    let (count, overflows) = k.multipliedReportingOverflow(by: multi.multiple)
    let places = overflows ? latentCount : min(count, latentCount)
    let more = step.scores.largest(places)
    let latents = more.keepingLargest(k)
    let pass = step.addReconstruction(step.code(of: latents), into: &gradients)
    _ = step.addReconstruction(
      step.code(of: more), weight: multi.coefficient, named: "multi-topk",
      reachesEncoder: multi.reachesEncoder, into: &gradients)
    let firing = step.firing(more, places: places) ?? more
    step.addAuxiliary(during: firing, error: pass.error, into: &gradients)
    return step.finish(
      latents, firing: firing, totalSquaredError: pass.totalSquaredError, into: &gradients)
  }
}

extension MultiTopK: Codable {
  private static var fields: SettingsFields<Self> {
    [
      .optional("multiple", \.multiple, absent: 4),
      .optional("coefficient", \.coefficient, absent: 0.125),
      .optional("reachesEncoder", \.reachesEncoder, absent: true),
    ]
  }

  public init(from decoder: any Decoder) throws {
    self = try Self.fields.decode(from: decoder, into: MultiTopK())
  }

  public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
