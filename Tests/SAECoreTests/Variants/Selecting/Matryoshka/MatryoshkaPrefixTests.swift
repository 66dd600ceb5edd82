import Foundation
import SAETestSupport
import Testing

@testable import SAECore

@Suite struct MatryoshkaPrefixTests {
  static func parameters(_ latents: Int, _ width: Int) -> ParameterSet {
    [
      .encoder: .random(latents, width, seed: 1), .encoderBias: .random(1, latents, seed: 2),
      .decoder: .random(latents, width, seed: 3), .decoderBias: .random(1, width, seed: 4),
    ]
  }

  /// dictionary_learning's `active_groups`: later latents are inactive, earlier ones what they were.
  @Test func firstLevelsEncodeAlone() throws {
    var configuration = MatryoshkaConfiguration(meanK: 3)
    configuration.levels = .widths([4, 9, 20])
    let model = try MatryoshkaAutoencoder(
      parameters: Self.parameters(20, 6), configuration: configuration, threshold: 0.5)
    let x = Matrix.random(30, 6, seed: 5)
    let all = try model.encode(x)
    for (level, prefix) in [4, 9, 20].enumerated() {
      let found = try model.encode(x, levels: level + 1)
      #expect(found.latentCount == 20)
      let (dense, expected) = (found.dense(), all.dense())
      for token in 0..<30 {
        for latent in 0..<20 {
          #expect(dense[token, latent] == (latent < prefix ? expected[token, latent] : 0))
        }
      }
      #expect(
        try model.reconstruct(x, from: found)
          == model.reconstruct(x, from: all, levels: level + 1))
    }
    for levels in [0, 4] {
      #expect(throws: ShapeError.self) { try model.encode(x, levels: levels) }
    }
  }

  @Test func prefixesAreDrawnAnewInEachStep() throws {
    let levels = MatryoshkaConfiguration.Levels.sampled(5, seed: 7)
    #expect(try levels.prefixes(latentCount: 4096) == [4096])
    var lengths: [Int] = []
    var kinds: Set<[Int]> = []
    for step in 0..<400 {
      let drawn = levels.prefixes(step: step, latentCount: 4096, fixed: [4096])
      #expect(drawn == levels.prefixes(step: step, latentCount: 4096, fixed: [4096]))
      #expect(drawn.last == 4096 && drawn == drawn.sorted() && drawn.count <= 5)
      #expect(Set(drawn).count == drawn.count && (drawn.first ?? 0) >= 1)
      lengths += drawn.dropLast()
      kinds.insert(drawn)
    }
    #expect(kinds.count > 390)
    // Uniform in their logarithm: half are below √4096. 1600 draws, four deviations of 0.0125.
    let below = Double(lengths.count { $0 < 64 }) / Double(lengths.count)
    #expect(abs(below - 0.5) < 0.06)
    #expect(throws: ShapeError.self) {
      try MatryoshkaConfiguration.Levels.sampled(0).prefixes(latentCount: 8)
    }
  }

  /// Gradients of a step are those of fixed levels of the lengths that it draws.
  @Test func aStepIsThatOfItsPrefixes() throws {
    let x = Matrix.random(24, 6, seed: 6)
    var sampled = MatryoshkaConfiguration(meanK: 3)
    sampled.levels = .sampled(4, seed: 3)
    for step in [0, 1, 9] {
      var fixed = sampled
      fixed.levels = .widths(
        sampled.levels.prefixes(step: step, latentCount: 20, fixed: [20]))
      let batch = TrainingBatch(
        activations: x, deadLatents: DeadLatents(latentCount: 20, rule: .never), step: step)
      func pass(_ configuration: MatryoshkaConfiguration) throws -> (Double, ParameterSet) {
        let model = try MatryoshkaAutoencoder(
          parameters: Self.parameters(20, 6), configuration: configuration)
        var gradients = model.parameters.zeros()
        let pass = try model.computeGradients(of: batch, into: &gradients)
        return (pass.totalLoss, gradients)
      }
      let (found, expected) = (try pass(sampled), try pass(fixed))
      #expect(found.0 == expected.0 && found.1 == expected.1)
    }
  }
}
