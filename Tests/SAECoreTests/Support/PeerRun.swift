import SAECore
import Testing

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

  func setting(_ name: String) -> Double? {
    fixture.number("hyper_parameters.config.\(name)")
      ?? fixture.number("hyper_parameters.trainer_arguments.\(name)")
  }

  private func tolerance(_ name: String) throws -> Double {
    try #require(fixture.number("tolerances.\(name)"))
  }

  /// The rule by which a first pass takes exactly the latents of the case's mask for dead.
  private func masked() throws -> DeadLatents {
    DeadLatents(silence: try batch.tensor("dead_mask").integers(), rule: .stepsBeforeBatch(0))
  }

  private func counters() throws -> DeadLatents {
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

  /// Latents, reconstruction, total loss and every gradient of the first pass.
  func checkFirstPass<Model: TrainableAutoencoder>(
    _ model: Model, encode: (Matrix) throws -> SparseLatents,
    reconstruct: ((SparseLatents) throws -> Matrix)? = nil
  ) throws {
    let forward = try tolerance("forward_f32")
    let latents = try encode(activations)
    expectClose(
      latents.dense().array, try expected.tensor("latents").floats(), tolerance: forward,
      "latents")
    expectClose(
      try (reconstruct ?? model.decode)(latents).array, try expected.tensor("recon").floats(),
      tolerance: forward, "reconstruction")

    var model = model
    var gradients = model.parameters.zeros()
    let pass = try model.computeGradients(
      of: TrainingBatch(activations: activations, target: target, deadLatents: masked()),
      into: &gradients)
    let total = try expected.tensor("loss64.total").doubles()[0]
    let lossTolerance = try tolerance("loss_f32")
    #expect(abs(pass.totalLoss - total) <= lossTolerance * abs(total), "total loss")
    for (ours, theirs) in [
      ("auxiliary", "auxk_loss"), ("auxiliary", "auxiliary_reconstruction_loss"),
      ("auxiliary", "auxk"), ("reconstruction", "mse_loss"), ("reconstruction", "fvu"),
      ("multi-topk", "multi_topk_fvu"),
    ] where expected.contains("loss64.\(theirs)") {
      guard let term = pass.losses.first(where: { $0.name == ours }) else { continue }
      let value = try expected.tensor("loss64.\(theirs)").doubles()[0]
      let coefficient = coefficient(of: theirs)
      #expect(
        abs(term.value - coefficient * value) <= lossTolerance * abs(coefficient * value), "\(ours)"
      )
    }
    try checkGradients(gradients, "grad.")

    // As the optimizer gets them: constrained and clipped.
    var trainer = try trainer(model, masked())
    let report = try trainer.train(on: activations, target: target, learningRate: 0)
    var final = trainer.gradients
    let factor = Float(trainer.clipping.factor(norm: report.gradientNorm))
    for position in final.names.indices { final[position].scale(by: factor) }
    try checkGradients(
      final, expected.contains("grad_clipped.W_dec") ? "grad_clipped." : "grad_final.")
  }

  private func trainer<Model: TrainableAutoencoder>(
    _ model: Model, _ dead: DeadLatents, optimizer: (any Optimizer)? = nil
  ) throws -> Trainer<Model> {
    Trainer(
      model, optimizer: optimizer,
      clipping: fixture.peer == "sparsify" ? .none : .globalNorm(1), deadLatents: dead)
  }

  /// What a term enters the total with, where the peer reports it without.
  private func coefficient(of term: String) -> Double {
    switch term {
    case "auxk_loss": setting("auxk_alpha") ?? 1
    case "auxk": fixture.number("hyper_parameters.auxk_alpha") ?? 1
    case "multi_topk_fvu": 0.125
    default: 1
    }
  }

  private func checkGradients(_ gradients: ParameterSet, _ prefix: String) throws {
    let tolerance = try tolerance("grad_f32")
    let reference = try fixture.parameters(expected, prefix: prefix, like: gradients)
    for name in gradients.names {
      expectClose(
        gradients[name].array, reference[name].array, tolerance: tolerance, "\(prefix)\(name)")
    }
  }

  /// Losses, thresholds and parameters along ten steps, and the counters after them.
  func checkTenSteps<Model: TrainableAutoencoder>(
    _ model: Model, optimizer: (any Optimizer)? = nil,
    threshold: (Model) -> Double? = { _ in nil }
  ) throws {
    var trainer = try trainer(model, counters(), optimizer: optimizer)
    let rates = try expected.tensor("steps.lr").doubles()
    let losses = try expected.tensor("steps64.loss").doubles()
    let thresholds = try ["steps.threshold", "steps.topk_threshold"].first(
      where: expected.contains
    ).map { try expected.tensor($0).doubles() }
    let bound = try tolerance("step10_f32")
    for (index, rate) in rates.enumerated() {
      let report = try trainer.train(on: activations, target: target, learningRate: rate)
      #expect(
        abs(report.loss - losses[index]) <= bound * abs(losses[index]), "loss of step \(index + 1)")
      if let thresholds, let ours = threshold(trainer.model) {
        #expect(
          abs(ours - thresholds[index]) <= bound * abs(thresholds[index]),
          "threshold after step \(index + 1)")
      }
      let after = index + 1
      guard after == 1 || after == 10 else { continue }
      let reference = try fixture.parameters(
        expected, prefix: "step\(after).", like: model.parameters)
      let bound = try tolerance("step\(after)_f32")
      for name in reference.names {
        expectClose(
          trainer.model.parameters[name].array, reference[name].array, tolerance: bound,
          "\(name) after step \(after)")
      }
    }
    if expected.contains("step10_eval.W_dec") {
      let reference = try fixture.parameters(
        expected, prefix: "step10_eval.", like: model.parameters)
      for name in reference.names {
        expectClose(
          trainer.finishedModel.parameters[name].array, reference[name].array, tolerance: bound,
          "\(name) as evaluated")
      }
    }
    let silence = try ["final.passes_since_fired", "final.tokens_since_fired"].first(
      where: expected.contains
    ).map { try expected.tensor($0).doubles().map { Int($0) } }
    #expect(trainer.deadLatents.silence == silence)
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
