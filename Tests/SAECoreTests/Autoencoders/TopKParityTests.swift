import SAECore
import Testing

/// Numbers of the peers' own runs: first pass, every loss term, every gradient, and parameters along
/// ten steps of training.
@Suite struct TopKParityTests {
  static let cases = EncoderFixture.all { $0 == "topk" }

  static func configuration(of fixture: EncoderFixture) throws -> TopKConfiguration {
    func setting(_ name: String) -> Double? {
      fixture.number("hyper_parameters.config.\(name)")
        ?? fixture.number("hyper_parameters.trainer_arguments.\(name)")
    }
    let k = Int(try #require(setting("k")))
    switch fixture.peer {
    case "SAELens":
      var configuration = TopKConfiguration.saeLens(k: k)
      if let alpha = setting("aux_loss_coefficient") {
        configuration.auxiliaryLoss = AuxiliaryLoss(.rawScores, coefficient: alpha)
      }
      if let rescales = setting("rescale_acts_by_decoder_norm") {
        configuration.rescalesByDecoderNorm = rescales != 0
      }
      if let subtracts = setting("apply_b_dec_to_input") {
        configuration.subtractsDecoderBias = subtracts != 0
      }
      return configuration
    case "dictionary_learning":
      var configuration = TopKConfiguration.dictionaryLearning(k: k)
      if let alpha = setting("auxk_alpha") {
        configuration.auxiliaryLoss = AuxiliaryLoss(.residualVariance, coefficient: alpha)
      }
      return configuration
    default:
      try #require(fixture.peer == "sparsify")
      return TopKConfiguration.sparsify(k: k)
    }
  }

  /// The rule by which a first pass takes exactly the latents of the case's mask for dead.
  static func masked(_ file: SafetensorsFile) throws -> DeadLatents {
    let mask = try file.tensor("dead_mask").integers()
    return DeadLatents(silence: mask, rule: .stepsBeforeBatch(0))
  }

  static func counters(
    of fixture: EncoderFixture, _ batch: SafetensorsFile
  ) throws -> DeadLatents {
    switch fixture.peer {
    case "SAELens":
      return DeadLatents(
        silence: try batch.tensor("init.passes_since_fired").doubles().map { Int($0) },
        rule: .stepsBeforeBatch(Int(try #require(fixture.number("meta.dead_window")))))
    case "dictionary_learning":
      return DeadLatents(
        silence: try batch.tensor("init.tokens_since_fired").integers(),
        rule: .tokensIncludingBatch(10_000_000))
    default:
      return DeadLatents(
        silence: try batch.tensor("init.tokens_since_fired").integers(),
        rule: .tokensBeforeBatch(10_000_000))
    }
  }

  @Test(arguments: cases) func firstPass(_ fixture: EncoderFixture) throws {
    print("case \(fixture.name)")
    let batch = try fixture.file("batch")
    let expected = try fixture.file("expected")
    let activations = try batch.tensor("x").matrix()
    let model = try TopKAutoencoder(
      parameters: fixture.parameters(fixture.file("params")),
      configuration: Self.configuration(of: fixture))
    let forward = try #require(fixture.number("tolerances.forward_f32"))

    let latents = try model.encode(activations)
    expectClose(
      latents.dense().array, try expected.tensor("latents").floats(), tolerance: forward,
      "latents")
    expectClose(
      try model.decode(latents).array, try expected.tensor("recon").floats(),
      tolerance: forward, "reconstruction")

    var gradients = model.parameters.zeros()
    let pass = try model.computeGradients(
      of: TrainingBatch(activations: activations, deadLatents: Self.masked(batch)),
      into: &gradients)
    let total = try expected.tensor("loss64.total").doubles()[0]
    let lossTolerance = try #require(fixture.number("tolerances.loss_f32"))
    #expect(abs(pass.totalLoss - total) <= lossTolerance * abs(total))

    let tolerance = try #require(fixture.number("tolerances.grad_f32"))
    let reference = try fixture.parameters(expected, prefix: "grad.")
    for name in gradients.names {
      expectClose(
        gradients[name].array, reference[name].array, tolerance: tolerance, "gradient of \(name)")
    }
  }

  @Test(arguments: cases) func tenSteps(_ fixture: EncoderFixture) throws {
    let batch = try fixture.file("batch")
    let expected = try fixture.file("expected")
    let activations = try batch.tensor("x").matrix()
    let model = try TopKAutoencoder(
      parameters: fixture.parameters(fixture.file("params")),
      configuration: Self.configuration(of: fixture))
    var trainer = Trainer(
      model, clipping: fixture.peer == "sparsify" ? .none : .globalNorm(1),
      deadLatents: try Self.counters(of: fixture, batch))
    let rates = try expected.tensor("steps.lr").doubles()
    let losses = try expected.tensor("steps64.loss").doubles()
    for (index, rate) in rates.enumerated() {
      let report = try trainer.train(on: activations, learningRate: rate)
      let tolerance = try #require(fixture.number("tolerances.step10_f32"))
      #expect(
        abs(report.loss - losses[index]) <= tolerance * abs(losses[index]),
        "loss of step \(index + 1)")
      let after = index + 1
      guard after == 1 || after == 10 else { continue }
      let reference = try fixture.parameters(expected, prefix: "step\(after).")
      let bound = try #require(fixture.number("tolerances.step\(after)_f32"))
      for name in reference.names {
        expectClose(
          trainer.model.parameters[name].array, reference[name].array, tolerance: bound,
          "\(name) after step \(after)")
      }
    }
  }
}
