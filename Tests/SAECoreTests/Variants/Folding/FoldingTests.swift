import SAETestSupport
import Testing

@testable import SAECore

@Suite struct FoldingTests {
  static let kinds: [DenseAutoencoder.Kind] = [
    .standard, .jumpReLU, .gated, .rescaledTopK(k: 3),
  ]

  static func parameters(_ kind: DenseAutoencoder.Kind, seed: UInt64) -> ParameterSet {
    var generator = RandomGenerator(seed: seed)
    func matrix(_ rows: Int, _ columns: Int, _ shift: Double = 0) -> Matrix {
      Matrix(rows: rows, columns: columns) { _, _ in Float(0.5 * generator.gaussian() + shift) }
    }
    var set: ParameterSet = [
      .encoder: matrix(11, 5), .decoder: matrix(11, 5), .decoderBias: matrix(1, 5),
    ]
    switch kind {
    case .standard, .topK, .rescaledTopK: set = set.adding("b_enc", matrix(1, 11))
    case .jumpReLU:
      set = set.adding("b_enc", matrix(1, 11)).adding("threshold", matrix(1, 11, 0.8))
    case .gated:
      set = set.adding("b_gate", matrix(1, 11)).adding("b_mag", matrix(1, 11))
        .adding("r_mag", matrix(1, 11))
    }
    return set
  }

  static func activations(_ seed: UInt64) -> Matrix {
    ActivationNormalizationTests.activations(40, 5, seed: seed)
  }

  func run(
    _ kind: DenseAutoencoder.Kind, _ parameters: ParameterSet, _ subtracts: Bool, _ x: Matrix
  )
    -> DenseAutoencoder.Pass
  {
    DenseAutoencoder(kind: kind, parameters: parameters, subtractsDecoderBias: subtracts).run(x)
  }

