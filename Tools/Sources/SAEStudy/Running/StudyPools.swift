import SAECore
import SAEModels

/// The pieces of one kind of text to train and to judge on.
struct StudyPools: Sendable {
  var training: PiecePool
  /// The tokens of the same files as ``training``, if they are known.
  var trainingTokens: PiecePool?
  var judging: PiecePool
  /// The tokens of the same files as ``judging``, if they are known.
  var judgingTokens: PiecePool?

  /// The tokens of pieces of ``judging``.
  func ids(of pool: PiecePool) throws -> [UInt32]? {
    try judgingTokens.map { try pool.pieces(of: $0).ids() }
  }

  /// The tokens of ``training``.
  func trainingIDs() throws -> [UInt32]? {
    try trainingTokens.map { try training.pieces(of: $0).ids() }
  }

  /// With so many tokens at most.
  func selecting(training wanted: Int, judging judged: Int) -> StudyPools {
    var pools = self
    pools.training = training.selecting(tokens: wanted)
    pools.judging = judging.selecting(tokens: judged)
    return pools
  }

  /// Opens the files of one kind of text.
  struct Reader {
    let configuration: StudyConfiguration
    let text: StudyText
    /// Notes on the files.
    private(set) var notes: [String] = []

    init(configuration: StudyConfiguration, text: StudyText) {
      self.configuration = configuration
      self.text = text
    }

    private var option: String { text == .domain ? "--domain" : "--broad" }
    private var heldOption: String { text == .domain ? "--held-out" : "--held-out-broad" }

    private var files: (tokens: [String], activations: [String]) {
      text == .domain
        ? (configuration.domain, configuration.domainActivations)
        : (configuration.broad, configuration.broadActivations)
    }

    private var heldOutFiles: (tokens: [String], activations: [String]) {
      text == .domain
        ? (configuration.heldOut, configuration.heldOutActivations)
        : (configuration.heldOutBroad, configuration.heldOutBroadActivations)
    }

    /// - Throws: ``StudyError`` if something is missing, ``OptionError``, ``ModelError`` if tokens are
    ///   not those of rows, and the errors of reading files.
    mutating func pools() throws -> StudyPools {
      let trainingTokens = try tokens(files.tokens, option)
      guard let training = try activations(files.activations, option) ?? trainingTokens else {
        throw StudyError(option, expected: "files of tokens or activations", found: "none")
      }
      if files.activations.isEmpty {
        try needModel(option)
      } else {
        try checkRows(files.activations, of: files.tokens, option)
      }
      let judgingTokens = try tokens(heldOutFiles.tokens, heldOption)
      if let judging = try activations(heldOutFiles.activations, heldOption) {
        try checkRows(heldOutFiles.activations, of: heldOutFiles.tokens, heldOption)
        return StudyPools(
          training: training, trainingTokens: trainingTokens, judging: judging,
          judgingTokens: judgingTokens)
      }
      if let judgingTokens {
        try needModel(heldOption)
        return StudyPools(
          training: training, trainingTokens: trainingTokens, judging: judgingTokens,
          judgingTokens: judgingTokens)
      }
      guard training.pieces.count > 1 else {
        throw StudyError(
          heldOption, expected: "tokens to judge on, or more than one piece to train on",
          found: "one piece of \(training.context) tokens")
      }
      let parts = training.splittingLastTenth()
      return StudyPools(
        training: parts.first, trainingTokens: trainingTokens, judging: parts.last,
        judgingTokens: trainingTokens)
    }

    private func tokens(_ files: [String], _ name: String) throws -> PiecePool? {
      files.isEmpty
        ? nil
        : try PiecePool.tokens(
          files, model: configuration.model, context: configuration.context, name: name)
    }

    private mutating func activations(_ files: [String], _ option: String) throws -> PiecePool? {
      guard !files.isEmpty else { return nil }
      let name = "\(option)-activations"
      let pool = try PiecePool.activations(files, context: configuration.context, name: name)
      guard configuration.skipNonfinite else {
        try pool.rows?.checkFinite()
        return pool
      }
      let (finite, rows) = try pool.leavingOutNotFinite(name: name)
      if rows > 0 {
        notes.append(
          "\(name): left out \(rows) rows with NaN or infinity, with the pieces of "
            + "\(pool.context) that they are in: \(pool.tokens - finite.tokens) rows in all")
      }
      return finite
    }

    private func open(_ tokens: String) throws -> TokenStream {
      guard let model = configuration.model else { return try TokenStream(npy: tokens) }
      return try TokenStream(opening: tokens, model: model)
    }

    private func needModel(_ option: String) throws {
      guard configuration.model != nil else {
        throw StudyError(
          option, expected: "--model to run the tokens, or files of activations", found: "neither")
      }
    }

    /// Row i of activations belongs to token i where both are given; else a note names missing rows.
    private mutating func checkRows(
      _ activations: [String], of tokens: [String], _ option: String
    ) throws {
      let harvests = try HarvestFiles(activations)
      try harvests.checkRowsOccurOnce()
      guard !tokens.isEmpty else {
        notes += harvests.missingRows
        return
      }
      do {
        _ = try RowTokens(harvests, tokens: tokens.map { try open($0) })
      } catch let error as ModelError {
        throw StudyError("\(option): \(error)")
      }
    }
  }
}
