import SAETestSupport
import Testing

@testable import SAECore

/// Weights after twenty steps of every variant and of what changes the way that a step goes.
@Suite(.enabled(if: RecordedBits.isPresent, "\(RecordedBits.reason)"))
struct RecordedTrainingTests {
  @Test func selecting() throws {
    for training in try Self.selectingVariants + Self.otherVariants {
      try training.expectRecorded()
    }
  }

  /// By entries and by panels.
  @Test(arguments: [false, true]) func thresholding(_ isDense: Bool) throws {
    for training in try Self.thresholdingVariants(isDense) { try training.expectRecorded() }
  }

  @Test func transcoding() throws {
    for training in Self.transcoders { try training.expectRecorded() }
  }

  @Test func options() throws {
    for training in Self.runs { try training.expectRecorded() }
  }

  private static var selectingVariants: [RecordedTraining] {
    get throws {
      let annealing = KAnnealing(steps: 10)
      return [
        RecordedTraining("topk", TopKAutoencoder.self) { TopKConfiguration(k: 5) },
        RecordedTraining("topk-dictionary-learning", TopKAutoencoder.self) {
          TopKConfiguration.dictionaryLearning(k: 5)
        },
        RecordedTraining("topk-openai", TopKAutoencoder.self) {
          TopKConfiguration.openAI(k: 5, loss: .scaledMean(scale: 2))
        },
        RecordedTraining("topk-sparsify-multi", TopKAutoencoder.self) {
          var configuration = TopKConfiguration.sparsify(k: 3)
          configuration.multiTopK = MultiTopK()
          configuration.auxiliaryLoss = AuxiliaryLoss(.decoderOnly, coefficient: 1)
          return configuration
        },
        RecordedTraining("topk-annealed", TopKAutoencoder.self) {
          var configuration = TopKConfiguration(k: 5)
          configuration.annealing = annealing
          configuration.auxiliaryLoss = AuxiliaryLoss(.ghost, coefficient: 1)
          return configuration
        },
        RecordedTraining("batchtopk", BatchTopKAutoencoder.self) {
          BatchTopKConfiguration(meanK: 4.5)
        },
        RecordedTraining("matryoshka", MatryoshkaAutoencoder.self) {
          var configuration = MatryoshkaConfiguration(meanK: 5)
          configuration.levels = .widths([12, 40])
          configuration.hasAuxiliaryLossPerLevel = true
          return configuration
        },
        RecordedTraining("matryoshka-token", MatryoshkaAutoencoder.self) {
          var configuration = MatryoshkaConfiguration(meanK: 5)
          configuration.selection = .token
          configuration.weighting = .meanOfMeans
          return configuration
        },
        RecordedTraining("abstopk", AbsTopKAutoencoder.self) { AbsTopKConfiguration(k: 5) },
        RecordedTraining("groupmax", GroupMaxAutoencoder.self) { GroupMaxConfiguration(k: 8) },
      ]
    }
  }

  private static var otherVariants: [RecordedTraining] {
    get throws {
      let divergence = CoefficientSchedule(finalValue: 0.1)
      let base = try TopKAutoencoder(
        parameters: [
          .encoder: .random(50, RecordedTraining.width, seed: 51),
          .encoderBias: .random(1, 50, seed: 52),
          .decoder: .random(50, RecordedTraining.width, seed: 53),
          .decoderBias: .random(1, RecordedTraining.width, seed: 54),
        ], configuration: TopKConfiguration(k: 3))
      return [
        RecordedTraining("matching-pursuit", MatchingPursuitAutoencoder.self) {
          MatchingPursuitConfiguration(maxIterations: 6)
        },
        RecordedTraining(
          "switch", MixtureAutoencoder.self, { .switching(k: 4, experts: 8) },
          options: { $0.data.normalization = .none }),
        RecordedTraining(
          "scale", MixtureAutoencoder.self,
          { .scaling(k: 4, experts: 8, activeExperts: 2) },
          options: { $0.data.normalization = .none }),
        RecordedTraining("variational", VariationalAutoencoder.self) {
          VariationalConfiguration(divergence: divergence)
        },
        RecordedTraining("variational-k", VariationalAutoencoder.self) {
          var configuration = VariationalConfiguration(k: 5, divergence: divergence)
          configuration.learnsVariance = true
          return configuration
        },
        RecordedTraining(
          "boosted", BoostedAutoencoder<TopKAutoencoder, BatchTopKAutoencoder>.self,
          { BoostingConfiguration(base: base, booster: BatchTopKConfiguration(meanK: 2)) },
          options: { $0.data.normalization = .none }),
      ]
    }
  }

