extension Trainer {
  /// Gives new directions to latents that have not fired for too long: those of activations that are badly
  /// reconstructed. Their counters begin anew.
  ///
  /// - Parameters:
  ///   - resampling: whose rules are followed, and after how many steps without firing a latent is dead.
  ///   - activations: tokens × width, in the scale that the model is trained in.
  ///   - generator: equal states draw equal tokens.
  /// - Returns: the latents that were resampled.
  /// - Throws: ``TrainingError`` if the batch does not fit.
  /// - Precondition: the optimizer is Adam, and the model has W_enc, b_enc and W_dec.
  @discardableResult
  public mutating func resample(
    _ resampling: Resampling, on activations: Matrix, using generator: inout RandomGenerator
  ) throws(TrainingError) -> [Int] {
    guard var adam = optimizer as? Adam else {
      preconditionFailure("resampling clears Adam's moments, and the optimizer is \(optimizer)")
    }
    let dead = deadLatents.indices(
      withoutFiringForSteps: resampling.deadAfterSteps, of: activations.rows)
    guard !dead.isEmpty else { return [] }
    var parameters = model.parameters
    do throws(ShapeError) {
      let weights = try resampling.samplingWeights(
        activations, reconstruction: model.reconstruct(activations))
      let rows = resampling.draw(dead.count, weights: weights, using: &generator)
      try adam.resample(
        resampling, &parameters, dead: dead, activations: activations, rows: rows)
      let resampled = Array(dead.prefix(rows.count))
      setResampled(parameters, adam, resampled)
      return resampled
    } catch {
      throw .shape(error)
    }
  }
}

extension Adam {
  /// Resamples latents of parameters that this optimizer changes, its moments with them.
  mutating func resample(
    _ resampling: Resampling, _ parameters: inout ParameterSet, dead: [Int], activations: Matrix,
    rows: [Int]
  ) throws(ShapeError) {
    var (first, second) = (firstMoments, secondMoments)
    try resampling.resample(
      &parameters, firstMoments: &first, secondMoments: &second, dead: dead,
      activations: activations, rows: rows)
    setMoments(first, second)
  }
}

extension DeadLatents {
  /// The latents that have not fired for more than a number of steps, ascending.
  ///
  /// - Parameter tokens: of a step.
  func indices(withoutFiringForSteps steps: Int, of tokens: Int) -> [Int] {
    if rule == .never { return [] }
    let (limit, overflows) = steps.multipliedReportingOverflow(by: rule.elapsed(inStep: tokens))
    return overflows ? [] : sinceFiring.indices.filter { sinceFiring[$0] > limit }
  }

  /// The same counters, some of them at 0.
  func resetting(_ latents: [Int]) -> DeadLatents {
    var sinceFiring = self.sinceFiring
    for latent in latents { sinceFiring[latent] = 0 }
    return DeadLatents(sinceFiring: sinceFiring, rule: rule)
  }
}
