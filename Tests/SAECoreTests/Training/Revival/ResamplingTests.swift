import SAETestSupport
import Testing

@testable import SAECore

@Suite struct ResamplingTests {
  @Test func fixture() throws {
    for path in try MachineryFixtures.files("resampling.safetensors") {
      print(path)
      let file = try SafetensorsFile(path)
      let resampling = Resampling(convention: .dictionaryLearning, period: 10)
      var parameters = try file.parameters("before.")
      var first = try file.parameters("before.adam_m.")
      var second = try file.parameters("before.adam_v.")
      let activations = try file.matrix("activations")
      let pass = DenseAutoencoder(kind: .standard, parameters: parameters).run(activations)
      let weights = try resampling.samplingWeights(
        activations,
        reconstruction: Matrix(
          rows: activations.rows, columns: activations.columns, values: pass.reconstruction))
      let bound = 16 * Double(Float.ulpOfOne)
      #expect(relativeDifference(weights, try file.doubles("sampling_weights")) < bound)
      let dead = try file.tensor("dead").integers().enumerated().filter { $0.element != 0 }
        .map(\.offset)
      try resampling.resample(
        &parameters, firstMoments: &first, secondMoments: &second, dead: dead,
        activations: activations, rows: try file.tensor("sampled_rows").integers())
      for (found, prefix) in [
        (parameters, "after."), (first, "after.adam_m."), (second, "after.adam_v."),
      ] {
        let expected = try file.parameters(prefix)
        #expect(expected.names.count == 4)
        for name in expected.names {
          #expect(
            relativeDifference(found[name].array, expected[name].array) < bound,
            "\(prefix)\(name)")
        }
      }
    }
  }

  static func parameters() -> ParameterSet {
    [
      .encoder: Matrix(rows: 3, columns: 2, values: [3, 4, 1, 1, 0, 10]),
      .encoderBias: Matrix(rows: 1, columns: 3, values: [1, 2, 3]),
      .decoder: Matrix(rows: 3, columns: 2, values: [1, 2, 3, 4, 5, 6]),
      .decoderBias: Matrix(rows: 1, columns: 2, values: [7, 8]),
    ]
  }

  @Test func anthropicByHand() throws {
    var parameters = ResamplingTests.parameters()
    var first = parameters
    var second = parameters
    let activations = Matrix(rows: 2, columns: 2, values: [1, 1, 0, 5])
    try Resampling.anthropic.resample(
      &parameters, firstMoments: &first, secondMoments: &second, dead: [1],
      activations: activations, rows: [1])
    // Living encoder rows have norms 5 and 10; a fifth of the mean is 1.5.
    #expect(parameters[.encoder].array == [3, 4, 0, 1.5, 0, 10])
    #expect(parameters[.decoder].array == [1, 2, 0, 1, 5, 6])
    #expect(parameters[.encoderBias].array == [1, 0, 3])
    #expect(parameters[.decoderBias].array == [7, 8])
    for moments in [first, second] {
      #expect(moments[.encoder].array == [3, 4, 0, 0, 0, 10])
      #expect(moments[.decoder].array == [1, 2, 0, 0, 5, 6])
      #expect(moments[.encoderBias].array == [1, 0, 3])
      #expect(moments[.decoderBias].array == [7, 8])
    }
    // Errors of 1 and 2, and a token of zeros, which has no direction.
    let tokens = Matrix(rows: 3, columns: 2, values: [1, 1, 0, 5, 0, 0])
    let reconstruction = Matrix(rows: 3, columns: 2, values: [1, 0, 2, 5, 4, 4])
    #expect(
      try Resampling.anthropic.samplingWeights(tokens, reconstruction: reconstruction)
        == [1, 16, 0])
  }

  @Test func allLatentsDead() throws {
    var parameters = ResamplingTests.parameters()
    var moments = parameters
    var others = parameters
    try Resampling.anthropic.resample(
      &parameters, firstMoments: &moments, secondMoments: &others, dead: [0, 1, 2],
      activations: Matrix(rows: 1, columns: 2, values: [0, 2]), rows: [0, 0])
    #expect(parameters[.encoder].isFinite())
    #expect(parameters[.encoderBias].array == [0, 0, 3])
  }

  @Test func whenItIsDue() throws {
    let resampling = Resampling(convention: .dictionaryLearning, period: 4, lastStep: 9)
    #expect((0..<20).filter(resampling.isDue(at:)) == [4, 8])
    #expect(resampling.deadAfterSteps == 2)
    #expect(Resampling.anthropic.isDue(at: 100_000) && !Resampling.anthropic.isDue(at: 125_000))
    #expect((0..<20).allSatisfy { !Resampling(convention: .anthropic, period: 0).isDue(at: $0) })
  }

  @Test func shapesThatDoNotFit() throws {
    var parameters = ResamplingTests.parameters()
    var moments = parameters
    var others = parameters
    #expect(throws: ShapeError.self) {
      try Resampling.anthropic.resample(
        &parameters, firstMoments: &moments, secondMoments: &others, dead: [0],
        activations: Matrix(rows: 1, columns: 3), rows: [0])
    }
    let two = Matrix(rows: 2, columns: 2)
    for other in [Matrix(rows: 1, columns: 2), Matrix(rows: 2, columns: 1)] {
      #expect(throws: ShapeError.self) {
        try Resampling.anthropic.samplingWeights(two, reconstruction: other)
      }
    }
  }

  @Test func drawsByWeight() {
    var generator = RandomGenerator(seed: 1)
    let weights = [1.0, 0, 3]
    var firsts = [0, 0, 0]
    var singles = [0, 0, 0]
    for _ in 0..<4000 {
      let drawn = generator.sample(3, weights: weights)
      #expect(drawn.sorted() == [0, 2])
      firsts[drawn[0]] += 1
      for index in generator.sampleWithReplacement(2, weights: weights) { singles[index] += 1 }
    }
    // Standard deviations 27 and 39.
    #expect(abs(firsts[0] - 1000) < 120 && firsts[1] == 0)
    #expect(abs(singles[0] - 2000) < 170 && singles[1] == 0 && singles.reduce(0, +) == 8000)
    var seconds = [0, 0, 0]
    for _ in 0..<4000 { seconds[generator.sample(2, weights: [2, 1, 1])[1]] += 1 }
    // P(0 second) = 2 · 1/4 · 2/3 = 1/3; the others share the rest.
    for count in seconds { #expect(abs(count - 1333) < 130) }
    #expect(generator.sample(2, weights: [0, 0]) == [])
    #expect(generator.sampleWithReplacement(2, weights: [0, 0]) == [])
    let none: [Double] = []
    #expect(generator.sampleWithReplacement(2, weights: none) == [])
    #expect(generator.sample(0, weights: [1]) == [])
  }

  @Test func theConventionsDrawDifferently() throws {
    var generator = RandomGenerator(seed: 2)
    let own = Resampling(convention: .dictionaryLearning, period: 1)
    #expect(own.draw(5, weights: [1, 1], using: &generator).sorted() == [0, 1])
    #expect(Resampling.anthropic.draw(5, weights: [1, 1], using: &generator).count == 5)
  }
}
