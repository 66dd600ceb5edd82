import Foundation
import SAECore
import SAEModels

/// Makes a study's data from a model and token files, or from files of activations.
struct ModelStudyData {
  private let configuration: StudyConfiguration
  private let model: LanguageModel?
  private let tokenizer: TokenTexts?
  /// The fingerprint of the model's weights.
  private let weights: String?
  private let origins: OriginCheck
  private let notes: [String]
  private let sides: [StudyText: StudyPools]

  private var hook: HookPoint { ModelStudyData.hook(configuration) }

  private static func hook(_ configuration: StudyConfiguration) -> HookPoint {
    .residPost(configuration.layer ?? 0)
  }

  /// Opens and checks all that the study reads, and writes nothing.
  ///
  /// - Parameters:
  ///   - configuration: of the study.
  ///   - checkMemory: throws where autoencoders for a width and so many tokens cannot be trained.
  init(
    _ configuration: StudyConfiguration,
    checkMemory: (_ width: Int, _ tokens: Int) throws -> Void
  ) throws {
    self.configuration = configuration
    let files = StudyFiles(configuration)
    try files.checkDistinct()
    var origins = try files.origins()
    // As the files of activations beside it were made.
    model = try ModelStudyData.loadModel(configuration, ModelOptions(matching: origins.common))
    tokenizer = try ModelStudyData.loadTokenizer(configuration)
    weights = try configuration.model.map { try LanguageModels.fingerprint($0) }
    if let model, let directory = configuration.model {
      origins.add(
        directory,
        try ModelStudyData.harvester(model, [], configuration).origin(weights: weights))
    }
    self.origins = origins
    var notes = try ModelStudyData.checked(origins, configuration)
    let domain = try ModelStudyData.pools(.domain, configuration, &notes)
    let broad = try ModelStudyData.pools(.broad, configuration, &notes)
    let stream = min(
      configuration.streamTokens, domain.training.tokens, broad.training.tokens)
    try checkMemory(model?.width ?? domain.training.width ?? 0, stream)
    sides = [
      .domain: domain.selecting(training: stream, judging: configuration.heldOutTokens),
      .broad: broad.selecting(training: stream, judging: configuration.heldOutTokens),
    ]
    notes += try HeldOutCheck(
      sides: sides, whole: [.domain: domain, .broad: broad], context: configuration.context
    ).notes()
    self.notes = notes
  }

  /// The data, for which the model runs where there are no activations yet.
  func data(in folder: StudyFolder, progress: StudyProgress) throws -> StudyData {
    func source(_ pool: PiecePool, _ name: String) throws -> any ActivationSource {
      try self.source(pool, in: folder.activations(name)) { made in
        try progress(.harvest(name, done: made.tokens, of: made.total))
      }
    }
    let special = tokenizer?.special ?? []
    var training: [StudyText: any ActivationSource] = [:]
    var heldOut: [StudyText: HeldOutText] = [:]
    var lossTokens: [StudyText: TokenStream] = [:]
    var means: [StudyText: [Float]] = [:]
    for text in StudyText.allCases {
      guard let pools = sides[text] else { continue }
      let (measured, fitting) = pools.judging.alternating()
      let ids = try pools.ids(of: measured)
      let held = HeldOutText(
        source: try source(measured, "held-out-\(text.rawValue)"),
        fitting: try source(fitting, "fitting-\(text.rawValue)"),
        tokenIDs: ids.map { $0.map { Int($0) } },
        counts: ids.map { $0.map { !special.contains(Int($0)) } },
        contexts: (0..<measured.tokens).map { $0 / measured.context })
      heldOut[text] = held
      if let ids, model != nil, configuration.lossTokens > 0 {
        let pieces = max(1, configuration.lossTokens / measured.context)
        lossTokens[text] = TokenStream(Array(ids.prefix(pieces * measured.context)))
        means[text] = try StudyData.mean(held.fitting.tokens > 0 ? held.fitting : held.source)
      }
      training[text] = try source(pools.training, text.rawValue)
    }
    guard let trainingDomain = training[.domain], let trainingBroad = training[.broad] else {
      preconditionFailure("a study has both kinds of text")
    }
    var data = StudyData(
      subject: subject, domain: trainingDomain, broad: trainingBroad, heldOut: heldOut,
      texts: { ids in ids.map { " [\($0)]" } })
    data.origin = origins.common
    data.notes = notes
    if let tokenizer { data.texts = { ids in tokenizer.texts(ids) } }
    if let model {
      data.promotions = { directions in model.directEffects(of: directions.view) }
      data.loss = LossMeasuring(
        model: model, hook: hook, options: PieceOptions(context: configuration.context),
        tokens: lossTokens, means: means)
    }
    return data
  }

