import Foundation
import SAECore
import SAEModels

/// Makes a study's data from a model and token files, or from files of activations.
struct ModelStudyData {
  let configuration: StudyConfiguration
  let folder: StudyFolder
  let progress: StudyProgress

  private var hook: HookPoint { .residPost(configuration.layer ?? 0) }

  func data() throws -> StudyData {
    let model = try loadModel()
    let tokenizer = try loadTokenizer()
    let domain = try pools(
      .domain, configuration.domain, configuration.domainActivations, configuration.heldOut,
      configuration.heldOutActivations)
    let broad = try pools(
      .broad, configuration.broad, configuration.broadActivations, configuration.heldOutBroad,
      configuration.heldOutBroadActivations)
    let stream = min(
      configuration.streamTokens, domain.training.tokens, broad.training.tokens)
    let special = tokenizer?.special ?? []
    let sides: [(StudyText, Pools)] = [(.domain, domain), (.broad, broad)]
    var heldOut: [StudyText: HeldOutText] = [:]
    var lossTokens: [StudyText: TokenStream] = [:]
    var means: [StudyText: [Float]] = [:]
    for (text, pools) in sides {
      let (measured, fitting) = pools.judging.selecting(tokens: configuration.heldOutTokens)
        .alternating()
      let ids = try pools.ids(of: measured)
      let held = HeldOutText(
        source: try source(measured, "held-out-\(text.rawValue)", model),
        fitting: try source(fitting, "fitting-\(text.rawValue)", model),
        tokenIDs: ids.map { $0.map { Int($0) } },
        mask: ids.map { $0.map { !special.contains(Int($0)) } }
          ?? [Bool](repeating: true, count: measured.tokens),
        contexts: (0..<measured.tokens).map { $0 / measured.context })
      heldOut[text] = held
      if let ids, model != nil, configuration.lossTokens > 0 {
        let pieces = max(1, configuration.lossTokens / measured.context)
        lossTokens[text] = TokenStream(Array(ids.prefix(pieces * measured.context)))
        means[text] = try StudyData.mean(held.fitting.tokens > 0 ? held.fitting : held.source)
      }
    }
    let trainingDomain = try source(
      domain.training.selecting(tokens: stream), "domain", model)
    let trainingBroad = try source(broad.training.selecting(tokens: stream), "broad", model)
    var data = StudyData(
      subject: subject(model), domain: trainingDomain, broad: trainingBroad, heldOut: heldOut,
      texts: { ids in ids.map { " [\($0)]" } })
    if let tokenizer { data.texts = { ids in tokenizer.texts(ids) } }
    if let model {
      data.promotions = { directions in model.logits(directions.view) }
      data.loss = LossMeasuring(
        model: model, hook: hook, options: PieceOptions(context: configuration.context),
        tokens: lossTokens, means: means)
    }
    return data
  }

  /// Names the model by the end of its path: directories are often called "model".
  private func subject(_ model: (any LanguageModel)?) -> String {
    guard let model, let directory = configuration.model else { return "activations from files" }
    let name = directory.split(separator: "/").suffix(2).joined(separator: "/")
    return "the model \(name), \(hook.name), \(model.width) dimensions"
  }

  private func loadModel() throws -> (any LanguageModel)? {
    guard let directory = configuration.model else { return nil }
    guard let layer = configuration.layer else {
      throw StudyError("--layer", expected: "the layer to study", found: "none")
    }
    let model = try LanguageModels.load(directory)
    guard layer < model.layerCount else {
      throw StudyError(
        "--layer", expected: "0 to \(model.layerCount - 1)", found: "\(layer)")
    }
    return model
  }

  private func loadTokenizer() throws -> TokenTexts? {
    guard let directory = configuration.model else { return nil }
    let file = "\(directory)/tokenizer.json"
    return FileManager.default.fileExists(atPath: file) ? try TokenTexts(file: file) : nil
  }

