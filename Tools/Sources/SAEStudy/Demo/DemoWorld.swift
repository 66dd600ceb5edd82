import SAECore

/// A world whose features are all known: common features, features that only domain text has, and
/// features that only broad text has, all Zipf-distributed, with noise and a part that no dictionary can
/// explain.
struct DemoWorld: Sendable {
  static let width = 96
  static let common = 192
  static let domainOnly = 192
  static let broadOnly = 768
  static let contextLength = 32

  private let commonWorld: SyntheticActivations
  private let domainWorld: SyntheticActivations
  private let broadWorld: SyntheticActivations

  init(seed: UInt64) throws {
    func world(_ features: Int, l0: Double, seed: UInt64) throws -> SyntheticOptions {
      var options = SyntheticOptions(width: DemoWorld.width, featureCount: features, l0: l0)
      options.zipfExponent = 0.7
      options.contextLength = DemoWorld.contextLength
      options.topicCount = 4
      options.correlation = 0.6
      return options
    }
    var common = try world(DemoWorld.common, l0: 4, seed: seed)
    common.noise = 0.04
    common.nonlinear = 0.1
    commonWorld = try SyntheticActivations(common, seed: seed &* 3)
    domainWorld = try SyntheticActivations(
      try world(DemoWorld.domainOnly, l0: 4, seed: seed), seed: seed &* 3 &+ 1)
    broadWorld = try SyntheticActivations(
      try world(DemoWorld.broadOnly, l0: 4, seed: seed), seed: seed &* 3 &+ 2)
  }

  /// All features: common, domain-only, broad-only.
  var features: Matrix {
    let parts = [commonWorld, domainWorld, broadWorld].map(\.features)
    var all = Matrix(rows: parts.reduce(0) { $0 + $1.rows }, columns: DemoWorld.width)
    var row = 0
    for part in parts {
      part.read(0..<part.rows, into: &all, at: row)
      row += part.rows
    }
    return all
  }

  static var commonFeatures: Range<Int> { 0..<common }
  static var domainFeatures: Range<Int> { common..<common + domainOnly }
  static var broadFeatures: Range<Int> {
    common + domainOnly..<common + domainOnly + broadOnly
  }

  /// Activations with the features that they are made of.
  struct Sample {
    var activations: Matrix
    /// Tokens × all features.
    var features: SparseLatents
  }

  /// Tokens of one kind of text; the kinds never share a token.
  func sample(_ text: StudyText, _ tokens: Range<Int>) -> Sample {
    // Common features of the two kinds are drawn from different parts of the endless sequence.
    let shift = text == .domain ? 0 : 1 << 24
    let shared = commonWorld.sample(tokens.lowerBound + shift..<tokens.upperBound + shift)
    let special = (text == .domain ? domainWorld : broadWorld).sample(tokens)
    var activations = shared.activations
    activations.add(special.activations)
    let offset = UInt32(
      (text == .domain ? DemoWorld.domainFeatures : DemoWorld.broadFeatures).lowerBound)
    var offsets = [0]
    var indices: [UInt32] = []
    var values: [Float] = []
    for token in 0..<tokens.count {
      let (a, b) = (shared.features.entries(of: token), special.features.entries(of: token))
      indices += shared.features.indices[a] + special.features.indices[b].map { $0 + offset }
      values += shared.features.values[a] + special.features.values[b]
      offsets.append(indices.count)
    }
    let all = DemoWorld.broadFeatures.upperBound
    // Made of two valid parts, the second after the first.
    guard
      let features = try? SparseLatents(
        latentCount: all, rowOffsets: offsets, indices: indices, values: values)
    else { preconditionFailure("the features of a token do not ascend") }
    return Sample(activations: activations, features: features)
  }

  /// The token that stands for a token's strongest feature; the last id for none.
  static func tokenIDs(_ features: SparseLatents) -> [Int] {
    (0..<features.tokens).map { token in
      let entries = features.entries(of: token)
      let best = entries.max { features.values[$0] < features.values[$1] }
      return best.map { Int(features.indices[$0]) } ?? broadFeatures.upperBound
    }
  }

  /// A token's text: the name of its feature.
  static func text(_ id: Int) -> String {
    if commonFeatures.contains(id) { return " common-\(id)" }
    if domainFeatures.contains(id) { return " domain-\(id - domainFeatures.lowerBound)" }
    if broadFeatures.contains(id) { return " broad-\(id - broadFeatures.lowerBound)" }
    return " ·"
  }
}

extension StudyConfiguration {
  /// The demo: at a size that two cores finish within a minute.
  public static func demo(seed: UInt64 = 0) -> StudyConfiguration {
    var configuration = StudyConfiguration()
    configuration.seed = seed
    configuration.latents = [192, 384]
    configuration.sparsity = [4, 8, 16]
    configuration.seeds = 2
    configuration.streamTokens = 120_000
    configuration.trainingTokens = 480_000
    configuration.batch = 1024
    configuration.learningRate = 3e-3
    configuration.heldOutTokens = 16_384
    configuration.lossTokens = 0
    configuration.context = DemoWorld.contextLength
    configuration.atATime = 12
    return configuration
  }
}

extension StudyData {
  /// The demo's data.
  static func demo(_ configuration: StudyConfiguration) throws -> StudyData {
    let world = try DemoWorld(seed: configuration.seed)
    let stream = configuration.streamTokens
    let half =
      max(1, configuration.heldOutTokens / 2 / DemoWorld.contextLength)
      * DemoWorld.contextLength
    // Held-out tokens begin at a context of their own.
    let begin = (stream / DemoWorld.contextLength + 1) * DemoWorld.contextLength
    var heldOut: [StudyText: HeldOutText] = [:]
    var domainFeatures: SparseLatents?
    for text in StudyText.allCases {
      let measured = world.sample(text, begin..<begin + half)
      let fitting = world.sample(text, begin + half..<begin + 2 * half)
      if text == .domain { domainFeatures = measured.features }
      heldOut[text] = HeldOutText(
        source: measured.activations, fitting: fitting.activations,
        tokenIDs: DemoWorld.tokenIDs(measured.features),
        contexts: (0..<half).map { $0 / DemoWorld.contextLength })
    }
    let features = world.features
    return StudyData(
      subject: "a synthetic world of \(features.rows) known features in \(DemoWorld.width) "
        + "dimensions: \(DemoWorld.common) common, \(DemoWorld.domainOnly) only in domain text, "
        + "\(DemoWorld.broadOnly) only in broad text",
      domain: world.sample(.domain, 0..<stream).activations,
      broad: world.sample(.broad, 0..<stream).activations, heldOut: heldOut,
      texts: { $0.map(DemoWorld.text) },
      promotions: { Matrix.product($0.view, features.transposed) }, loss: nil,
      truth: domainFeatures.map {
        StudyTruth(
          features: features, common: DemoWorld.commonFeatures,
          domainOnly: DemoWorld.domainFeatures, broadOnly: DemoWorld.broadFeatures,
          domainFeatures: $0)
      })
  }
}
