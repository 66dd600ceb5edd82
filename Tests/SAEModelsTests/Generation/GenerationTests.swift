import SAECore
import Testing

@testable import SAEModels

struct GenerationTests {
  @Test func greedyTakesTheFirstOfTheLargest() {
    var chooser = TokenChooser(.greedy)
    #expect(chooser.choose([1, 3, 2, 3]) == 1)
    #expect(chooser.choose([.nan, -2, -1]) == 2)
  }

  /// Tokens come as often as their probability says, of those that are kept.
  @Test func drawsByProbability() {
    let logits: [Float] = [0, 1, 2, -1]
    func shares(_ temperature: Double, _ topP: Double) -> [Double] {
      var chooser = TokenChooser(.random(temperature: temperature, topP: topP, seed: 5))
      var counts = [Double](repeating: 0, count: 4)
      for _ in 0..<20_000 { counts[Int(chooser.choose(logits))] += 1 / 20_000 }
      return counts
    }
    // Four deviations of a share of 20000 draws are below 0.0142.
    let weights = [0.0871, 0.2369, 0.6439, 0.0321]
    for (found, expected) in zip(shares(1, 1), weights) { #expect(abs(found - expected) < 0.0142) }
    let kept = shares(1, 0.7)
    #expect(kept[0] == 0 && kept[3] == 0)
    #expect(abs(kept[2] - 0.6439 / (0.6439 + 0.2369)) < 0.0142)
    #expect(shares(1, 0.6) == [0, 0, 1, 0] || abs(shares(1, 0.6)[2] - 1) < 1e-9)
    #expect(shares(0.01, 1)[2] > 0.999)
  }

  @Test func seedsAndStops() throws {
    let checkpoint = try RandomCheckpoint()
    let model = try LanguageModels.load(checkpoint.directory)
    func generate(_ seed: UInt64, stops: Set<UInt32> = []) throws -> [UInt32] {
      try model.generate(
        [1, 5],
        options: GenerationOptions(
          count: 30, sampling: .random(temperature: 1, topP: 1, seed: seed), stops: stops))
    }
    let first = try generate(1)
    #expect(try first.count == 30 && generate(1) == first && generate(2) != first)
    let stopped = try generate(1, stops: [first[7]])
    #expect(stopped == Array(first.prefix((first.firstIndex(of: first[7]) ?? 0) + 1)))
  }

  @Test func whatCannotBeGenerated() throws {
    let checkpoint = try RandomCheckpoint()
    let model = try LanguageModels.load(checkpoint.directory)
    func refused(_ prompt: [UInt32], _ options: GenerationOptions) -> Bool {
      do {
        _ = try model.generate(prompt, options: options)
        return false
      } catch { return error is ModelError }
    }
    #expect(refused([], GenerationOptions(count: 1)))
    #expect(refused([37], GenerationOptions(count: 1)))
    #expect(refused([1], GenerationOptions(count: 701)))
    #expect(!refused([1], GenerationOptions(count: 0)))
    for (temperature, topP) in [(0.0, 1.0), (-1, 1), (.infinity, 1), (1, 0), (1, 1.5)] {
      let sampling = Sampling.random(temperature: temperature, topP: topP, seed: 0)
      #expect(refused([1], GenerationOptions(count: 1, sampling: sampling)))
    }
  }
}
