import Foundation
import SAECore

/// Trains and reads the autoencoders of a study, whatever their variant.
protocol StudyTraining: Sendable {
  /// The memory that training some autoencoders together takes at least, on so many rows of a width.
  func memory(_ plans: [AutoencoderPlan], width: Int, tokens: Int) throws -> MemoryEstimate

  /// Trains the autoencoders of a pass over a source, and writes each with its log.
  ///
  /// - Parameters:
  ///   - pass: of one seed; the base of a boosted one has been written before.
  ///   - pace: when checkpoints are written.
  ///   - progress: called after a step with the number of steps made; its error is thrown after a
  ///     checkpoint.
  ///   - warn: called with a note when the training goes on without something.
  func train(
    _ pass: TrainingPass, on source: any ActivationSource, into folder: StudyFolder,
    pace: CheckpointPace, progress: (Int) throws -> Void, warn: (String) throws -> Void
  ) throws

  /// Reads one that has been written.
  func read(_ plan: AutoencoderPlan, from folder: StudyFolder) throws -> any SparseAutoencoder
}

extension StudyConfiguration {
  /// The trainer of the studied variant, on activations of an origin.
  func training(_ origin: ActivationOrigin) -> any StudyTraining {
    func trained<Trained: TrainedVariant>(_ variant: Trained) -> any StudyTraining {
      VariantTraining<Trained.Model>(self, origin) { try variant.configuration($0) }
    }
    return trained(architecture.training)
  }
}

/// Trains one variant.
struct VariantTraining<Model: TrainableAutoencoder & StorableAutoencoder & Equatable>:
  StudyTraining
