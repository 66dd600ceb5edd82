import Testing

@testable import SAECore

@Suite struct SyntheticActivationsTests {
  static func options(_ change: (inout SyntheticOptions) -> Void = { _ in }) -> SyntheticOptions {
    var options = SyntheticOptions(width: 24, featureCount: 60, l0: 5)
    change(&options)
    return options
  }

  /// Σ‖row‖² / rows.
  static func meanSquare(_ matrix: Matrix) -> Double {
    matrix.array.reduce(0) { $0 + Double($1) * Double($1) } / Double(matrix.rows)
  }

  @Test func aTokenIsTheSameInAnyRangeOnAnyThreads() throws {
    let synthetic = try SyntheticActivations(
      Self.options {
        $0.noise = 0.1
        $0.nonlinear = 0.1
        $0.topicCount = 3
        $0.correlation = 0.5
      }, seed: 3)
    let whole = synthetic.sample(0..<200)
    for range in [0..<1, 17..<140, 100..<200, 50..<50] {
      let part = Threads.withCount(3) { synthetic.sample(range) }
      #expect(part.activations == Matrix(whole.activations[rows: range]))
      #expect(part.nonlinearPart == Matrix(whole.nonlinearPart[rows: range]))
      #expect(part.features == whole.features[tokens: range])
      #expect(part.contexts == Array(whole.contexts[range]))
    }
    let again = try SyntheticActivations(synthetic.options, seed: 3)
    #expect(again.sample(5..<9).activations == Matrix(whole.activations[rows: 5..<9]))
    let other = try SyntheticActivations(synthetic.options, seed: 4)
    #expect(other.sample(5..<9).activations != Matrix(whole.activations[rows: 5..<9]))
  }

  @Test func activationsAreTheFeaturesTimesTheirSizes() throws {
    let synthetic = try SyntheticActivations(Self.options(), seed: 1)
    let sample = synthetic.sample(10..<30)
    let sizes = sample.features.dense()
    for token in 0..<20 {
      for column in 0..<24 {
        let sum = (0..<60).reduce(0.0) {
          $0 + Double(sizes[token, $1]) * Double(synthetic.features[$1, column])
        }
        // Float32 sums of a few numbers near 1.
        #expect(abs(sum - Double(sample.activations[token, column])) < 1e-5)
      }
    }
    #expect(sample.features.values.allSatisfy { $0 > 0 })
    for row in 0..<60 {
      #expect(abs(Self.meanSquare(Matrix(synthetic.features[rows: row..<row + 1])) - 1) < 1e-5)
    }
  }

  /// Counts over 4000 tokens within five standard deviations of what the frequencies say.
  @Test(arguments: [0, 0.8]) func frequenciesAreMet(correlation: Double) throws {
    let synthetic = try SyntheticActivations(
      Self.options {
        $0.topicCount = 4
        $0.correlation = correlation
        // Tokens of one context share a topic: independent tokens make the bound right.
        $0.contextLength = 1
      }, seed: 5)
    let tokens = 4000
    let sample = synthetic.sample(0..<tokens)
    var counts = [Int](repeating: 0, count: 60)
    for index in sample.features.indices { counts[Int(index)] += 1 }
    for feature in 0..<60 {
      let p = synthetic.frequencies[feature]
      let deviation = (Double(tokens) * p * (1 - p)).squareRoot()
      #expect(abs(Double(counts[feature]) - Double(tokens) * p) < 5 * deviation + 1)
    }
    #expect(abs(synthetic.frequencies.reduce(0, +) - 5) < 1e-9)
    // Zipf's law above the limit of 1 / boost.
    #expect(abs(synthetic.frequencies[30] / synthetic.frequencies[59] - 60.0 / 31) < 1e-9)
  }

