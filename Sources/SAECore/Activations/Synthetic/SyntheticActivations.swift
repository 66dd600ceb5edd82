/// Activations made from known features: what a dictionary should find.
///
/// x = Σₖ aₖ fₖ + B g + C h(g) + noise, with unit features f in random directions, sparse aₖ ≥ 0, hidden
/// Gaussian numbers g, and h(g) = (g² − 1) / √2, which g determines, but which is uncorrelated with every
/// linear function of x. B and C have orthogonal columns, and both parts the same size. Without a nonlinear
/// part there is neither.
///
/// Every token has random numbers of its own: the same token comes out whatever tokens are asked
/// for with it, on any number of threads.
public struct SyntheticActivations: Sendable {
  /// The world that the rows are drawn from.
  public let options: SyntheticOptions
  /// The seed of the dictionary and of every draw.
  public let seed: UInt64
  /// The true dictionary, features × width, rows of norm 1. Parents come first, then the children of
  /// the first parent, of the second, and so on.
  public let features: Matrix
  /// How often each feature is active.
  public let frequencies: [Double]
  /// Total variance of Σₖ aₖ fₖ, of which noise and nonlinear part are shares: measured once, on
  /// 4096 tokens of a sample of their own.
  public private(set) var featureVariance: Double
  /// B above C, each hidden numbers × width.
  private let hiddenDirections: Matrix
  private let sampler: FeatureSampler

  /// - Throws: ``OptionError`` if an option is out of range.
  public init(_ options: SyntheticOptions, seed: UInt64) throws(OptionError) {
    try options.check()
    self.options = options
    self.seed = seed
    var generator = RandomGenerator(seed: seed)
    var features = Matrix.gaussian(options.featureCount, options.width, using: &generator)
    features.normalizeRows(normGuard: 0)
    self.features = features
    let sampler = FeatureSampler(options)
    self.sampler = sampler
    frequencies = sampler.frequencies
    hiddenDirections = Matrix.orthonormal(
      options.nonlinear > 0 ? 2 * options.hiddenCount : 0, options.width, using: &generator)
    featureVariance = SyntheticActivations.variance(
      of: sampler.draw(0..<4096, seed: seed &+ SyntheticActivations.measuring), features)
  }

  /// Tokens and what they are made of.
  public struct Sample: Sendable {
    /// x, tokens × width.
    public let activations: Matrix
    /// a, tokens × features.
    public let features: SparseLatents
    /// C h(g), tokens × width; no rows if there is no nonlinear part.
    public let nonlinearPart: Matrix
    /// The context of each token.
    public let contexts: [Int]
  }

  /// Some tokens of the endless sequence that the seed stands for.
  public func sample(_ tokens: Range<Int>) -> Sample {
    precondition(tokens.lowerBound >= 0, "there is no token \(tokens.lowerBound)")
    let codes = sampler.draw(tokens, seed: seed)
    var activations = codes.decoded(
      by: features, bias: [Float](repeating: 0, count: options.width))
    var nonlinear = Matrix(rows: 0, columns: options.width)
    if options.nonlinear > 0 {
      let hidden = hiddenNumbers(tokens)
      let half = options.hiddenCount
      activations.addProduct(hidden[rows: 0..<tokens.count, columns: 0..<half], linearDirections)
      nonlinear = Matrix.product(
        hidden[rows: 0..<tokens.count, columns: half..<2 * half], nonlinearDirections)
      activations.add(nonlinear)
    }
    if options.noise > 0 { activations.add(noise(tokens)) }
    return Sample(
      activations: activations, features: codes, nonlinearPart: nonlinear,
      contexts: tokens.map { $0 / options.contextLength })
  }

  private var linearDirections: MatrixView {
    hiddenDirections[rows: 0..<options.hiddenCount]
  }

  private var nonlinearDirections: MatrixView {
    hiddenDirections[rows: options.hiddenCount..<2 * options.hiddenCount]
  }

  /// For each token g and then h(g), scaled so that both parts have their size.
  private func hiddenNumbers(_ tokens: Range<Int>) -> Matrix {
    let count = options.hiddenCount
    let scale = (options.nonlinear * featureVariance / Double(count)).squareRoot()
    let seed = seed &+ SyntheticActivations.hiding
    return Matrix.rows(tokens.count, 2 * count) { row, values in
      var generator = RandomGenerator.token(tokens.lowerBound + row, seed)
      for index in 0..<count {
        let hidden = generator.gaussian()
        values[index] = Float(scale * hidden)
        // The variance of g² is 2.
        values[count + index] = Float(scale * (hidden * hidden - 1) / 2.0.squareRoot())
      }
    }
  }

  private func noise(_ tokens: Range<Int>) -> Matrix {
    let width = options.width
    let scale = (options.noise * featureVariance / Double(width)).squareRoot()
    let seed = seed &+ SyntheticActivations.rustling
    return Matrix.rows(tokens.count, width) { row, values in
      var generator = RandomGenerator.token(tokens.lowerBound + row, seed)
      generator.fill(&values, deviation: scale)
    }
  }

  private static func variance(of codes: SparseLatents, _ features: Matrix) -> Double {
    let sample = codes.decoded(
      by: features, bias: [Float](repeating: 0, count: features.columns))
    var moments = ErrorMoments(width: features.columns)
    moments.add(
      sample, Matrix(rows: sample.rows, columns: sample.columns),
      rows: (0..<UInt32(sample.rows)).map { $0 })
    let total = (0..<features.columns).reduce(0.0) { $0 + moments.squaredDeviation($1) }
    return total / Double(sample.rows)
  }

  // What the numbers of a token are drawn for, each with a seed of its own.
  private static let hiding: UInt64 = 0x1000_0000_0000
  private static let rustling: UInt64 = 0x2000_0000_0000
  private static let measuring: UInt64 = 0x3000_0000_0000
}