  /// Throws if the inputs have different origins, unless that is allowed: then it returns a note for each
  /// difference.
  private static func checked(
    _ origins: OriginCheck, _ configuration: StudyConfiguration
  ) throws -> [String] {
    guard !configuration.allowMismatch else { return origins.mismatches.map { "\($0)" } }
    if let mismatch = origins.mismatches.first {
      throw StudyError("\(mismatch); add --allow-mismatch to go on")
    }
    return []
  }

  /// Names the model by the end of its path: directories are often called "model".
  private var subject: String {
    guard let model, let directory = configuration.model else { return "activations from files" }
    let name = directory.split(separator: "/").suffix(2).joined(separator: "/")
    return "the model \(name), \(hook.name), \(model.width) dimensions"
  }

  private static func loadModel(
    _ configuration: StudyConfiguration, _ options: ModelOptions
  ) throws -> LanguageModel? {
    guard let directory = configuration.model else { return nil }
    guard let layer = configuration.layer else {
      throw StudyError("--layer", expected: "the layer to study", found: "none")
    }
    let model = try LanguageModels.load(directory, options: options)
    guard layer < model.layerCount else {
      throw StudyError(
        "--layer", expected: "0 to \(model.layerCount - 1)", found: "\(layer)")
    }
    return model
  }

  private static func loadTokenizer(
    _ configuration: StudyConfiguration
  ) throws -> TokenTexts? {
    guard let directory = configuration.model else { return nil }
    let file = "\(directory)/tokenizer.json"
    return FileManager.default.fileExists(atPath: file) ? try TokenTexts(file: file) : nil
  }

  /// The files of one kind of text, as pools of pieces.
  private static func pools(
    _ text: StudyText, _ configuration: StudyConfiguration, _ notes: inout [String]
  ) throws -> StudyPools {
    var reader = StudyPools.Reader(configuration: configuration, text: text)
    let pools = try reader.pools()
    notes += reader.notes
    return pools
  }

  private static func harvester(
    _ model: LanguageModel, _ ids: [UInt32], _ configuration: StudyConfiguration
  ) throws -> ActivationHarvester {
    try ActivationHarvester(
      model, at: hook(configuration), tokens: TokenStream(ids),
      options: PieceOptions(context: configuration.context))
  }

  /// The activations of a pool: from its files, or harvested into shards that stay.
  private func source(
    _ pool: PiecePool, in directory: String,
    progress: (HarvestShards.Progress) throws -> Void
  ) throws -> any ActivationSource {
    if let rows = pool.rows { return rows }
    guard let model, !pool.pieces.isEmpty else {
      return Matrix(rows: 0, columns: model?.width ?? 0)
    }
    let shards = try HarvestShards(
      ModelStudyData.harvester(model, pool.ids(), configuration), directory: directory,
      producer: "swift-sae \(libraryVersion)", fingerprint: weights)
    try shards.write(progress: progress)
    return try HarvestShards.open(directory)
  }
}

extension StudyData {
  /// The mean row of a source.
  static func mean(_ source: any ActivationSource) throws -> [Float] {
    var sums = [Double](repeating: 0, count: source.width)
    for begin in stride(from: 0, to: source.tokens, by: 4096) {
      let some = try source.matrix(rows: begin..<min(begin + 4096, source.tokens)).columnSums()
      for column in sums.indices { sums[column] += some[column] }
    }
    return sums.map { Float($0 / Double(max(1, source.tokens))) }
  }
}