  private static func thresholdingVariants(_ isDense: Bool) throws -> [RecordedTraining] {
    let way = isDense ? "panels" : "entries"
    let coefficient = CoefficientSchedule(finalValue: 0.5)
    let annealing = PAnnealing(to: 0.5, between: 2...14, updates: 4, queueLength: 3)
    let losses: [(String, JumpReLUConfiguration.SparsityLoss)] = [
      ("step", .step), ("quadratic", .quadratic(target: 6)), ("target-l0", .targetL0(6)),
      ("tanh", .tanh(scale: 4)),
    ]
    let jumping = losses.map { name, loss in
      RecordedTraining("jumprelu-\(name)-\(way)", JumpReLUAutoencoder.self, isDense: isDense) {
        var configuration = JumpReLUConfiguration(coefficient: coefficient)
        configuration.sparsityLoss = loss
        configuration.preActivationLoss = .init(coefficient: 0.1, isForDeadLatents: true)
        return configuration
      }
    }
    return jumping + [
      RecordedTraining("jumprelu-controlled-\(way)", JumpReLUAutoencoder.self, isDense: isDense) {
        .controlledL0(6)
      },
      RecordedTraining("jumprelu-anthropic-\(way)", JumpReLUAutoencoder.self, isDense: isDense) {
        var configuration = JumpReLUConfiguration.anthropic(coefficient: coefficient)
        configuration.initialL0 = 9
        return configuration
      },
      RecordedTraining("jumprelu-latents-\(way)", JumpReLUAutoencoder.self, isDense: isDense) {
        .dictionaryLearning(targetL0: 6, coefficient: coefficient)
      },
      RecordedTraining("gated-\(way)", GatedAutoencoder.self, isDense: isDense) {
        GatedConfiguration(coefficient: coefficient)
      },
      RecordedTraining("gated-annealed-\(way)", GatedAutoencoder.self, isDense: isDense) {
        .pAnnealing(annealing, coefficient: coefficient)
      },
      RecordedTraining("relu-\(way)", ReLUAutoencoder.self, isDense: isDense) {
        var configuration = ReLUConfiguration(coefficient: coefficient)
        configuration.auxiliaryLoss = AuxiliaryLoss(.ghost, coefficient: 1)
        return configuration
      },
      RecordedTraining("relu-plain-\(way)", ReLUAutoencoder.self, isDense: isDense) {
        .dictionaryLearning(coefficient: coefficient)
      },
      RecordedTraining("relu-annealed-\(way)", ReLUAutoencoder.self, isDense: isDense) {
        .pAnnealing(annealing, form: .powers, coefficient: coefficient)
      },
    ]
  }

  private static var transcoders: [RecordedTraining] {
    [
      RecordedTraining("transcoder", Transcoder.self, onPairs: true) {
        TranscoderConfiguration(k: 5)
      },
      RecordedTraining("skip-transcoder", Transcoder.self, onPairs: true) {
        TranscoderConfiguration(k: 5, hasSkipConnection: true)
      },
      RecordedTraining("groupmax-transcoder", Transcoder.self, onPairs: true) {
        var configuration = TranscoderConfiguration(k: 8)
        configuration.selection = .groupMax
        return configuration
      },
    ]
  }

  /// TopK with every optimizer, normalization and the like.
  private static var runs: [RecordedTraining] {
    func one(
      _ name: String, _ edit: @escaping @Sendable (inout TrainingOptions) throws -> Void
    ) -> RecordedTraining {
      RecordedTraining(
        "topk-\(name)", TopKAutoencoder.self,
        {
          var configuration = TopKConfiguration(k: 5)
          configuration.auxiliaryLoss = nil
          return configuration
        }, options: edit)
    }
    return [
      one("resampled-anthropic") {
        $0.revival.resampling = Resampling(convention: .anthropic, period: 6)
      },
      one("resampled-dictionary-learning") {
        $0.revival.resampling = Resampling(convention: .dictionaryLearning, period: 6)
      },
      one("sign-descent") { $0.optimizer.algorithm = .scheduleFreeSignDescent },
      one("muon") { $0.optimizer.algorithm = .muon() },
      one("averaged") { $0.optimizer.averagingDecay = 0.9 },
      one("calibrated") {
        $0.beginning.calibratesEncoder = true
        $0.beginning.weights = .encoderFirst
        $0.schedule.shape = .cosine(endRate: 1e-3)
      },
      one("whitened") { $0.data.normalization = .covarianceWhitening },
      one("average-norm") { $0.data.normalization = .expectedAverageOnlyIn },
      one("layer-norm") { $0.data.normalization = .layerNorm },
      one("original-units") {
        $0.data.normalization = .constantNormRescale
        $0.data.takesLossInOriginalUnits = true
      },
    ]
  }
}