where Model.Configuration: Decodable, Model.Configuration.Model == Model {
  typealias Boosted = BoostedAutoencoder<Model, Model>

  let study: StudyConfiguration
  /// For the metadata of the autoencoders.
  let origin: ActivationOrigin
  /// The variant's settings.
  private let configuration: @Sendable (VariantSettings) throws -> Model.Configuration

  init(
    _ study: StudyConfiguration, _ origin: ActivationOrigin,
    configuration: @escaping @Sendable (VariantSettings) throws -> Model.Configuration
  ) {
    self.study = study
    self.origin = origin
    self.configuration = configuration
  }

  private func settings(_ sparsity: Double, _ latents: Int) throws -> Model.Configuration {
    try configuration(study.settings(sparsity: sparsity, latents: latents))
  }

  private enum Member {
    case plain(TrainingSweep.Member<Model>)
    case boosted(TrainingSweep.Member<Boosted>)
  }

  func memory(_ plans: [AutoencoderPlan], width: Int, tokens: Int) throws -> MemoryEstimate {
    var options = TrainingOptions(steps: study.steps)
    options.batchTokens = study.batch
    var sizes = TrainingSizes(width: width, latentCount: 0, sourceTokens: tokens)
    var estimate = options.batchMemory(sizes)
    for plan in plans {
      let configuration = try settings(plan.sparsity, plan.latents)
      sizes.latentCount = plan.latents
      if plan.arm == .boosted {
        estimate.add("bases", floats: configuration.parameterCount(sizes))
        sizes.latentCount = study.boosterLatents(for: plan.latents)
      }
      estimate.add(options.memberMemory(configuration, sizes))
    }
    return estimate
  }

  func train(
    _ pass: TrainingPass, on source: any ActivationSource, into folder: StudyFolder,
    pace: CheckpointPace, progress: (Int) throws -> Void, warn: (String) throws -> Void
  ) throws {
    let plans = pass.plans
    guard let first = plans.first else { return }
    precondition(plans.allSatisfy { $0.seed == first.seed }, "one stream has one seed")
    var options = TrainingOptions(steps: study.steps)
    options.batchTokens = study.batch
    options.schedule.learningRate = study.learningRate
    options.seed = first.seed
    var sweep =
      if let checkpoint = pass.checkpoint {
        try TrainingSweep(on: source, from: checkpoint)
      } else {
        try TrainingSweep(on: source, options: options)
      }
    let isResumed = pass.checkpoint != nil
    let members = try plans.map { plan in
      isResumed ? try resume(plan, in: &sweep, folder) : try add(plan, to: &sweep, folder)
    }
    let checkpoints = try folder.checkpoints()
    var clock = CheckpointPace.Clock(pace)
    var logs = try plans.map {
      try StudyLog(folder.log($0), through: sweep.stepsMade, warn: warn)
    }
    let interval = max(1, study.steps / 200)
    while let reports = try sweep.step() {
      if sweep.stepsMade % interval == 0 || sweep.stepsMade == study.steps {
        for (index, report) in reports.enumerated() {
          // One that failed has no more steps; the others go on.
          if case .success(let report) = report { try logs[index].write(report, warn: warn) }
        }
      }
      let isDue = clock.isDue(step: sweep.stepsMade)
      if isDue { try checkpoints.write(sweep.checkpoint(metadata: pass.metadata)) }
      do {
        try progress(sweep.stepsMade)
      } catch {
        if !isDue { try checkpoints.write(sweep.checkpoint(metadata: pass.metadata)) }
        throw error
      }
    }
    for (index, warnings) in try sweep.warnings().enumerated() {
      let plan = plans[index]
      guard !folder.exists(folder.autoencoder(plan)) else { continue }
      switch warnings {
      case .failure(let error): try StudyJSON.write("\(error)", to: folder.failure(plan))
      case .success(let warnings):
        try StudyJSON.write(warnings, to: folder.warnings(plan))
        try write(plan, members[index], of: sweep, to: folder)
      }
    }
    try checkpoints.removeAll()
  }

  private func add(
    _ plan: AutoencoderPlan, to sweep: inout TrainingSweep, _ folder: StudyFolder
  ) throws -> Member {
    guard plan.arm == .boosted else {
      return .plain(
        try sweep.add(settings(plan.sparsity, plan.latents), latentCount: plan.latents))
    }
    // The base as it is for activations in the sweep's scale.
    let base = try read(model: plan.base, from: folder).fitting(sweep.scaling)
    let latents = study.boosterLatents(for: plan.latents)
    let configuration = BoostingConfiguration(
      base: base, booster: try settings(study.boosterSparsity(plan.sparsity), latents))
    return .boosted(try sweep.add(configuration, latentCount: latents))
  }

  /// Brings back a member with the settings that it was begun with.
  private func resume(
    _ plan: AutoencoderPlan, in sweep: inout TrainingSweep, _ folder: StudyFolder
  ) throws -> Member {
    guard plan.arm == .boosted else { return .plain(try sweep.resume(Model.self)) }
    let base = try read(model: plan.base, from: folder).fitting(sweep.scaling)
    return .boosted(
      try sweep.resume(Boosted.self) { checkpoint in
        BoostingConfiguration(
          base: base,
          booster: try checkpoint.configuration(as: Model.Configuration.self, key: "booster"))
      })
  }

  private func write(
    _ plan: AutoencoderPlan, _ member: Member, of sweep: TrainingSweep, to folder: StudyFolder
  ) throws {
    let model: any StorableAutoencoder =
      switch member {
      case .plain(let member): try sweep.autoencoder(member)
      case .boosted(let member): try sweep.model(member).folding(sweep.scaling).booster
      }
    var archive = model.archive()
    archive.metadata["swift_sae_version"] = .string(libraryVersion)
    archive.metadata["training_tokens"] = .integer(study.steps * study.batch)
    archive.metadata["seed"] = .string("\(plan.seed)")
    archive.setActivationOrigin(origin)
    guard plan.arm == .boosted else { return try archive.write(to: folder.autoencoder(plan)) }
    // With the base: a booster alone reconstructs only an error.
    let base = try SAEArchive.read(folder.autoencoder(plan.base)).archive
    try base.write(boostedBy: archive, to: folder.autoencoder(plan))
  }

  func read(_ plan: AutoencoderPlan, from folder: StudyFolder) throws -> any SparseAutoencoder {
    try SAE.load(folder.autoencoder(plan))
  }

  private func read(model plan: AutoencoderPlan, from folder: StudyFolder) throws -> Model {
    try Model.load(folder.autoencoder(plan))
  }
}

extension AutoencoderPlan {
  /// The broad autoencoder that is a boosted one's base.
  var base: AutoencoderPlan {
    AutoencoderPlan(arm: .broad, latents: latents, sparsity: sparsity, seed: seed)
  }
}

extension StudyConfiguration {
  /// The booster's sparsity: a quarter of the active latents of its base, or the same coefficient.
  func boosterSparsity(_ sparsity: Double) -> Double {
    architecture.aimsAtL0 ? max(1, (sparsity / 4).rounded()) : sparsity
  }

  /// All autoencoders of the grid, an arm after the other, a seed after the other.
  public var plans: [AutoencoderPlan] {
    StudyArm.allCases.filter { boosts || $0 != .boosted }.flatMap { arm in
      (0..<seeds).flatMap { index in
        latents.flatMap { latents in
          sparsity.map { sparsity in
            AutoencoderPlan(
              arm: arm, latents: latents, sparsity: sparsity, seed: seed &+ UInt64(index))
          }
        }
      }
    }
  }
}
