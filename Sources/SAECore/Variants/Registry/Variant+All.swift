extension Variant: CaseIterable {
  /// Every variant that the library trains. Commands, studies and benchmarks offer a variant that is
  /// added here, and files of its architecture can be opened.
  public static let allCases: [Variant] = [
    Variant("topk", TopKAutoencoder.self, [SAEArchitecture(.topK)], [.k]) {
      TopKConfiguration(k: try $0.wholeK())
    },
    Variant("batchtopk", BatchTopKAutoencoder.self, [SAEArchitecture(.batchTopK)], [.k]) {
      BatchTopKConfiguration(meanK: try $0.meanK())
    },
    Variant(
      "matryoshka", MatryoshkaAutoencoder.self, [SAEArchitecture(.matryoshkaBatchTopK)],
      [.k, .levels]
    ) { settings in
      var configuration = MatryoshkaConfiguration(meanK: try settings.meanK())
      if let levels = try settings.nestedLevels() { configuration.levels = levels }
      return configuration
    },
    Variant("abstopk", AbsTopKAutoencoder.self, [SAEArchitecture(.absTopK)], [.k]) {
      AbsTopKConfiguration(k: try $0.wholeK())
    },
    Variant("groupmax", GroupMaxAutoencoder.self, [SAEArchitecture(.groupMax)], [.k]) {
      GroupMaxConfiguration(k: try $0.groups())
    },
    Variant("jumprelu", JumpReLUAutoencoder.self, [SAEArchitecture(.jumpReLU)], [.k, .sparsity]) {
      // Held at k latents per token, unless a coefficient is given for the tanh loss.
      guard let coefficient = $0.coefficient else { return .controlledL0(try $0.meanK()) }
      return JumpReLUConfiguration(
        coefficient: try $0.coefficient(default: coefficient, warmUpOver: 1))
    },
    Variant("gated", GatedAutoencoder.self, [SAEArchitecture(.gated)], [.sparsity]) {
      GatedConfiguration(coefficient: try $0.coefficient(default: 4, warmUpOver: 4))
    },
    Variant("relu", ReLUAutoencoder.self, [SAEArchitecture(.relu)], [.sparsity]) {
      ReLUConfiguration(coefficient: try $0.coefficient(default: 5, warmUpOver: 20))
    },
    // Its files are those of a JumpReLU autoencoder.
    Variant("prolu", ProLUAutoencoder.self, [], [.sparsity]) {
      ProLUConfiguration(coefficient: try $0.coefficient(default: 5, warmUpOver: 20))
    },
    Variant(
      "pursuit", MatchingPursuitAutoencoder.self, [SAEArchitecture(.matchingPursuit)], [.k]
    ) { MatchingPursuitConfiguration(maxIterations: try $0.wholeK()) },
    Variant(
      "mixture", MixtureAutoencoder.self, [SAEArchitecture(.mixture)],
      [.k, .experts, .activeExperts]
    ) { try $0.mixture() },
    Variant("variational", VariationalAutoencoder.self, [SAEArchitecture(.variational)], [.k]) {
      var settings = $0
      settings.coefficient = nil
      return VariationalConfiguration(
        k: try settings.wholeK(),
        divergence: try settings.coefficient(default: 1e-3, warmUpOver: 4))
    },
    Variant("transcoder", Transcoder.self, transcoders(skip: false), [.k, .targets]) {
      TranscoderConfiguration(k: try $0.wholeK())
    },
    Variant("skip-transcoder", Transcoder.self, transcoders(skip: true), [.k, .targets]) {
      TranscoderConfiguration(k: try $0.wholeK(), hasSkipConnection: true)
    },
  ]

  /// Those that reconstruct their own input.
  public static let reconstructing = allCases.filter { !$0.takesTargets }

  private static func transcoders(skip: Bool) -> [SAEArchitecture] {
    [.topK, .groupMax].map {
      SAEArchitecture($0, isTranscoder: true, hasSkipConnection: skip)
    }
  }
}