  /// What one kind of text is trained and judged on.
  private struct Pools {
    var training: PiecePool
    var judging: PiecePool
    /// The tokens of the same files as ``judging``, if they are known.
    var judgingTokens: PiecePool?

    func ids(of pool: PiecePool) throws -> [UInt32]? {
      try judgingTokens.map { try pool.pieces(of: $0).ids() }
    }
  }

  private func pools(
    _ text: StudyText, _ tokenFiles: [String], _ activationFiles: [String],
    _ heldOutTokens: [String], _ heldOutActivations: [String]
  ) throws -> Pools {
    let (option, heldOption) =
      text == .domain ? ("--domain", "--held-out") : ("--broad", "--held-out-broad")
    let trainingTokens = try pool(tokenFiles, option)
    guard let training = try activations(activationFiles, "\(option)-activations") ?? trainingTokens
    else {
      throw StudyError(option, expected: "files of tokens or activations", found: "none")
    }
    if activationFiles.isEmpty { try needModel(option) }
    let judgingTokens = try pool(heldOutTokens, heldOption)
    if let own = try activations(heldOutActivations, "\(heldOption)-activations") {
      try check(own, judgingTokens, heldOption)
      return Pools(training: training, judging: own, judgingTokens: judgingTokens)
    }
    if let judgingTokens {
      try needModel(heldOption)
      return Pools(training: training, judging: judgingTokens, judgingTokens: judgingTokens)
    }
    guard training.pieces.count > 1 else {
      throw StudyError(
        heldOption, expected: "tokens to judge on, or more than one piece to train on",
        found: "one piece of \(training.context) tokens")
    }
    if !activationFiles.isEmpty { try check(training, trainingTokens, option) }
    let parts = training.splittingLastTenth()
    return Pools(training: parts.first, judging: parts.last, judgingTokens: trainingTokens)
  }

  private func pool(_ files: [String], _ name: String) throws -> PiecePool? {
    files.isEmpty
      ? nil : try PiecePool.tokens(files, context: configuration.context, name: name)
  }

  private func activations(_ files: [String], _ name: String) throws -> PiecePool? {
    files.isEmpty
      ? nil : try PiecePool.activations(files, context: configuration.context, name: name)
  }

  private func needModel(_ option: String) throws {
    guard configuration.model != nil else {
      throw StudyError(
        option, expected: "--model to run the tokens, or files of activations", found: "neither")
    }
  }

  /// Row i of activations belongs to token i: there are no more of them.
  private func check(_ activations: PiecePool, _ tokens: PiecePool?, _ option: String) throws {
    guard let tokens, let last = activations.pieces.last, let end = tokens.pieces.last,
      last.upperBound > end.upperBound
    else { return }
    throw StudyError(
      option, expected: "a token for each of \(last.upperBound) rows of activations",
      found: "\(end.upperBound) tokens")
  }

  /// The activations of a pool: from its files, or harvested into shards that stay.
  private func source(
    _ pool: PiecePool, _ name: String, _ model: (any LanguageModel)?
  ) throws -> any ActivationSource {
    switch pool.content {
    case .activations(let source):
      return SelectedPieces(source, pool.pieces)
    case .tokens:
      guard let model, !pool.pieces.isEmpty else {
        return Matrix(rows: 0, columns: model?.width ?? 0)
      }
      let harvester = try ActivationHarvester(
        model, at: hook, tokens: TokenStream(try pool.ids()),
        options: PieceOptions(context: configuration.context))
      let directory = folder.activations(name)
      let shards = try HarvestShards(
        harvester, directory: directory, producer: "swift-sae \(libraryVersion)",
        fingerprint: try configuration.model.map { try LanguageModels.fingerprint($0) })
      try shards.write { made in
        try progress(.harvest(name, done: made.tokens, of: made.total))
      }
      return try HarvestShards.open(directory)
    }
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
