import Foundation
import SAECore
import SAEMetrics
import SAEModels

/// Makes the latents browser of one autoencoder on a stream of tokens.
public struct Inspection: Sendable {
  public struct Options: Codable, Equatable, Sendable {
    /// The autoencoder's directory or file.
    public var sae = ""
    /// The factor that activations were multiplied by in training, where its files say that there was one
    /// and not which.
    public var activationScale: Double?
    public var model = ""
    /// The layer it was trained on; nil takes that of the autoencoder's files.
    public var layer: Int?
    public var tokens: [String] = []
    /// Tokens to look at.
    public var count = 40_000
    /// Tokens of a sequence; nil takes the number of the autoencoder's files, or 255.
    public var context: Int?
    /// Latents on the page, at most.
    public var latents = 1000
    /// Whether the autoencoder may be of another model, place or protocol.
    public var allowsMismatch = false
    /// How latents are judged, if they are.
    public var judging: Judging?

    public init() {}
  }

  /// How latents are judged.
  public struct Judging: Codable, Equatable, Sendable {
    /// A program, run by the shell.
    public var command: String
    /// Latents to judge, at most.
    public var latents: Int
    /// Seconds to wait for an answer.
    public var seconds: Double

    public init(command: String, latents: Int, seconds: Double) {
      self.command = command
      self.latents = latents
      self.seconds = seconds
    }
  }

  public let options: Options

  /// - Throws: ``StudyError`` naming an option.
  public init(_ options: Options) throws(StudyError) {
    let counts = [
      ("--count", options.count), ("--context", options.context ?? 1),
      ("--latents", options.latents), ("--judge-latents", options.judging?.latents ?? 1),
    ]
    for (name, value) in counts where value < 1 {
      throw StudyError(name, expected: "at least 1", found: "\(value)")
    }
    if let seconds = options.judging?.seconds, !(seconds.isFinite && seconds > 0) {
      throw StudyError("--judge-seconds", expected: "a positive number", found: "\(seconds)")
    }
    self.options = options
  }

  public enum Event: Sendable {
    case harvesting(tokens: Int)
    case judging(_ done: Int, of: Int)
  }

  /// The page of one autoencoder, and its content.
  public func run(
    progress: (Event) -> Void = { _ in }
  ) throws -> (browser: LatentBrowser, html: String) {
    let sae = try SAE.open(options.sae, activationScale: options.activationScale)
    let autoencoder = sae.autoencoder
    let origin = sae.activationOrigin
    let model = try LanguageModels.load(options.model, options: ModelOptions(matching: origin))
    let hook = try place(origin, model)
    let context = options.context ?? origin.context ?? 255
    let width = try model.width(at: hook)
    guard autoencoder.inputDimension == width else {
      throw StudyError(
        options.sae,
        expected: "an autoencoder of width \(width), as \(options.model) has at \(hook.name)",
        found: "width \(autoencoder.inputDimension)")
    }
    // The prefix takes a position as well.
    let room = model.maximumContext - (origin.prefix == .nothing ? 0 : 1)
    guard context <= room else {
      throw StudyError(
        options.context == nil ? "\(options.sae): the context" : "--context",
        expected: "1 to \(room) tokens, as \(options.model) has positions", found: "\(context)")
    }
    let tokenizer = try tokenizer()
    let pool = try PiecePool.tokens(
      options.tokens, model: options.model, context: context, name: "--tokens"
    )
    .selecting(tokens: options.count)
    let ids = try pool.ids()
    let harvester = try ActivationHarvester(
      model, at: hook, tokens: TokenStream(ids),
      options: PieceOptions(context: context, prefix: prefix(origin)))
    let mismatches = try mismatches(origin, harvester)
    progress(.harvesting(tokens: ids.count))
    let activations = try harvester.matrix(rows: 0..<ids.count)
    try sae.check(activations)
    let special = tokenizer?.special ?? []
    let text = HeldOutText(
      source: activations, fitting: Matrix(rows: 0, columns: width),
      tokenIDs: ids.map { Int($0) }, counts: ids.map { !special.contains(Int($0)) },
      contexts: ids.indices.map { $0 / context })
    var making = BrowserMaking(
      autoencoder: autoencoder, text: text,
      texts: { $0.map { " [\($0)]" } })
    if addsToStream(hook, sae, model) {
      making.promotions = { directions in model.directEffects(of: directions.view) }
    }
    if let tokenizer { making.texts = { ids in tokenizer.texts(ids) } }
    making.limit = options.latents
    let gathered = try making.gather()
    let name = URL(fileURLWithPath: options.sae).lastPathComponent
    var browser = try making.browser(title: name, gathered: gathered)
    browser.mismatches = mismatches.isEmpty ? nil : mismatches
    if let wanted = options.judging {
      var judging = LatentJudging(command: wanted.command)
      judging.limit = wanted.latents
      judging.patience = wanted.seconds
      try judging.judge(
        &browser, examples: gathered.examples, activeRows: gathered.firings.rows, text: text,
        texts: making.texts
      ) { done, total in progress(.judging(done, of: total)) }
    }
    let report = InspectionReport(
      browser, subject: "\(name) on \(model.name), \(hook.name)", sparsity: gathered.sparsity)
    return (browser, try report.html())
  }

