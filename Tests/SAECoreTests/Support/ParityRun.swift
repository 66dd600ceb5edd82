import SAECore
import Testing

extension ParameterSet {
  /// A set of the given matrices, in their order.
  init(named pairs: [(ParameterName, Matrix)]) {
    self.init(names: pairs.map(\.0), matrices: pairs.map(\.1))
  }
}

/// A fixture and how to make a model of it, for variants of any kind.
struct ParityRun<Model: TrainableAutoencoder> {
  let fixture: EncoderFixture
  /// Of the first pass, whose coefficients are not warmed up.
  let first: Model.Configuration
  /// Of the ten steps.
  let training: Model.Configuration
  let names: [ParameterName]

  func tolerance(_ name: String) throws -> Double {
    try #require(fixture.number("tolerances.\(name)"))
  }

  private func model(_ configuration: Model.Configuration) throws -> Model {
    try Model(
      parameters: fixture.parameters(names, fixture.file("params")), configuration: configuration)
  }

  private var clipping: GradientClipping {
    fixture.number("hyper_parameters.grad_clip").map { .globalNorm($0) } ?? .none
  }

  private func trainer(_ model: Model, _ dead: DeadLatents) throws -> Trainer<Model> {
    let beta1 = Float(try #require(fixture.number("hyper_parameters.adam_betas.0")))
    return Trainer(
      model, optimizer: Adam(for: model.parameters, beta1: beta1), clipping: clipping,
      deadLatents: dead)
  }

  /// The latents of the case's mask, taken for dead.
  private func masked(_ batch: SafetensorsFile, _ latents: Int) throws -> DeadLatents {
    guard batch.contains("dead_mask") else {
      return DeadLatents(latentCount: latents, rule: .never)
    }
    return DeadLatents(
      silence: try batch.tensor("dead_mask").integers(), rule: .stepsBeforeBatch(0))
  }

  /// Latents, reconstruction, losses, gradients raw and as the optimizer gets them.
  ///
  /// - Parameters:
  ///   - losses: the case's name of each term.
  ///   - scales: what the case's terms are multiplied by to be ours.
  ///   - overrides: terms that the case implies without a number of their own.
  func checkFirstPass(
    losses: [String: String], scales: [String: Double] = [:], overrides: [String: Double] = [:]
  ) throws {
    print("case \(fixture.name)")
    let batch = try fixture.file("batch")
    let expected = try fixture.file("expected")
    let activations = try batch.tensor("x").matrix()
    var model = try model(first)
    let latents = try model.encode(activations)
    expectClose(
      latents.dense().array, try expected.tensor("latents").floats(),
      tolerance: try tolerance("forward_f32"), "latents")
    expectClose(
      try model.decode(latents).array, try expected.tensor("recon").floats(),
      tolerance: try tolerance("forward_f32"), "reconstruction")

    var gradients = model.parameters.zeros()
    let dead = try masked(batch, model.latentCount)
    let pass = try model.computeGradients(
      of: TrainingBatch(activations: activations, deadLatents: dead), into: &gradients)
    try expect(pass, hasLatents: expected.tensor("latents").matrix())
    func expectLoss(_ value: Double, _ name: String, _ override: Double? = nil) throws {
      let reference =
        try override ?? expected.tensor("loss64.\(name)").doubles()[0] * (scales[name] ?? 1)
      #expect(
        abs(value - reference) <= (try tolerance("loss_f32")) * abs(reference),
        "\(name): \(value), expected \(reference)")
    }
    try expectLoss(pass.totalLoss, "total")
    #expect(pass.losses.count == losses.count)
    for term in pass.losses {
      try expectLoss(term.value, try #require(losses[term.name]), overrides[term.name])
    }
    try expect(gradients, expected, "grad.", "grad_f32")

    var trainer = try trainer(try self.model(first), dead)
    let report = try trainer.train(on: activations, learningRate: 0)
    var final = trainer.gradients
    let factor = Float(clipping.factor(norm: report.gradientNorm))
    for position in final.names.indices { final[position].scale(by: factor) }
    let isClipped = expected.contains("grad_clipped.W_enc")
    try expect(final, expected, isClipped ? "grad_clipped." : "grad_final.", "grad_f32")
    if expected.contains("grad_norm") {
      let norm = try expected.tensor("grad_norm").doubles()[0]
      #expect(abs(report.gradientNorm - norm) <= (try tolerance("grad_f32")) * norm)
    }
  }

  /// Losses, parameters and what `inspect` looks at, along ten steps; it gets the trainer before
  /// each one.
  func checkSteps(
    inspect: (Trainer<Model>, Int, SafetensorsFile) throws -> Void = { _, _, _ in }
  ) throws {
    let batch = try fixture.file("batch")
    let expected = try fixture.file("expected")
    let activations = try batch.tensor("x").matrix()
    let model = try model(training)
    let never = DeadLatents(latentCount: model.latentCount, rule: .never)
    var trainer = try trainer(model, try counters(batch) ?? never)
    let rates = try expected.tensor("steps.lr").doubles()
    #expect(rates.count == 10)
    for (index, rate) in rates.enumerated() {
      try inspect(trainer, index, expected)
      let report = try trainer.train(on: activations, learningRate: rate)
      if expected.contains("steps64.loss") {
        let reference = try expected.tensor("steps64.loss").doubles()[index]
        #expect(
          abs(report.loss - reference) <= (try tolerance("step10_f32")) * abs(reference),
          "loss of step \(index + 1)")
      }
      let prefix = "step\(index + 1)."
      guard expected.contains(prefix + "W_enc") else { continue }
      let key = fixture.number("tolerances.step\(index + 1)_f32") == nil ? 10 : index + 1
      try expect(trainer.model.parameters, expected, prefix, "step\(key)_f32")
    }
    for name in ["passes_since_fired", "tokens_since_fired"]
    where expected.contains("final." + name) {
      let silence = try expected.tensor("final." + name).doubles().map { Int($0) }
      #expect(trainer.deadLatents.silence == silence)
    }
  }

  private func counters(_ batch: SafetensorsFile) throws -> DeadLatents? {
    if batch.contains("init.passes_since_fired") {
      return DeadLatents(
        silence: try batch.tensor("init.passes_since_fired").doubles().map { Int($0) },
        rule: .stepsBeforeBatch(Int(try #require(fixture.number("meta.dead_window")))))
    }
    if batch.contains("init.tokens_since_fired") {
      return DeadLatents(
        silence: try batch.tensor("init.tokens_since_fired").integers(),
        rule: .tokensIncludingBatch(10_000_000))
    }
    return nil
  }

  private func expect(
    _ set: ParameterSet, _ file: SafetensorsFile, _ prefix: String, _ bound: String
  ) throws {
    let reference = try fixture.parameters(names, file, prefix: prefix)
    #expect(set.names.count == names.count)
    for name in names {
      expectClose(
        set[name].array, reference[name].array, tolerance: try tolerance(bound),
        "\(prefix)\(name)")
    }
  }

  /// Compares the latents of a pass, or on how many tokens each was active where they were not held.
  private func expect(_ pass: TrainingPass, hasLatents expected: Matrix) throws {
    let counts = expected.transposed
    #expect(
      pass.activity.activeTokens
        == (0..<counts.rows).map { row in (0..<counts.columns).count { counts[row, $0] != 0 } })
    guard let latents = pass.latents else { return }
    expectClose(
      latents.dense().array, expected.array, tolerance: try tolerance("forward_f32"),
      "latents of the pass")
  }
}
