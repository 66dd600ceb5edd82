import Foundation
import SAECore
import SAEMetrics

/// The founding experiment: autoencoders trained on a domain against autoencoders trained on broad
/// text, at equal budget, judged on both.
///
/// Source: O'Neill et al. 2025, arXiv 2508.09363; the report names the measurements beyond it.
public struct Study: Sendable {
  public let configuration: StudyConfiguration
  public let directory: String
  private let isDemo: Bool
  private var pace = CheckpointPace.seconds(60)

  /// Steps of a training from one checkpoint to the next; nil writes one every minute. The results do not
  /// depend on it.
  public var checkpointSteps: Int? {
    get { if case .steps(let steps) = pace { steps } else { nil } }
    set { pace = newValue.map { .steps(max(1, $0)) } ?? .seconds(60) }
  }

  /// A study of a model or of files.
  public init(_ configuration: StudyConfiguration, directory: String) throws(StudyError) {
    try configuration.check()
    guard configuration.judge == nil || configuration.knowsTokens else {
      throw StudyError(
        "--judge", expected: "the tokens of the held-out domain text", found: "activations alone")
    }
    self.configuration = configuration
    self.directory = directory
    isDemo = false
  }

  /// A study of the embedded synthetic world.
  public init(demo configuration: StudyConfiguration, directory: String) throws(StudyError) {
    try configuration.check()
    self.configuration = configuration
    self.directory = directory
    isDemo = true
  }

  /// The results of a study.
  public struct Outcome: Sendable {
    public let results: StudyResults
    public let browsers: [LatentBrowser]
    /// The page.
    public let report: String
  }

  /// Makes everything that is not there yet, and the page.
  ///
  /// - Throws: ``StudyError`` and the errors of the library, each naming file, option or tensor, and the
  ///   errors of `progress`.
  public func run(progress: @escaping StudyProgress = { _ in }) throws -> Outcome {
    let (folder, data) = try begin(progress)
    let training = configuration.training(data.origin)
    let notes = try data.notes + checkKept(folder, data.origin)
    try progress(.begins(data.subject, autoencoders: configuration.plans.count))
    for note in notes { try progress(.note(note)) }
    try train(training, data, folder, progress)
    let measured = try measure(training, data, folder, progress)
    try progress(.comparing)
    let comparing = DictionaryComparing(
      configuration: configuration, trained: measured.map(\.result.plan)
    ) {
      try training.read($0, from: folder)
    }
    let failures = try configuration.plans.filter { folder.exists(folder.failure($0)) }.map {
      StudyFailure(
        autoencoder: $0.name, reason: try StudyJSON.read(String.self, folder.failure($0)))
    }
    var results = StudyResults(
      configuration: configuration, subject: data.subject, libraryVersion: libraryVersion,
      streamTokens: data.domain.tokens, autoencoders: measured.map(\.result))
    results.notes = notes.isEmpty ? nil : notes
    results.failures = failures.isEmpty ? nil : failures
    results.stability = try comparing.stability()
    for one in measured where one.result.plan.arm == .domain {
      results.unmatched.append(
        try comparing.unmatched(
          one.result.plan, isLive: one.firings.map { $0 >= StudyMeasuring.leastFirings }))
    }
    let browsers = try browse(training, data, folder, comparing, progress)
    results.judgments = browsers.compactMap { JudgmentResult($0) }
    try AtomicFile.write(Array(try results.json()), to: folder.results)
    try AtomicFile.write(
      Array(StudyReport(results, browsers).html().utf8), to: folder.report)
    if let first = failures.first {
      throw StudyError(
        "\(failures.count) of \(configuration.plans.count) autoencoders could not be trained, the first "
          + "of them \(first.autoencoder): \(first.reason); the others are kept, and measured in "
          + folder.report)
    }
    // Latents that are too rare for a judge are in the report; a judge that says nothing is a mistake.
    for case let judge? in browsers.map(\.judge) where judge.requests > 0 {
      if let problem = judge.problem {
        throw StudyError("\(problem); the report without judgments is \(folder.report)")
      }
    }
    return Outcome(results: results, browsers: browsers, report: folder.report)
  }

