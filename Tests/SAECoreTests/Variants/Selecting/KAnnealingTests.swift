import SAETestSupport
import Testing

@testable import SAECore

@Suite struct KAnnealingTests {
  /// k by hand: from 10 · 4 = 40 latents, of which there are 30, to 2 in 7 steps; from 4 to 2.
  @Test func scheduleByHand() throws {
    let sparsify = KAnnealing.sparsify(steps: 7)
    func k(_ annealing: KAnnealing, _ step: Int, final: Double = 2) -> Double {
      annealing.k(at: step, final: final, inputDimension: 4, latentCount: 30)
    }
    #expect((0..<9).map { k(sparsify, $0) } == [30, 26, 22, 18, 14, 10, 6, 2, 2])
    let peer = KAnnealing.dictionaryLearning(steps: 4)
    #expect((0..<6).map { k(peer, $0) } == [4, 3, 3, 2, 2, 2])
    // Halves: to the even number, and down.
    let nearest = KAnnealing(steps: 4, rounding: .nearest)
    #expect((0..<4).map { k(nearest, $0) } == [4, 4, 3, 2])
    #expect(k(nearest, 4, final: 2.5) == 2.5 && k(nearest, 3, final: 0.1) == 1)
  }

  /// The L0 of every step, of dense positive scores, is the annealed k.
  @Test func stepsHaveTheAnnealedK() throws {
    let source = Matrix.random(256, 5, seed: 3)
    var options = TrainingOptions(steps: 8)
    options.batchTokens = 64
    options.schedule.learningRate = 1e-4
    let annealing = KAnnealing(steps: 6, inputMultiple: 2)
    func l0<Model: TrainableAutoencoder>(
      _: Model.Type, _ configuration: Model.Configuration
    ) throws -> [Double] where Model.Configuration.Model == Model {
      var run = try TrainingRun<Model>(configuration, latentCount: 60, on: source, options: options)
      var found: [Double] = []
      while let report = try run.step() { found.append(report.l0) }
      #expect(try run.folded().encode(source).entryCount > 0)
      return found
    }
    let expected = (0..<8).map {
      annealing.k(at: $0, final: 2, inputDimension: 5, latentCount: 60)
    }
    #expect(expected.first == 10 && expected.last == 2)
    var topK = TopKConfiguration(k: 2)
    topK.annealing = annealing
    #expect(try l0(TopKAutoencoder.self, topK) == expected)
    topK.multiTopK = MultiTopK()
    #expect(try l0(TopKAutoencoder.self, topK) == expected)
    var batchTopK = BatchTopKConfiguration(meanK: 2)
    batchTopK.annealing = annealing
    #expect(try l0(BatchTopKAutoencoder.self, batchTopK) == expected)
    var matryoshka = MatryoshkaConfiguration(meanK: 2)
    matryoshka.annealing = annealing
    #expect(try l0(MatryoshkaAutoencoder.self, matryoshka) == expected)
    matryoshka.selection = .token
    #expect(try l0(MatryoshkaAutoencoder.self, matryoshka) == expected)
  }
}
