import SAEKernels
import SAETestSupport
import Testing

@testable import SAETensor

/// The fused product and thresholds against looking at every pre-activation.
@Suite struct ThresholdEncodingTests {
  /// Values are the sums themselves: whole numbers make them exact.
  @Test(arguments: PanelProductTests.kernelNames)
  func kernelFindsWhatIsAbove(_ name: String) throws {
    let table = try PanelProductTests.table(name)
    var generator = RandomGenerator(seed: 3)
    for trial in 0..<200 {
      let count = generator.index(below: 300)
      var values = (0..<count).map { _ in Float(generator.index(below: 9) - 4) }
      let bias = (0..<count).map { _ in Float(generator.index(below: 3) - 1) }
      var thresholds = (0..<count).map { _ in Float(generator.index(below: 9) - 4) }
      if count > 3 {
        values[1] = .nan
        values[2] = .infinity
        thresholds[3] = .infinity
      }
      let first = generator.index(below: 1000)
      var indices = [UInt32](repeating: 0, count: count + 3)
      var found = [Float](repeating: 0, count: count + 3)
      let length = unsafe table.appendAboveThresholds(
        count, values, bias, thresholds, UInt32(first), &indices, &found, 2)
      let expected = (0..<count).filter { values[$0] + bias[$0] > thresholds[$0] }
      #expect(length == 2 + expected.count, "\(name) \(trial)")
      #expect(indices[2..<length].map { Int($0) - first } == expected)
      #expect(found[2..<length].elementsEqual(expected.map { values[$0] + bias[$0] }))
    }
  }

  @Test func encodingEqualsTheDenseProduct() {
    var generator = RandomGenerator(seed: 4)
    for trial in 0..<20 {
      let tokens = generator.index(below: 70)
      let width = 1 + generator.index(below: 20)
      let latents = 1 + generator.index(below: 900)
      let x = Matrix.wholeNumbers(tokens, width, seed: UInt64(trial))
      let encoder = Matrix.wholeNumbers(latents, width, seed: UInt64(trial) + 50)
      let bias = (0..<latents).map { _ in Float(generator.index(below: 5) - 2) }
      // From everything to nothing.
      let middle = generator.index(below: 120) - 60
      let thresholds = (0..<latents).map { _ in Float(middle + generator.index(below: 9)) }
      let got = SparseLatents.aboveThreshold(
        of: x, encoder: encoder, bias: bias, thresholds: thresholds)
      #expect(got.tokens == tokens && got.latentCount == latents)
      let products = Matrix.product(x.view, encoder.transposed)
      for token in 0..<tokens {
        let expected = (0..<latents).filter {
          products[token, $0] + bias[$0] > thresholds[$0]
        }
        let entries = got.entries(of: token)
        #expect(entries.map { Int(got.indices[$0]) } == expected)
        #expect(
          entries.map { got.values[$0] } == expected.map { products[token, $0] + bias[$0] })
      }
    }
  }

  @Test func bitsDoNotDependOnThreads() {
    // One token is shared out by latents, many by tokens.
    for tokens in [1, 5, 300] {
      let x = Matrix.random(tokens, 30, seed: 1)
      let encoder = Matrix.random(2500, 30, seed: 2)
      let bias = Matrix.random(1, 2500, seed: 3).array
      let thresholds = [Float](repeating: 3, count: 2500)
      func encode(_ threads: Int) -> SparseLatents {
        Threads.withCount(threads) {
          SparseLatents.aboveThreshold(of: x, encoder: encoder, bias: bias, thresholds: thresholds)
        }
      }
      let reference = encode(1)
      #expect(reference.entryCount > 0)
      for threads in [2, 3, 7] { #expect(encode(threads) == reference) }
    }
  }
}
