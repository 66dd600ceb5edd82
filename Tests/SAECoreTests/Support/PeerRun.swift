import Testing

@testable import SAECore

/// A peer's run of a training step, and of ten, to which one of ours is held.
struct PeerRun {
  let fixture: EncoderFixture
  let batch: SafetensorsFile
  let expected: SafetensorsFile
  let activations: Matrix
  let target: Matrix?

  init(_ fixture: EncoderFixture) throws {
    print("case \(fixture.name)")
    self.fixture = fixture
    batch = try fixture.file("batch")
    expected = try fixture.file("expected")
    activations = try batch.tensor("x").matrix()
    target = batch.contains("y") ? try batch.tensor("y").matrix() : nil
  }

  func setting(_ name: String) -> Double? { fixture.setting(name) }

  private func tolerance(_ name: String) throws -> Double {
    try #require(fixture.number("tolerances.\(name)"))
  }

  /// How our terms correspond to the case's.
  struct Losses {
    /// The case's name of each of our terms.
    var names: [String: String]
    /// What the case's terms are multiplied by to be ours.
    var scales: [String: Double] = [:]
    /// Terms that the case implies without a number of their own.
    var values: [String: Double] = [:]
  }

  /// Latents, reconstruction, each loss, and every gradient, raw and as the optimizer gets it.
  func checkFirstPass<Model: TrainableAutoencoder>(
    _ model: Model, losses: Losses, encode: ((Matrix) throws -> SparseLatents)? = nil,
    reconstruct: ((SparseLatents) throws -> Matrix)? = nil
  ) throws {
    let forward = try tolerance("forward_f32")
    let latents = try (encode ?? model.encode)(activations)
    let reference = try expected.tensor("latents").matrix()
    expectClose(latents.dense().array, reference.array, tolerance: forward, "latents")
    expectClose(
      try reconstruct?(latents).array ?? model.reconstruct(activations, from: latents).array,
      try expected.tensor("recon").floats(),
      tolerance: forward, "reconstruction")

    var model = model
    var gradients = model.parameters.zeros()
    let dead = try masked(model.latentCount)
    let pass = try model.computeGradients(
      of: TrainingBatch(activations: activations, target: target, deadLatents: dead),
      into: &gradients)
    expect(pass, hasLatents: reference)
    try expectLoss(pass.totalLoss, try value(of: "total"), "total")
    #expect(Set(pass.losses.map(\.name)) == Set(losses.names.keys).union(losses.values.keys))
    for term in pass.losses {
      if let implied = losses.values[term.name] {
        try expectLoss(term.value, implied, term.name)
      } else {
        let name = try #require(losses.names[term.name])
        try expectLoss(term.value, value(of: name) * (losses.scales[name] ?? 1), term.name)
      }
    }
    try checkGradients(gradients, "grad.")

    var trainer = try trainer(model, dead)
    let report = try trainer.train(on: activations, target: target)
    var final = trainer.gradients
    let factor = Float(trainer.clipping.factor(norm: report.gradientNorm))
    for position in final.names.indices { final[position].scale(by: factor) }
    try checkGradients(
      final, expected.contains("grad_clipped.W_dec") ? "grad_clipped." : "grad_final.")
    if expected.contains("grad_norm") {
      let norm = try expected.tensor("grad_norm").doubles()[0]
      #expect(abs(report.gradientNorm - norm) <= (try tolerance("grad_f32")) * norm)
    }
  }

