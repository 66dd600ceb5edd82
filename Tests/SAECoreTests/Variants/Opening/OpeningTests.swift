import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Every variant that is stored × every normalization × every way to open it: the reconstruction is that
/// of the model between the scaling and the way back, or opening is refused.
@Suite struct OpeningTests {
  static let (width, latents) = (6, 12)

  static func parameters(_ further: [(ParameterName, [Float])] = [], seed: UInt64) -> ParameterSet {
    let vectors = further.isEmpty ? [] : further
    return ParameterSet(
      names: [.encoder, .encoderBias, .decoder, .decoderBias] + vectors.map(\.0),
      matrices: [
        .random(latents, width, seed: seed), .random(1, latents, seed: seed + 1),
        .random(latents, width, seed: seed + 2), .random(1, width, seed: seed + 3),
      ] + vectors.map { Matrix(rows: 1, columns: $0.1.count, values: $0.1) })
  }

  static var thresholds: [Float] { (0..<latents).map { Float($0) / 10 } }

  static func reLU(subtracts: Bool) throws -> ReLUAutoencoder {
    var configuration = ReLUConfiguration(coefficient: .one)
    configuration.subtractsDecoderBias = subtracts
    return try ReLUAutoencoder(parameters: parameters(seed: 10), configuration: configuration)
  }

  static func jumpReLU(subtracts: Bool) throws -> JumpReLUAutoencoder {
    var configuration = JumpReLUConfiguration.saeLens(coefficient: .one)
    configuration.subtractsDecoderBias = subtracts
    return try JumpReLUAutoencoder(
      parameters: parameters([(.threshold, thresholds)], seed: 20), configuration: configuration)
  }

  static func gated() throws -> GatedAutoencoder {
    var set = parameters(seed: 30)
    let vectors = Matrix.random(3, latents, seed: 35)
    set = ParameterSet(
      names: [.encoder, .gateBias, .magnitudeBias, .magnitudeScale, .decoder, .decoderBias],
      matrices: [
        set[.encoder], Matrix(vectors[rows: 0..<1]), Matrix(vectors[rows: 1..<2]),
        Matrix(vectors[rows: 2..<3]), set[.decoder], set[.decoderBias],
      ])
    return try GatedAutoencoder(parameters: set, configuration: .saeLens(coefficient: .one))
  }

  static func topK(rescales: Bool) throws -> TopKAutoencoder {
    var configuration = TopKConfiguration(k: 3)
    configuration.rescalesByDecoderNorm = rescales
    return try TopKAutoencoder(parameters: parameters(seed: 40), configuration: configuration)
  }

  static func batchTopK(rescales: Bool, threshold: Double?) throws -> BatchTopKAutoencoder {
    var configuration = BatchTopKConfiguration(meanK: 3)
    configuration.rescalesByDecoderNorm = rescales
    return try BatchTopKAutoencoder(
      parameters: parameters(seed: 50), configuration: configuration, threshold: threshold)
  }

  static func matryoshka(_ selection: MatryoshkaConfiguration.Selection) throws
    -> MatryoshkaAutoencoder
  {
    var configuration = MatryoshkaConfiguration(meanK: 3)
    configuration.levels = .widths([4, 8])
    configuration.selection = selection
    return try MatryoshkaAutoencoder(
      parameters: parameters(seed: 60), configuration: configuration,
      threshold: selection == .batch ? 1.5 : nil)
  }

  static func transcoder(
    _ selection: TranscoderConfiguration.Selection, hasSkip: Bool
  ) throws -> Transcoder {
    var configuration = TranscoderConfiguration(k: 3, hasSkipConnection: hasSkip)
    configuration.selection = selection
    var set = parameters(seed: 70)
    if hasSkip {
      set = ParameterSet(
        names: set.names + [.skip],
        matrices: set.names.map { set[$0] } + [.random(width, width, seed: 75)])
    }
    return try Transcoder(parameters: set, configuration: configuration)
  }