  /// With T topics and correlation κ, features i and j of one topic are together active with
  /// probability pᵢ pⱼ (1 + κ² (T − 1)), of two topics with pᵢ pⱼ (1 − κ²).
  @Test func featuresOfATopicComeTogether() throws {
    let synthetic = try SyntheticActivations(
      Self.options {
        $0.topicCount = 4
        $0.correlation = 0.8
        $0.contextLength = 1
        $0.zipfExponent = 0
      }, seed: 6)
    let tokens = 6000
    let sample = synthetic.sample(0..<tokens)
    var same = 0.0
    var different = 0.0
    for token in 0..<tokens {
      let active = sample.features.entries(of: token).map { Int(sample.features.indices[$0]) }
      for (position, i) in active.enumerated() {
        for j in active[..<position] { if i % 4 == j % 4 { same += 1 } else { different += 1 } }
      }
    }
    let product = synthetic.frequencies[0] * synthetic.frequencies[0] * Double(tokens)
    let samePairs = 4 * 15 * 14 / 2.0
    let differentPairs = 60 * 59 / 2.0 - samePairs
    #expect(abs(same / (samePairs * product) - 2.92) < 0.15)
    #expect(abs(different / (differentPairs * product) - 0.36) < 0.04)
  }

  @Test func aChildIsActiveOnlyWhereItsParentIs() throws {
    let synthetic = try SyntheticActivations(
      Self.options {
        $0.childrenPerParent = 3
        $0.childProbability = 0.4
        $0.l0 = 4
      }, seed: 7)
    let sample = synthetic.sample(0..<2000).features
    var children = 0
    var parents = 0
    for token in 0..<2000 {
      let active = Set(sample.entries(of: token).map { Int(sample.indices[$0]) })
      parents += active.count { $0 < 15 }
      for feature in active where feature >= 15 {
        children += 1
        #expect(active.contains((feature - 15) / 3))
      }
    }
    #expect(abs(Double(children) / Double(3 * parents) - 0.4) < 0.02)
    #expect(abs(Double(children + parents) / 2000 - 4) < 0.3)
  }

  /// The parts have the size asked for, up to five standard deviations of 3000 tokens.
  @Test func partsHaveTheirSize() throws {
    let plain = try SyntheticActivations(Self.options(), seed: 8)
    let noisy = try SyntheticActivations(Self.options { $0.noise = 0.2 }, seed: 8)
    let bent = try SyntheticActivations(Self.options { $0.nonlinear = 0.3 }, seed: 8)
    let clean = plain.sample(0..<3000)
    var noise = noisy.sample(0..<3000).activations
    noise.add(clean.activations, times: -1)
    #expect(abs(Self.meanSquare(noise) / plain.featureVariance - 0.2) < 0.01)
    let sample = bent.sample(0..<3000)
    #expect(abs(Self.meanSquare(sample.nonlinearPart) / bent.featureVariance - 0.3) < 0.05)
    var linear = sample.activations
    linear.add(sample.nonlinearPart, times: -1)
    let features = sample.features.decoded(
      by: bent.features, bias: [Float](repeating: 0, count: 24))
    linear.add(features, times: -1)
    #expect(abs(Self.meanSquare(linear) / bent.featureVariance - 0.3) < 0.05)
    #expect(clean.nonlinearPart.rows == 0)
  }

  @Test func optionsThatMakeNoSenseAreErrors() {
    let wrong: [(String, (inout SyntheticOptions) -> Void)] = [
      ("width", { $0.width = 0 }), ("featureCount", { $0.featureCount = 0 }),
      ("l0", { $0.l0 = 0 }), ("l0", { $0.l0 = 60 }), ("l0", { $0.l0 = .nan }),
      ("topicCount", { $0.topicCount = 61 }), ("correlation", { $0.correlation = 1.5 }),
      ("childProbability", { $0.childProbability = -0.1 }),
      ("childrenPerParent", { $0.childrenPerParent = 60 }),
      ("featureCount", { $0.childrenPerParent = 6 }), ("noise", { $0.noise = -1 }),
      ("nonlinear", { $0.nonlinear = .infinity }), ("zipfExponent", { $0.zipfExponent = -1 }),
      ("magnitudeDeviation", { $0.magnitudeDeviation = .nan }),
      ("contextLength", { $0.contextLength = 0 }),
      (
        "nonlinear",
        {
          $0.width = 1
          $0.nonlinear = 0.1
        }
      ),
    ]
    for (name, change) in wrong {
      let error = #expect(throws: OptionError.self) {
        try SyntheticActivations(Self.options(change), seed: 0)
      }
      #expect(error?.option == name)
    }
  }
}