  /// The study's directory, which is made after all checks that need no work, and its data.
  private func begin(_ progress: @escaping StudyProgress) throws -> (StudyFolder, StudyData) {
    try StudyFolder.check(directory, configuration)
    guard !isDemo else {
      let data = try StudyData.demo(configuration)
      try checkMemory(width: data.domain.width, tokens: data.domain.tokens)
      return (try StudyFolder(directory, configuration), data)
    }
    let checked = try ModelStudyData(configuration, checkMemory: checkMemory)
    let folder = try StudyFolder(directory, configuration)
    return (folder, try checked.data(in: folder, progress: progress))
  }

  /// Throws if an autoencoder that is there was trained on other activations, unless that is allowed:
  /// then it returns a note for each.
  private func checkKept(_ folder: StudyFolder, _ origin: ActivationOrigin) throws -> [String] {
    var origins = OriginCheck()
    origins.add("this study", origin)
    for plan in configuration.plans where folder.exists(folder.autoencoder(plan)) {
      let path = folder.autoencoder(plan)
      for files in try SAEFiles.findAll(path) {
        origins.add(path, files.outline.activationOrigin)
      }
    }
    guard !configuration.allowMismatch else { return origins.mismatches.map { "\($0)" } }
    if let mismatch = origins.mismatches.first {
      throw StudyError("\(mismatch); add --allow-mismatch to go on")
    }
    return []
  }

  /// Throws where the autoencoders that are trained in one pass do not fit into memory, before anything
  /// is harvested.
  func checkMemory(width: Int, tokens: Int) throws {
    let training = configuration.training(ActivationOrigin())
    for arms in [[StudyArm.broad], [.domain, .boosted]] {
      let plans = configuration.plans.filter { arms.contains($0.arm) }
      for pass in TrainingPass.all(plans, atATime: configuration.atATime) {
        let estimate = try training.memory(pass.plans, width: width, tokens: tokens)
        try estimate.check("training \(pass.plans.count) autoencoders at a time (--at-a-time)")
      }
    }
  }

  /// Trains the autoencoders that have not been written yet: the boosted ones after the broad ones that
  /// are their bases.
  private func train(
    _ training: any StudyTraining, _ data: StudyData, _ folder: StudyFolder,
    _ progress: StudyProgress
  ) throws {
    func isMissing(_ plan: AutoencoderPlan) -> Bool {
      !folder.exists(folder.autoencoder(plan)) && !folder.exists(folder.failure(plan))
    }
    let missing = configuration.plans.filter(isMissing)
    let measurements = configuration.plans.count { folder.exists(folder.measurement($0)) }
    try progress(
      .kept(autoencoders: configuration.plans.count - missing.count, measurements: measurements))
    func train(_ pass: TrainingPass) throws {
      let names = pass.plans.map(\.name)
      let isBroad = pass.plans.first?.arm == .broad
      try training.train(
        pass, on: isBroad ? data.broad : data.domain, into: folder, pace: pace,
        progress: { try progress(.training(names, step: $0, of: configuration.steps)) },
        warn: { try progress(.note($0)) })
    }
    if let pass = try TrainingPass.interrupted(folder, plans: configuration.plans) {
      try progress(.resuming(pass.plans.map(\.name), step: pass.checkpoint?.step ?? 0))
      try train(pass)
    }
    for arms in [[StudyArm.broad], [.domain, .boosted]] {
      var missing = configuration.plans.filter { arms.contains($0.arm) && isMissing($0) }
      // Without its base one cannot be boosted.
      for plan in missing where plan.arm == .boosted && folder.exists(folder.failure(plan.base)) {
        try StudyJSON.write("\(plan.base.name), its base, failed", to: folder.failure(plan))
      }
      missing = missing.filter(isMissing)
      for pass in TrainingPass.all(missing, atATime: configuration.atATime) { try train(pass) }
    }
    // One that is complete, where the process ended before it was removed.
    try folder.checkpoints().removeAll()
  }

  /// A measurement as it is kept, with how often each latent fired on domain text.
  private struct Kept: Codable {
    var result: AutoencoderResult
    var firings: [Int]
  }

