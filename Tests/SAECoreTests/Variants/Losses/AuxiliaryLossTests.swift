import SAECore
import SAETestSupport
import Testing

/// What auxiliary losses are about: as many dead latents as the input's width says, the bias counted
/// once, and nothing for the live ones.
@Suite struct AuxiliaryLossTests {
  static let losses = [
    AuxiliaryLoss(), AuxiliaryLoss(.rawScores, coefficient: 1),
    AuxiliaryLoss(.decoderOnly, coefficient: 1), AuxiliaryLoss(.ghost, coefficient: 1), .openAI,
  ]

  static func pass(
    _ auxiliary: AuxiliaryLoss?, _ parameters: ParameterSet, _ x: Matrix, dead: [Int], k: Int = 2
  ) throws -> (pass: TrainingPass, gradients: ParameterSet) {
    var configuration = TopKConfiguration(k: k)
    configuration.rescalesByDecoderNorm = false
    configuration.auxiliaryLoss = auxiliary
    let model = try TopKAutoencoder(parameters: parameters, configuration: configuration)
    let sinceFiring = (0..<model.latentCount).map { dead.contains($0) ? 1 : 0 }
    var gradients = model.parameters.zeros()
    let pass = try model.computeGradients(
      of: TrainingBatch(
        activations: x,
        deadLatents: DeadLatents(sinceFiring: sinceFiring, rule: .stepsBeforeBatch(0))),
      into: &gradients)
    return (pass, gradients)
  }

  /// The error is a constant to it: live latents have the gradients that they have without it.
  @Test(arguments: losses.indices) func liveLatentsGetNoGradient(_ index: Int) throws {
    let dead = [1, 4, 5, 9]
    let parameters: ParameterSet = [
      .encoder: .random(12, 6, seed: 1), .encoderBias: .random(1, 12, seed: 2),
      .decoder: .random(12, 6, seed: 3), .decoderBias: .random(1, 6, seed: 4),
    ]
    let x = Matrix.random(20, 6, seed: 5)
    let with = try Self.pass(Self.losses[index], parameters, x, dead: dead)
    let without = try Self.pass(nil, parameters, x, dead: dead)
    #expect(with.pass.losses.map(\.name).contains("auxiliary"))
    for name in [ParameterName.encoder, .decoder] {
      let changed = (0..<12).filter { latent in
        (0..<6).contains {
          with.gradients[name][latent, $0] != without.gradients[name][latent, $0]
        }
      }
      #expect(changed.allSatisfy(dead.contains), "\(name)")
      #expect(changed.isEmpty == (index == 2 && name == .encoder), "\(name)")
    }
    for latent in 0..<12 where !dead.contains(latent) {
      #expect(
        with.gradients[.encoderBias][0, latent] == without.gradients[.encoderBias][0, latent])
    }
  }

  /// Of nine dead latents, all of them positive, a token has half of the width: not of the latents.
  @Test func asManyAsHalfTheInput() throws {
    let parameters: ParameterSet = [
      .encoder: .random(40, 6, seed: 6), .encoderBias: Matrix(rows: 1, columns: 40, repeating: 30),
      .decoder: .random(40, 6, seed: 7), .decoderBias: Matrix(rows: 1, columns: 6),
    ]
    let dead = Array(20..<29)
    // Selected are others than the dead ones, so that a dead row's gradient is the auxiliary loss's.
    var favored = parameters
    for latent in 0..<2 { favored[.encoderBias][0, latent] = 1000 }
    for (loss, count) in [(Self.losses[1], 3), (Self.losses[0], 3), (.openAI, 9)] {
      let x = Matrix.random(1, 6, seed: 8)
      // Two tokens alike but for a little, so that the residual has a variance.
      let pair = Matrix(rows: 2, columns: 6) { x[0, $1] + ($0 == 1 ? 1e-3 : 0) }
      let found = try Self.pass(loss, favored, pair, dead: dead).gradients[.decoder]
      let reached = dead.count { latent in (0..<6).contains { found[latent, $0] != 0 } }
      #expect(reached == count, "\(loss)")
    }
  }

  /// c = x − b = (2, 0), x̂ = (1, 0) + b, so r = (1, 0); the dead latent is at 3 and e = (0, 3):
  /// ‖e − r‖² = 10, and with the bias counted again it would be another number.
  @Test func theBiasCountsOnce() throws {
    let parameters: ParameterSet = [
      .encoder: Matrix(rows: 2, columns: 2, values: [1, 0, 0, 1]),
      .encoderBias: Matrix(rows: 1, columns: 2, values: [2, 3]),
      .decoder: Matrix(rows: 2, columns: 2, values: [0.25, 0, 0, 1]),
      .decoderBias: Matrix(rows: 1, columns: 2, values: [1, 1]),
    ]
    let x = Matrix(rows: 1, columns: 2, values: [3, 1])
    let pass = try Self.pass(
      AuxiliaryLoss(.rawScores, coefficient: 0.5), parameters, x, dead: [1], k: 1
    ).pass
    #expect(pass.losses.first { $0.name == "reconstruction" }?.value == 1)
    #expect(pass.losses.first { $0.name == "auxiliary" }?.value == 0.5 * 10)
  }
}