  static func thresholdTranscoder(jumps: Bool, hasSkip: Bool) throws -> ThresholdTranscoder {
    var set = parameters(jumps ? [(.threshold, thresholds)] : [], seed: 80)
    if hasSkip {
      set = ParameterSet(
        names: set.names + [.skip],
        matrices: set.names.map { set[$0] } + [.random(width, width, seed: 85)])
    }
    return try ThresholdTranscoder(parameters: set)
  }

  static func pursuit() throws -> MatchingPursuitAutoencoder {
    var configuration = MatchingPursuitConfiguration(maxIterations: 4)
    configuration.residualThreshold = 0.5
    var decoder = Matrix.random(latents, width, seed: 90)
    decoder.scaleRows(by: decoder.rowNorms().map { 1 / $0 })
    return try MatchingPursuitAutoencoder(
      parameters: [.decoder: decoder, .decoderBias: .random(1, width, seed: 91)],
      configuration: configuration)
  }

  static func proLU() throws -> ProLUAutoencoder {
    let set = parameters(seed: 100).replacing(
      [.encoderBias], with: [(.gatingBias, thresholds.map { 0.5 - $0 })])
    return try ProLUAutoencoder(
      parameters: set, configuration: ProLUConfiguration(coefficient: .one))
  }

  static func mixture(scales: Bool) throws -> MixtureAutoencoder {
    let set = parameters(seed: 110)
    let names: [ParameterName] = [.encoder, .decoder, .decoderBias]
    return try MixtureAutoencoder(
      parameters: ParameterSet(
        names: names + [.router, .routerBias] + (scales ? [.featureScale] : []),
        matrices: names.map { set[$0] }
          + [.random(4, width, seed: 115), .random(1, width, seed: 116)]
          + (scales ? [Matrix(rows: 1, columns: 4, values: [0, 0.5, 1, 2])] : [])),
      configuration: MixtureConfiguration(
        k: 3, experts: 4, activeExperts: 2, scalesFeatures: scales))
  }

  static func variational(k: Int?, rectified: Bool) throws -> VariationalAutoencoder {
    var configuration = VariationalConfiguration(k: k, divergence: .one)
    configuration.isRectified = rectified
    return try VariationalAutoencoder(
      parameters: parameters(seed: 120), configuration: configuration)
  }

