/// Gives dead latents a new direction: that of an activation which is badly reconstructed.
///
/// A latent's decoder row becomes the activation at norm 1, its encoder row the same direction at a
/// fifth of the mean norm of live latents' encoder rows, its b_enc 0, and its moments in the
/// optimizer 0. The schedule's ``LearningRateSchedule/warmUpPeriod`` warms the rate up again.
///
/// Source: Bricken et al. 2023, Towards Monosemanticity, appendix "Neuron Resampling".
public struct Resampling: Sendable, Equatable, Codable {
  /// Where the libraries differ.
  public enum Convention: Sendable, Equatable, Codable {
    /// Activations drawn in proportion to ‖x − x̂‖⁴, the loss squared, each for itself.
    case anthropic
    /// Activations drawn in proportion to ‖x − x̂‖, none twice, so that at most as many latents are
    /// resampled as there are; an encoder row keeps the activation's length as a factor.
    /// dictionary_learning's Standard.
    case dictionaryLearning
  }

  /// Whose rules are followed.
  public var convention: Convention
  /// Steps from one resampling to the next.
  public var period: Int
  /// No resampling is due after this step.
  public var lastStep: Int?

  /// A resampling every `period` steps.
  public init(convention: Convention, period: Int, lastStep: Int? = nil) {
    self.convention = convention
    self.period = period
    self.lastStep = lastStep
  }

  /// Throws unless the period is positive.
  func check() throws(OptionError) {
    try OptionError.check("resampling.period", period, in: 1...Int.max)
  }

  /// Whether latents are to be resampled before a step; the first step is 0.
  public func isDue(at step: Int) -> Bool {
    step > 0 && step.isMultiple(of: period) && step <= lastStep ?? .max
  }

  /// Steps without firing after which resampling takes a latent for dead: half a period.
  public var deadAfterSteps: Int { period / 2 }

  /// How likely each activation is to be drawn, relative to the others; 0 for one that is 0, which
  /// has no direction.
  ///
  /// - Parameters:
  ///   - activations: tokens × width.
  ///   - reconstruction: tokens × width.
  /// - Throws: ``ShapeError`` if the shapes differ.
  public func samplingWeights(
    _ activations: Matrix, reconstruction: Matrix
  ) throws(ShapeError) -> [Double] {
    try ShapeError.check(
      "reconstruction", "tokens", expected: activations.rows, found: reconstruction.rows)
    try ShapeError.check(
      "reconstruction", "columns", expected: activations.columns, found: reconstruction.columns)
    var errors = activations
    errors.add(reconstruction, times: -1)
    return zip(errors.rowNorms(), activations.rowNorms()).map { error, norm in
      guard norm > 0, norm.isFinite, error.isFinite else { return 0 }
      let distance = Double(error)
      return convention == .anthropic ? distance * distance * distance * distance : distance
    }
  }

  /// Draws an activation for each dead latent, in the order of ``samplingWeights(_:reconstruction:)``.
  ///
  /// - Returns: rows of the activations, for the first of the dead latents on; fewer than there are
  ///   if activations do not suffice.
  public func draw(
    _ count: Int, weights: [Double], using generator: inout RandomGenerator
  ) -> [Int] {
    switch convention {
    case .anthropic: generator.sampleWithReplacement(count, weights: weights)
    case .dictionaryLearning: generator.sample(count, weights: weights)
    }
  }

  /// Resamples latents.
  ///
  /// - Parameters:
  ///   - parameters: W_enc, W_dec and b_enc at least; others stay.
  ///   - firstMoments: the optimizer's, of the same names and shapes.
  ///   - secondMoments: likewise.
  ///   - dead: the dead latents, ascending.
  ///   - activations: tokens × width.
  ///   - rows: which activations are for which dead latent; latents beyond their number stay dead.
  /// - Throws: ``ShapeError`` if the activations' width is another.
  /// - Precondition: latents and rows exist, and there are not more rows than dead latents.
  public func resample(
    _ parameters: inout ParameterSet, firstMoments: inout ParameterSet,
    secondMoments: inout ParameterSet, dead: [Int], activations: Matrix, rows: [Int]
  ) throws(ShapeError) {
    let width = parameters[.encoder].columns
    try ShapeError.check("activations", "columns", expected: width, found: activations.columns)
    try ShapeError.check(
      "decoder", "columns", expected: width, found: parameters[.decoder].columns)
    precondition(rows.count <= dead.count, "\(rows.count) rows for \(dead.count) latents")
    guard !rows.isEmpty else { return }
    let length = 0.2 * meanEncoderNorm(parameters[.encoder], without: dead)
    let replacements = activations.gatheringRows(rows)
    let norms = replacements.rowNorms()
    for (position, latent) in dead.prefix(rows.count).enumerated() {
      let norm = norms[position] > 0 ? norms[position] : 1
      let encoderFactor = convention == .anthropic ? length / norm : length
      for column in 0..<width {
        let value = replacements[position, column]
        parameters[.encoder][latent, column] = value * encoderFactor
        parameters[.decoder][latent, column] = value / norm
      }
      parameters[.encoderBias][0, latent] = 0
      Resampling.clear(latent, in: &firstMoments)
      Resampling.clear(latent, in: &secondMoments)
    }
  }

  /// Of live latents; of all where none is left.
  private func meanEncoderNorm(_ encoder: Matrix, without dead: [Int]) -> Float {
    let norms = encoder.rowNorms()
    var isLive = [Bool](repeating: true, count: norms.count)
    for latent in dead { isLive[latent] = false }
    let live =
      dead.count < norms.count ? norms.indices.filter { isLive[$0] } : Array(norms.indices)
    return Float(live.reduce(0.0) { $0 + Double(norms[$1]) } / Double(live.count))
  }

  private static func clear(_ latent: Int, in moments: inout ParameterSet) {
    for name in [ParameterName.encoder, .decoder] {
      for column in 0..<moments[name].columns { moments[name][latent, column] = 0 }
    }
    moments[.encoderBias][0, latent] = 0
  }
}