  /// Losses, thresholds and parameters along ten steps, and the counters after them.
  ///
  /// - Parameter inspect: gets the trainer before each step, and the steps made.
  func checkTenSteps<Model: TrainableAutoencoder>(
    _ model: Model, optimizer: (any Optimizer)? = nil,
    threshold: (Model) -> Double? = { _ in nil },
    inspect: (Trainer<Model>, Int) throws -> Void = { _, _ in }
  ) throws {
    var trainer = try trainer(model, counters(model.latentCount), optimizer: optimizer)
    let rates = try expected.tensor("steps.lr").doubles()
    #expect(rates.count == 10)
    let losses =
      expected.contains("steps64.loss") ? try expected.tensor("steps64.loss").doubles() : nil
    let thresholds = try ["steps.threshold", "steps.topk_threshold"].first(
      where: expected.contains
    ).map { try expected.tensor($0).doubles() }
    let masks = try deadLatents(model.latentCount)
    var frequencies = FiringFrequencies(latentCount: model.latentCount)
    let bound = try tolerance("step10_f32")
    for (index, rate) in rates.enumerated() {
      try inspect(trainer, index)
      let counters = trainer.deadLatents
      let report = try trainer.makeStep(on: activations, target, nil, learningRate: rate)
      try frequencies.add(report)
      let step = index + 1
      if let masks {
        #expect(counters.indices(during: report.activity) == masks[index], "dead in step \(step)")
      }
      if let losses {
        #expect(
          abs(report.loss - losses[index]) <= bound * abs(losses[index]), "loss of step \(step)")
      }
      if let thresholds, thresholds.count == 10, let ours = threshold(trainer.model) {
        #expect(
          abs(ours - thresholds[index]) <= bound * abs(thresholds[index]),
          "threshold after step \(step)")
      }
      guard expected.contains("step\(step).W_dec") else { continue }
      try checkParameters(
        trainer.model.parameters, "step\(step).",
        fixture.number("tolerances.step\(step)_f32") ?? bound)
    }
    if expected.contains("step10_eval.W_dec") {
      try checkParameters(trainer.averagedModel.parameters, "step10_eval.", bound)
    }
    if expected.contains("final.act_freq_scores") {
      let counts = try expected.tensor("final.act_freq_scores").doubles().map { Int($0) }
      #expect(frequencies.activeTokens == counts)
    }
    for name in ["final.passes_since_fired", "final.tokens_since_fired"]
    where expected.contains(name) {
      let sinceFiring = try expected.tensor(name).doubles().map { Int($0) }
      #expect(trainer.deadLatents.sinceFiring == sinceFiring)
    }
  }

  private func trainer<Model: TrainableAutoencoder>(
    _ model: Model, _ dead: DeadLatents, optimizer: (any Optimizer)? = nil
  ) throws -> Trainer<Model> {
    let beta1 = Float(fixture.number("hyper_parameters.adam_betas.0") ?? 0.9)
    return Trainer(
      model, schedule: try .constant(0),
      optimizer: optimizer ?? Adam(for: model.parameters, beta1: beta1),
      clipping: fixture.number("hyper_parameters.grad_clip").map { .globalNorm($0) } ?? .none,
      deadLatents: dead)
  }

  /// The rule by which a first pass takes exactly the latents of the case's mask for dead.
  private func masked(_ latents: Int) throws -> DeadLatents {
    guard batch.contains("dead_mask") else {
      return DeadLatents(latentCount: latents, rule: .never)
    }
    return DeadLatents(
      sinceFiring: try batch.tensor("dead_mask").integers(), rule: .stepsBeforeBatch(0))
  }

  /// The latents that are dead in each of the ten steps.
  private func deadLatents(_ latents: Int) throws -> [[Int]]? {
    guard expected.contains("steps.dead_mask") else { return nil }
    let mask = try expected.tensor("steps.dead_mask").integers()
    #expect(mask.count == 10 * latents)
    return (0..<10).map { step in (0..<latents).filter { mask[step * latents + $0] != 0 } }
  }

  private func counters(_ latents: Int) throws -> DeadLatents {
    if batch.contains("init.passes_since_fired") {
      return DeadLatents(
        sinceFiring: try batch.tensor("init.passes_since_fired").doubles().map { Int($0) },
        rule: .saeLens(window: Int(try #require(fixture.number("meta.dead_window")))))
    }
    guard batch.contains("init.tokens_since_fired") else {
      return DeadLatents(latentCount: latents, rule: .never)
    }
    let sinceFiring = try batch.tensor("init.tokens_since_fired").integers()
    let rule: DeadLatents.Rule =
      fixture.peer == "sparsify"
      ? .sparsify() : fixture.variant == "topk" ? .dictionaryLearningTopK() : .dictionaryLearning()
    return DeadLatents(sinceFiring: sinceFiring, rule: rule)
  }

  private func value(of loss: String) throws -> Double {
    try expected.tensor("loss64.\(loss)").doubles()[0]
  }

  private func expectLoss(_ found: Double, _ reference: Double, _ name: String) throws {
    #expect(
      abs(found - reference) <= (try tolerance("loss_f32")) * abs(reference),
      "\(name): \(found), expected \(reference)")
  }

  /// Compares the latents of a pass, or on how many tokens each was active where they were not held.
  private func expect(_ pass: TrainingPass, hasLatents expected: Matrix) {
    let columns = expected.transposed
    #expect(
      pass.activity.activeTokens
        == (0..<columns.rows).map { row in (0..<columns.columns).count { columns[row, $0] != 0 } })
  }

  private func checkGradients(_ gradients: ParameterSet, _ prefix: String) throws {
    try checkParameters(gradients, prefix, tolerance("grad_f32"))
  }

  private func checkParameters(
    _ set: ParameterSet, _ prefix: String, _ tolerance: Double
  ) throws {
    let reference = try fixture.parameters(expected, prefix: prefix, like: set)
    for name in set.names {
      expectClose(
        set[name].array, reference[name].array, tolerance: tolerance, "\(prefix)\(name)")
    }
  }
}