  /// The mismatches, where they are allowed.
  ///
  /// - Throws: ``StudyError`` where they are not.
  private func mismatches(
    _ origin: ActivationOrigin, _ harvester: ActivationHarvester
  ) throws -> [String] {
    let weights = try origin.weights.map { _ in try LanguageModels.fingerprint(options.model) }
    var origins = OriginCheck()
    origins.add(options.sae, origin)
    origins.add(options.model, harvester.origin(weights: weights))
    guard let first = origins.mismatches.first else { return [] }
    guard options.allowsMismatch else {
      throw StudyError("\(first); add --allow-mismatch to go on")
    }
    return origins.mismatches.map { "\($0)" }
  }

  /// The prefix of each sequence: that of the autoencoder's files, or the model's own token.
  private func prefix(_ origin: ActivationOrigin) -> SequencePrefix {
    switch origin.prefix {
    case .nothing: SequencePrefix.none
    case .token(let id): UInt32(exactly: id).map { .token($0) } ?? .beginningOfSequence
    case .unnamed, nil: .beginningOfSequence
    }
  }

  /// Whether the decoder's rows are directions of the residual stream, or of what is added to it.
  private func addsToStream(_ hook: HookPoint, _ sae: SAE, _ model: LanguageModel) -> Bool {
    guard sae.autoencoder.outputDimension == model.width else { return false }
    let output = sae.metadata("hook_name_out")?.asString.flatMap { HookPoint(HookName($0)) }
    switch output?.site ?? hook.site {
    case .attentionHeads, .normalized, .feedForwardInput, .hidden: return sae.isTranscoder
    default: return true
    }
  }

  private func place(
    _ origin: ActivationOrigin, _ model: LanguageModel
  ) throws -> HookPoint {
    if let layer = options.layer {
      guard (0..<model.layerCount).contains(layer) else {
        throw StudyError("--layer", expected: "0 to \(model.layerCount - 1)", found: "\(layer)")
      }
      return .residPost(layer)
    }
    guard let hook = origin.hook else {
      throw StudyError(
        "--layer", expected: "the layer, which \(options.sae) does not tell", found: "none")
    }
    do {
      return try model.architecture.hook(named: hook)
    } catch {
      throw StudyError(
        options.sae, expected: "an autoencoder of a place in \(options.model)",
        found: "one of \(hook)")
    }
  }

  private func tokenizer() throws -> TokenTexts? {
    let file = "\(options.model)/tokenizer.json"
    return FileManager.default.fileExists(atPath: file) ? try TokenTexts(file: file) : nil
  }
}