  /// What the folded autoencoder makes of raw activations is what the trained one made of scaled
  /// ones, scaled back.
  @Test(arguments: kinds, [true, false])
  func foldedScalingsChangeNoReconstruction(
    _ kind: DenseAutoencoder.Kind, _ subtracts: Bool
  ) throws {
    let x = FoldingTests.activations(1)
    let statistics = try ActivationNormalizationTests.statistics([x])
    for mode in ActivationNormalization.allCases {
      let scaling = try mode.scaling(fittedTo: statistics)
      var parameters = FoldingTests.parameters(kind, seed: 2)
      guard scaling.isFoldable else {
        #expect(
          refusedOption { try parameters.fold(scaling, subtractsDecoderBias: subtracts) }
            == "scaling")
        continue
      }
      var foldedKind = kind
      if mode == .covarianceWhitening, case .rescaledTopK = kind {
        // Norms enter the competition, and whitening changes them.
        try parameters.foldDecoderNorms()
        foldedKind = .topK(k: 3)
      }
      let scaled = try scaling.scale(x)
      let trained = run(foldedKind, parameters, subtracts, scaled.activations)
      let expected = try scaled.restored(
        Matrix(rows: x.rows, columns: x.columns, values: trained.reconstruction))
      try parameters.fold(scaling, subtractsDecoderBias: subtracts)
      let found = run(foldedKind, parameters, subtracts, x)
      #expect(relativeDifference(found.reconstruction, expected.array) < 1e-5, "\(mode)")
      if foldedKind == kind, kind != .rescaledTopK(k: 3) {
        #expect(relativeDifference(found.latents, trained.latents) < 1e-5, "\(mode)")
      }
    }
  }

  @Test(arguments: kinds, [true, false])
  func foldedDecoderNormsChangeNoReconstruction(
    _ kind: DenseAutoencoder.Kind, _ subtracts: Bool
  ) throws {
    let x = FoldingTests.activations(3)
    var parameters = FoldingTests.parameters(kind, seed: 4)
    let norms = parameters[.decoder].rowNorms()
    let before = run(kind, parameters, subtracts, x)
    try parameters.foldDecoderNorms()
    let after = run(kind, parameters, subtracts, x)
    #expect(relativeDifference(after.reconstruction, before.reconstruction) < 1e-5)
    var latents = before.latents
    if kind != .rescaledTopK(k: 3) {
      for index in latents.indices { latents[index] *= norms[index % 11] }
    }
    #expect(relativeDifference(after.latents, latents) < 1e-5)
    for norm in parameters[.decoder].rowNorms() { #expect(abs(norm - 1) < 1e-6) }
  }

  @Test(arguments: kinds) func foldedIntoBiases(_ kind: DenseAutoencoder.Kind) throws {
    let x = FoldingTests.activations(5)
    var parameters = FoldingTests.parameters(kind, seed: 6)
    let scaled = try ActivationScaling.factor(1 / 3.5).scale(x)
    let trained = run(kind, parameters, true, scaled.activations)
    try parameters.foldIntoBiases(divisor: 3.5)
    let found = run(kind, parameters, true, x)
    #expect(
      relativeDifference(found.reconstruction, trained.reconstruction.map { $0 * 3.5 }) < 1e-5)
    #expect(relativeDifference(found.latents, trained.latents.map { $0 * 3.5 }) < 1e-5)
  }

  @Test func targetsOfTranscodersHaveAFactorOfTheirOwn() throws {
    let x = FoldingTests.activations(7)
    var parameters = FoldingTests.parameters(.standard, seed: 8)
    let trained = run(
      .standard, parameters, false, try ActivationScaling.factor(2).scale(x).activations)
    try parameters.foldScalingFactor(2, targetFactor: 8)
    let found = run(.standard, parameters, false, x)
    #expect(relativeDifference(found.reconstruction, trained.reconstruction.map { $0 / 8 }) < 1e-6)
  }

  @Test func aDecoderRowOfZeros() throws {
    var parameters = FoldingTests.parameters(.standard, seed: 9)
    for column in 0..<5 { parameters[.decoder][4, column] = 0 }
    try parameters.foldDecoderNorms()
    #expect(parameters[.decoder].row(4)[2] == 0)
    #expect(parameters[.encoder].isFinite() && parameters[.decoder].isFinite())
  }

  @Test func parametersThatAreNotUnderstood() throws {
    var strange = FoldingTests.parameters(.standard, seed: 10).adding(
      "W_other", Matrix(rows: 5, columns: 5))
    let before = strange
    #expect(refusedOption { try strange.foldScalingFactor(2) } == "parameters")
    #expect(refusedOption { try strange.foldDecoderNorms() } == "parameters")
    #expect(refusedOption { try strange.foldIntoBiases(divisor: 2) } == "parameters")
    #expect(strange == before)
    var tied: ParameterSet = [.decoder: Matrix(rows: 2, columns: 3)]
    #expect(refusedOption { try tied.foldScalingFactor(2) } == "parameters")
    var fine = FoldingTests.parameters(.standard, seed: 11)
    for factor in [0, -1, .nan, .infinity] {
      #expect(refusedOption { try fine.foldScalingFactor(factor) } == "factor")
      #expect(
        refusedOption { try fine.foldScalingFactor(1, targetFactor: factor) } == "targetFactor")
      #expect(refusedOption { try fine.foldIntoBiases(divisor: factor) } == "divisor")
    }
    var skipping = FoldingTests.parameters(.standard, seed: 12).adding(
      "W_skip", Matrix(rows: 5, columns: 5))
    let whitening = try Whitening(
      ActivationNormalizationTests.statistics([FoldingTests.activations(13)]))
    #expect(
      refusedOption { try skipping.foldWhitening(whitening, subtractsDecoderBias: false) }
        == "parameters")
    let narrow = try Whitening(
      ActivationNormalizationTests.statistics([Matrix(rows: 3, columns: 2)]))
    #expect(
      refusedOption { try fine.foldWhitening(narrow, subtractsDecoderBias: true) } == "whitening")
  }
}

extension ParameterSet {
  /// The set and one parameter more.
  func adding(_ name: String, _ matrix: Matrix) -> ParameterSet {
    ParameterSet(
      names: names + [ParameterName(rawValue: name)],
      matrices: names.map { self[$0] } + [matrix])
  }
}