extension PeerRun.Losses {
  /// Of an autoencoder that selects by scores: reconstruction and what the case has besides.
  static func selecting(_ run: PeerRun) -> PeerRun.Losses {
    func has(_ name: String) -> Bool { run.expected.contains("loss64.\(name)") }
    var losses = PeerRun.Losses(names: [:])
    switch run.fixture.peer {
    case "SAELens":
      losses.names["reconstruction"] = "mse_loss"
      if has("auxiliary_reconstruction_loss") {
        losses.names["auxiliary"] = "auxiliary_reconstruction_loss"
      }
    case "dictionary_learning":
      losses.names = ["reconstruction": "l2_loss", "auxiliary": "auxk_loss"]
      losses.scales["auxk_loss"] = run.setting("auxk_alpha")
    default:
      losses.names["reconstruction"] = "fvu"
      if let alpha = run.fixture.number("hyper_parameters.auxk_alpha"), alpha > 0 {
        losses.names["auxiliary"] = "auxk"
        losses.scales["auxk"] = alpha
      }
      if run.fixture.variant.contains("multi-topk") {
        losses.names["multi-topk"] = "multi_topk_fvu"
        losses.scales["multi_topk_fvu"] = 0.125
      }
    }
    return losses
  }
}

extension ParameterSet {
  /// A set of the given matrices, in their order.
  init(named pairs: [(ParameterName, Matrix)]) {
    self.init(names: pairs.map(\.0), matrices: pairs.map(\.1))
  }
}
extension EncoderFixture {
  /// Parameters of the names that `set` has, in our orientation: W_enc is stored [width, latents].
  func parameters(
    _ file: SafetensorsFile, prefix: String = "", like set: ParameterSet
  ) throws -> ParameterSet {
    var result = set
    for name in set.names {
      let matrix = try file.tensor(prefix + name.rawValue)
      result[name] =
        matrix.shape.count == 1
        ? Matrix(rows: 1, columns: matrix.count, values: matrix.floats())
        : name == .encoder ? Matrix(try matrix.matrix().transposed) : try matrix.matrix()
    }
    return result
  }
}
