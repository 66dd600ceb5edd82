import SAECore

/// The work of a study, as its configuration determines it.
///
/// Equal plans do the same. An option that changes no plan has no effect.
public struct StudyPlan: Codable, Equatable, Sendable {
  /// Where activations come from.
  public enum Subject: Codable, Equatable, Sendable {
    case syntheticWorld
    case files
    /// The model, the layer, and the tokens per sequence.
    case model(directory: String, layer: Int?)
  }

  /// Files of one kind of text.
  public struct Texts: Codable, Equatable, Sendable {
    public var training: [String]
    public var trainingTokens: [String]
    /// Without files, the last tenth of the training text.
    public var judging: [String]
    public var judgingTokens: [String]
  }

  /// How latents on the page are judged.
  public struct Judging: Codable, Equatable, Sendable {
    public var command: String
    public var latents: Int
    public var seconds: Double
  }

  public var subject: Subject
  public var domain: Texts?
  public var broad: Texts?
  /// Tokens of a piece of text; nil where the world has its own.
  public var context: Int?
  public var architecture: Variant
  /// The autoencoders of each pass, in order.
  public var passes: [[String]]
  /// Latents of each booster.
  public var boosters: [Int]
  public var streamTokens: Int
  public var steps: Int
  public var batch: Int
  public var learningRate: Double?
  public var heldOutTokens: Int
  /// Tokens of which the model's loss is measured; nil where it is not.
  public var lossTokens: Int?
  /// Whether rows that are not finite are left out; nil where none can be.
  public var skipsNonfinite: Bool?
  /// Whether origins may differ; nil where there are none.
  public var allowsMismatch: Bool?
  public var judging: Judging?
}

extension StudyConfiguration {
  /// The plan of a study with these settings.
  ///
  /// - Parameter isDemo: whether the study is of the synthetic world.
  public func plan(isDemo: Bool) -> StudyPlan {
    let groups: [[StudyArm]] = [[.broad], [.domain, .boosted]]
    let passes = groups.flatMap { arms in
      TrainingPass.all(plans.filter { arms.contains($0.arm) }, atATime: atATime)
    }
    let measuresLoss = model != nil && lossTokens > 0
    return StudyPlan(
      subject: isDemo
        ? .syntheticWorld : model.map { .model(directory: $0, layer: layer) } ?? .files,
      domain: isDemo
        ? nil : texts(domain, domainActivations, heldOut, heldOutActivations),
      broad: isDemo
        ? nil : texts(broad, broadActivations, heldOutBroad, heldOutBroadActivations),
      context: isDemo ? nil : context, architecture: architecture,
      passes: passes.map { $0.plans.map(\.name) },
      boosters: boosts ? latents.map { boosterLatents(for: $0) } : [],
      streamTokens: streamTokens, steps: steps, batch: batch, learningRate: learningRate,
      heldOutTokens: heldOutTokens, lossTokens: !isDemo && measuresLoss ? lossTokens : nil,
      skipsNonfinite: !isDemo && hasActivationFiles ? skipNonfinite : nil,
      allowsMismatch: !isDemo && hasActivationFiles ? allowMismatch : nil,
      judging: judge.map {
        StudyPlan.Judging(command: $0, latents: judgeLatents, seconds: judgeSeconds)
      })
  }

  private func texts(
    _ tokens: [String], _ activations: [String], _ heldOut: [String], _ heldOutActivations: [String]
  ) -> StudyPlan.Texts {
    StudyPlan.Texts(
      training: activations.isEmpty ? tokens : activations, trainingTokens: tokens,
      judging: heldOutActivations.isEmpty ? heldOut : heldOutActivations, judgingTokens: heldOut)
  }

  /// Whether some pass trains several autoencoders together.
  public var hasSeveralAtATime: Bool {
    Dictionary(grouping: plans) { [$0.arm == .broad ? "broad" : "domain", "\($0.seed)"] }
      .values.contains { $0.count > 1 }
  }

  /// Whether some activations come from files.
  public var hasActivationFiles: Bool {
    ![domainActivations, broadActivations, heldOutActivations, heldOutBroadActivations]
      .allSatisfy(\.isEmpty)
  }
}
