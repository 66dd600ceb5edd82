/// What synthetic activations are made of.
public struct SyntheticOptions: Sendable, Equatable {
  /// d: width of the activations.
  public var width: Int
  /// Features, parents and children together.
  public var featureCount: Int
  /// Expected number of active features of a token.
  public var l0: Double
  /// Feature k is active in proportion to (k + 1)^−exponent: 0 makes all equally frequent.
  public var zipfExponent = 1.0
  /// Groups of features that come together in a context, 1 for none.
  public var topicCount = 1
  /// From 0 (independent) to 1: how much rarer than average a feature is where its topic is not the
  /// context's.
  public var correlation = 0.0
  /// Children of each parent feature: a child is active only where its parent is.
  public var childrenPerParent = 0
  /// How often a child is active where its parent is.
  public var childProbability = 0.2
  /// Standard deviation of the size of an active feature, whose mean is 1 before the absolute value
  /// is taken.
  public var magnitudeDeviation = 0.3
  /// E‖noise‖² as a share of the features' total variance.
  public var noise = 0.0
  /// E‖nonlinear part‖² as a share of the features' total variance.
  public var nonlinear = 0.0
  /// Tokens of a context, which has one topic.
  public var contextLength = 64

  /// A world of `featureCount` features in `width` dimensions, of which `l0` fire in a token on
  /// average.
  public init(width: Int, featureCount: Int, l0: Double) {
    self.width = width
    self.featureCount = featureCount
    self.l0 = l0
  }

  /// How many hidden numbers of a token the nonlinear part is made from.
  var hiddenCount: Int { min(8, width / 2) }

  /// Features that may be active by themselves.
  var parentCount: Int { featureCount / (1 + childrenPerParent) }

  /// How much more frequent than average a feature is where its topic is the context's.
  var topicBoost: Double { 1 + correlation * Double(topicCount - 1) }

  func check() throws(OptionError) {
    try OptionError.check("width", width, in: 1...Int.max)
    try OptionError.check("featureCount", featureCount, in: 1...Int(UInt32.max))
    try OptionError.check("topicCount", topicCount, in: 1...featureCount)
    try OptionError.check("childrenPerParent", childrenPerParent, in: 0...featureCount - 1)
    try OptionError.check("contextLength", contextLength, in: 1...Int.max)
    let numbers = [
      ("l0", l0), ("zipfExponent", zipfExponent), ("magnitudeDeviation", magnitudeDeviation),
      ("noise", noise), ("nonlinear", nonlinear),
    ]
    for (name, value) in numbers { try OptionError.checkNotNegative(name, value) }
    for (name, value) in [("correlation", correlation), ("childProbability", childProbability)] {
      guard value >= 0, value <= 1 else {
        throw OptionError(name, expected: "0 to 1", found: "\(value)")
      }
    }
    guard featureCount % (1 + childrenPerParent) == 0 else {
      throw OptionError(
        "featureCount",
        expected: "a multiple of \(1 + childrenPerParent), a parent and its children",
        found: "\(featureCount)")
    }
    guard nonlinear == 0 || width > 1 else {
      throw OptionError("nonlinear", expected: "0 at width 1", found: "\(nonlinear)")
    }
    let largest = largestL0
    guard l0 > 0, l0 < largest else {
      throw OptionError("l0", expected: "more than 0 and less than \(largest)", found: "\(l0)")
    }
  }

  /// L0 if every parent were as frequent as a probability of 1 in its topic allows.
  var largestL0: Double {
    Double(parentCount) / topicBoost * (1 + Double(childrenPerParent) * childProbability)
  }

  /// The probability of each parent, falling: min(s · (k + 1)^−exponent, 1 / boost), with s such
  /// that the expected number of active features is ``l0``.
  func parentProbabilities() -> [Double] {
    let weights = (1...parentCount).map { power(Double($0), -zipfExponent) }
    let limit = 1 / topicBoost
    let wanted = l0 / (1 + Double(childrenPerParent) * childProbability)
    func total(_ scale: Double) -> Double { weights.reduce(0) { $0 + min(limit, scale * $1) } }
    var low = 0.0
    var high = 1.0
    while total(high) < wanted, high < 1e300 { high *= 2 }
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if total(middle) < wanted { low = middle } else { high = middle }
    }
    return weights.map { min(limit, high * $0) }
  }
}