  /// One or more of every variant.
  static let models: [(name: String, model: any StorableAutoencoder)] = {
    do {
      var group = GroupMaxConfiguration(k: 3)
      group.rescalesByDecoderNorm = false
      return [
        ("relu", try reLU(subtracts: true)), ("relu, plain", try reLU(subtracts: false)),
        ("jumprelu", try jumpReLU(subtracts: true)),
        ("jumprelu, plain", try jumpReLU(subtracts: false)), ("gated", try gated()),
        ("topk", try topK(rescales: false)), ("topk, rescaled", try topK(rescales: true)),
        (
          "abstopk",
          try AbsTopKAutoencoder(
            parameters: parameters(seed: 44), configuration: AbsTopKConfiguration(k: 3))
        ),
        (
          "groupmax",
          try GroupMaxAutoencoder(parameters: parameters(seed: 47), configuration: group)
        ),
        ("batchtopk", try batchTopK(rescales: false, threshold: 1.25)),
        ("batchtopk, rescaled", try batchTopK(rescales: true, threshold: 1.25)),
        ("matryoshka", try matryoshka(.batch)), ("matryoshka, token", try matryoshka(.token)),
        ("matching pursuit", try pursuit()), ("prolu", try proLU()),
        ("mixture", try mixture(scales: true)), ("switch", try mixture(scales: false)),
        ("variational", try variational(k: 3, rectified: true)),
        ("variational, dense", try variational(k: nil, rectified: false)),
        ("topk transcoder", try transcoder(.topK, hasSkip: false)),
        ("topk skip transcoder", try transcoder(.topK, hasSkip: true)),
        ("groupmax transcoder", try transcoder(.groupMax, hasSkip: false)),
        ("relu transcoder", try thresholdTranscoder(jumps: false, hasSkip: false)),
        ("relu skip transcoder", try thresholdTranscoder(jumps: false, hasSkip: true)),
        ("jumprelu transcoder", try thresholdTranscoder(jumps: true, hasSkip: false)),
        ("jumprelu skip transcoder", try thresholdTranscoder(jumps: true, hasSkip: true)),
      ]
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()

  /// What files say that activations go through first.
  enum Normalization: CaseIterable {
    case none
    /// A factor in a checkpoint's own file, under either setting.
    case factor
    case factorOfCheckpoint
    /// One that is said and not known; given, and not given.
    case unknownFactor
    case givenFactor
    case constantNorm
    case layerNorm
    /// Two at once.
    case layerNormAndFactor

    static let scale = 0.4

    func apply(to archive: inout SAEArchive) {
      switch self {
      case .none: break
      case .factor, .factorOfCheckpoint:
        archive.activationScale = Normalization.scale
        if self == .factor { archive.inputNormalization = .averageOnly }
      case .unknownFactor, .givenFactor: archive.inputNormalization = .averageOnly
      case .constantNorm: archive.inputNormalization = .constantNorm
      case .layerNorm, .layerNormAndFactor: archive.inputNormalization = .layerNorm
      }
      if self == .layerNormAndFactor { archive.activationScale = Normalization.scale }
    }

    /// Nil where nothing may be opened.
    var scaling: ActivationScaling? {
      switch self {
      case .none: .identity
      case .factor, .factorOfCheckpoint, .givenFactor: .factor(Normalization.scale)
      case .constantNorm: .constantNorm
      case .layerNorm: .layerNorm
      case .unknownFactor, .layerNormAndFactor: nil
      }
    }

    var given: Double? { self == .givenFactor ? Normalization.scale : nil }
  }

  private static let x: Matrix = {
    var rows = Matrix.random(40, width, seed: 1)
    rows.scaleRows(by: (0..<40).map { 1 + Float($0 % 5) })
    rows.addToRows([2, -1, 0, 1, 0.5, 3])
    return rows
  }()

  /// Opens a path as every type.
  private static func typed(
    _ path: String, _ given: Double?
  ) -> [(name: String, load: () throws -> any SparseAutoencoder)] {
    func one<Model: StorableAutoencoder>(
      _: Model.Type
    ) -> [(String, () throws -> any SparseAutoencoder)] {
      [
        ("\(Model.self)", { try Model.load(path, activationScale: given) }),
        (
          "normalized \(Model.self)",
          { try NormalizedAutoencoder<Model>.load(path, activationScale: given) }
        ),
      ]
    }
    return one(ReLUAutoencoder.self) + one(JumpReLUAutoencoder.self) + one(GatedAutoencoder.self)
      + one(TopKAutoencoder.self) + one(AbsTopKAutoencoder.self) + one(GroupMaxAutoencoder.self)
      + one(BatchTopKAutoencoder.self) + one(MatryoshkaAutoencoder.self)
      + one(MatchingPursuitAutoencoder.self) + one(ProLUAutoencoder.self)
      + one(MixtureAutoencoder.self) + one(VariationalAutoencoder.self) + one(Transcoder.self)
      + one(ThresholdTranscoder.self)
  }

  /// Writes an archive in a layout, whose file lacks the factor where it is to be given; false if the
  /// layout cannot hold it.
  private static func write(
    _ archive: SAEArchive, to path: String, as layout: SAELayout, _ normalization: Normalization
  ) throws -> Bool {
    var converted = archive
    return refusal {
      try converted.provide(activationScale: normalization.given)
      converted = try converted.expressed(in: layout)
      if layout == .saeLens || layout == .safetensors {
        converted.activationScale = archive.activationScale
      }
      try converted.write(to: path, as: layout)
    } == nil
  }

  /// The expected reconstruction of a model.
  private static func expected(
    _ model: any StorableAutoencoder, _ scaling: ActivationScaling
  ) throws -> [Float] {
    let scaled = try scaling.scale(x)
    let latents = try model.encode(scaled.activations)
    return try scaled.restored(model.reconstruct(scaled.activations, from: latents)).array
  }

  @Test(arguments: models.indices, Normalization.allCases)
  func theSameReconstructionOrARefusal(_ index: Int, _ normalization: Normalization) throws {
    let (name, model) = Self.models[index]
    var archive = model.archive()
    normalization.apply(to: &archive)
    let isRunnable =
      normalization.scaling != nil
      && (!archive.architecture.isTranscoder || normalization == .none)
    let expected = try normalization.scaling.map { try Self.expected(model, $0) }
    let scratch = try ScratchFolder()
    var opened = 0
    func check(_ way: String, _ load: () throws -> any SparseAutoencoder) throws {
      let comment: Comment = "\(name), \(normalization), \(way)"
      do {
        let found = try load().reconstruct(Self.x)
        let expected = try #require(expected, comment)
        #expect(isRunnable, comment)
        #expect(relativeDifference(found.array, expected) < 2e-5, comment)
        opened += 1
      } catch is FileError {
        return
      }
    }
    var layouts: [SAELayout] = []
    for layout in SAELayout.allCases {
      let path = scratch.file(layout.rawValue)
      guard try Self.write(archive, to: path, as: layout, normalization) else {
        #expect(!FileManager.default.fileExists(atPath: path))
        continue
      }
      layouts.append(layout)
      let isFolded = layout == .gemmaScope || layout == .sparsify
      let given = isFolded ? nil : normalization.given
      let before = opened
      try check("\(layout)") { try SAE.load(path, activationScale: given) }
      if isRunnable { #expect(opened == before + 1, "\(name), \(normalization), \(layout)") }
      // A directory's own file of weights, and the archive.
      let weights = [
        SAELayout.saeLens: "sae_weights.safetensors", .sparsify: "sae.safetensors",
        .gemmaScope: "params.npz",
      ][layout]
      if let weights {
        try check("\(layout), file") { try SAE.load("\(path)/\(weights)", activationScale: given) }
      }
      try check("\(layout), archive") {
        var archive = try SAEArchive.read(path).archive
        try archive.provide(activationScale: given)
        return try archive.autoencoder()
      }
      for (type, load) in Self.typed(path, given) { try check("\(layout), \(type)", load) }
      // Written again by what was opened.
      try check("\(layout), again") {
        let model = try SAE.open(path, activationScale: given).autoencoder
        let stored = try #require(model as? any StorableAutoencoder)
        let again = scratch.file("\(layout.rawValue)-again")
        try stored.archive().write(to: again)
        return try SAE.load(again)
      }
    }
    #expect(layouts.contains(.safetensors) || !isRunnable, "\(name), \(normalization)")
    if isRunnable { #expect(opened >= 4, "\(name), \(normalization)") }
    if !isRunnable { #expect(opened == 0, "\(name), \(normalization)") }
  }

  /// Checkpoints of selections over batches, whose threshold is a number of its own in the unit of the
  /// scores.
  @Test(arguments: [false, true], [SAEArchitecture.Activation.batchTopK, .matryoshkaBatchTopK])
  func checkpoints(_ rescales: Bool, _ activation: SAEArchitecture.Activation) throws {
    let model = try Self.batchTopK(rescales: rescales, threshold: 1.25)
    for normalization in Normalization.allCases {
      var archive = SAEArchive(
        SAEArchitecture(activation), inputDimension: Self.width, outputDimension: Self.width,
        latentCount: Self.latents)
      archive.setParameters(model.parameters)
      archive.settings["k"] = .integer(3)
      archive.settings[SAEArchive.rescaling] = .bool(rescales)
      archive.settings["matryoshka_widths"] = .array([.integer(4)])
      archive.settings[SAELensWeights.sharedThreshold] = .double(1.25)
      normalization.apply(to: &archive)
      let scratch = try ScratchFolder()
      for layout in [SAELayout.saeLens, .safetensors] {
        let path = scratch.file(layout.rawValue)
        try archive.write(to: path, as: layout)
        guard let scaling = normalization.scaling else {
          #expect(refusal { _ = try SAE.load(path) } != nil)
          continue
        }
        let expected = try Self.expected(model, scaling)
        let found = try SAE.load(path, activationScale: normalization.given)
        #expect(relativeDifference(try found.reconstruct(Self.x).array, expected) < 2e-5)
        for (name, load) in Self.typed(path, normalization.given) {
          guard let found = try? load() else { continue }
          #expect(
            relativeDifference(try found.reconstruct(Self.x).array, expected) < 2e-5, "\(name)")
        }
      }
    }
  }

  /// What was never given a threshold is written as what it is, and not opened.
  @Test func withoutAThreshold() throws {
    let scratch = try ScratchFolder()
    let model = try Self.batchTopK(rescales: true, threshold: nil)
    try model.save(to: scratch.file("a"))
    #expect(try SAEArchive.read(scratch.file("a")).archive.architecture.activation == .batchTopK)
    #expect(refusal { _ = try SAE.load(scratch.file("a")) }?.contains("topk_threshold") == true)
    #expect(refusal { _ = try BatchTopKAutoencoder.load(scratch.file("a")) } != nil)
  }

  /// A token's latents and reconstruction are the same alone, among others, and among them twice.
  @Test(arguments: models.indices) func tokensDoNotDependOnTheirNeighbors(_ index: Int) throws {
    let (name, model) = Self.models[index]
    let scratch = try ScratchFolder()
    for normalization in [Normalization.none, .layerNorm, .constantNorm, .factor] {
      var archive = model.archive()
      normalization.apply(to: &archive)
      try? FileManager.default.removeItem(atPath: scratch.file("a"))
      try archive.write(to: scratch.file("a"), as: .safetensors)
      guard let opened = try? SAE.load(scratch.file("a")) else {
        #expect(archive.architecture.isTranscoder && normalization != .none, "\(name)")
        continue
      }
      let comment: Comment = "\(name), \(normalization)"
      let x = Self.x
      let (latents, reconstruction) = try opened.run(x)
      for token in 0..<x.rows {
        let alone = Matrix(x[rows: token..<token + 1])
        let own = try opened.encode(alone)
        let entries = latents.entries(of: token)
        #expect(Array(latents.indices[entries]) == own.indices, comment)
        #expect(Array(latents.values[entries]) == own.values, comment)
        // Sums of as many terms, taken by products where latents of a batch are many: rounded otherwise,
        // by 2 · 13 · 2⁻²⁴ < 2e-6 of the terms' sum at most.
        expectClose(
          try opened.reconstruct(alone, from: own).array,
          Matrix(reconstruction[rows: token..<token + 1]).array, tolerance: 1e-5,
          "\(comment), reconstruction")
      }
    }
  }

  @Test func factorsThatContradictTheFiles() throws {
    let scratch = try ScratchFolder()
    var archive = try Self.topK(rescales: false).archive()
    func failure(_ scale: Double?) throws -> String? {
      try? FileManager.default.removeItem(atPath: scratch.file("a"))
      try archive.write(to: scratch.file("a"))
      let untyped = refusal { _ = try SAE.load(scratch.file("a"), activationScale: scale) }
      let typed = refusal {
        _ = try TopKAutoencoder.load(scratch.file("a"), activationScale: scale)
      }
      #expect((untyped == nil) == (typed == nil))
      return untyped
    }
    #expect(try failure(nil) == nil)
    #expect(try failure(1) == nil)
    #expect(try failure(2)?.contains("expected none, since the files say") == true)
    archive.inputNormalization = .averageOnly
    let asks = try #require(try failure(nil))
    for word in ["activation scale", "scaled already", "expected_average_only_in"] {
      #expect(asks.contains(word), "\(asks)")
    }
    #expect(try failure(1) == nil)
    #expect(try failure(0.5) == nil)
    for scale in [0, -1, .nan, .infinity] { #expect(try failure(scale) != nil) }
    archive.activationScale = 0.5
    #expect(try failure(nil) == nil)
    #expect(try failure(0.5) == nil)
    #expect(try failure(0.25)?.contains("expected 0.5, which the files hold, found 0.25") == true)
    archive.inputNormalization = .layerNorm
    archive.activationScale = nil
    let typed = refusal { _ = try TopKAutoencoder(archive) }
    #expect(
      typed?.contains("NormalizedAutoencoder<TopKAutoencoder>.load or SAE.load") == true
        || typed?.contains("NormalizedAutoencoder<TopKAutoencoder>.load and SAE.load") == true)
    let other = refusal { _ = try ReLUAutoencoder(try Self.topK(rescales: false).archive()) }
    #expect(other?.contains("expected standard, found topk") == true)
  }
}