  private func measure(
    _ training: any StudyTraining, _ data: StudyData, _ folder: StudyFolder,
    _ progress: StudyProgress
  ) throws -> [Kept] {
    let plans = configuration.plans.filter { !folder.exists(folder.failure($0)) }
    let missing = plans.filter { !folder.exists(folder.measurement($0)) }
    var done = 0
    // The model's clean and ablated runs are shared by the autoencoders of a group.
    for begin in stride(from: 0, to: missing.count, by: 8) {
      let group = missing[begin..<min(begin + 8, missing.count)]
      var kept: [Kept] = []
      var trained: [any SparseAutoencoder] = []
      for plan in group {
        try progress(.measuring(plan.name, done: done, of: missing.count))
        done += 1
        let one = try training.read(plan, from: folder)
        trained.append(one)
        var measured = try measure(plan, one, data)
        if folder.exists(folder.warnings(plan)) {
          let warnings = try StudyJSON.read([TrainingWarning].self, folder.warnings(plan))
          measured.result.warnings = warnings.isEmpty ? nil : warnings
        }
        kept.append(measured)
      }
      for text in StudyText.allCases {
        let losses = try data.loss?.measure(trained, on: text) { done, total in
          try progress(.loss(text, done: done, of: total))
        }
        guard let losses else { continue }
        for (index, loss) in losses.enumerated() {
          func set(_ measurement: inout AutoencoderMeasurement) {
            measurement.cleanLoss = loss.clean
            measurement.splicedLoss = loss.spliced
            measurement.lossRecovered = loss.lossRecoveredOverZero
            measurement.divergenceRecovered = loss.divergenceRecoveredOverZero
          }
          if text == .domain {
            set(&kept[index].result.onDomain)
          } else {
            set(&kept[index].result.onBroad)
          }
        }
      }
      for one in kept { try StudyJSON.write(one, to: folder.measurement(one.result.plan)) }
    }
    return try plans.map { try StudyJSON.read(Kept.self, folder.measurement($0)) }
  }

  private func measure(
    _ plan: AutoencoderPlan, _ autoencoder: any SparseAutoencoder, _ data: StudyData
  ) throws -> Kept {
    guard let domain = data.heldOut[.domain], let broad = data.heldOut[.broad] else {
      preconditionFailure("a study has both kinds of text")
    }
    let onDomain = try StudyMeasuring(autoencoder, on: domain, truth: data.truth)
    let onBroad = try StudyMeasuring(autoencoder, on: broad)
    let result = AutoencoderResult(
      plan: plan, latentCount: autoencoder.latentCount,
      trainingTokens: configuration.steps * configuration.batch,
      onDomain: onDomain.measurement, onBroad: onBroad.measurement, recovery: onDomain.recovery)
    return Kept(result: result, firings: onDomain.firings)
  }

  /// The latents of the widest domain and broad autoencoders of the middle sparsity, on domain text.
  private func browse(
    _ training: any StudyTraining, _ data: StudyData, _ folder: StudyFolder,
    _ comparing: DictionaryComparing, _ progress: StudyProgress
  ) throws -> [LatentBrowser] {
    guard let domain = data.heldOut[.domain], domain.tokenIDs != nil,
      let latents = configuration.latents.max()
    else { return [] }
    let sparsity = configuration.sparsity.sorted()[(configuration.sparsity.count - 1) / 2]
    return try [StudyArm.domain, .broad].compactMap { arm -> LatentBrowser? in
      let plan = AutoencoderPlan(
        arm: arm, latents: latents, sparsity: sparsity, seed: configuration.seed)
      guard comparing.trained.contains(plan) else { return nil }
      try progress(.gathering(plan.name))
      let making = BrowserMaking(
        autoencoder: try training.read(plan, from: folder), text: domain, texts: data.texts,
        promotions: data.promotions)
      let gathered = try making.gather()
      var browser = try making.browser(
        title: plan.name, comparedWith: arm == .domain ? "broad" : nil,
        likeness: arm == .domain ? try comparing.likeness(plan) : nil, gathered: gathered)
      if let command = configuration.judge {
        var judging = LatentJudging(command: command)
        judging.limit = configuration.judgeLatents
        judging.patience = configuration.judgeSeconds
        judging.answers = try JudgeAnswers(folder.answers, command: command)
        try judging.judge(
          &browser, examples: gathered.examples, activeRows: gathered.firings.rows, text: domain,
          texts: data.texts
        ) { done, total in try progress(.judging(plan.name, done: done, of: total)) }
      }
      return browser
    }
  }
}
