import Foundation
import SAECore
import SAEMetrics
import SAEModels

/// Makes the latents browser of one autoencoder on a stream of tokens.
public struct Inspection: Sendable {
  public struct Options: Sendable {
    /// The autoencoder's directory or file.
    public var sae = ""
    /// What activations were multiplied by in training, where its files say that they were and not
    /// by what.
    public var activationScale: Double?
    public var model = ""
    /// The layer it was trained on; none takes what the autoencoder's files say.
    public var layer: Int?
    public var tokens: [String] = []
    /// Tokens to look at.
    public var count = 40_000
    public var context = 255
    /// Latents on the page, at most.
    public var latents = 1000
    public var judge: String?
    /// Latents to judge, at most.
    public var judged = 100
    /// Seconds to wait for an answer of the judge.
    public var patience = 120.0

    public init() {}
  }

  public let options: Options

  /// - Throws: ``StudyError`` naming an option.
  public init(_ options: Options) throws(StudyError) {
    let counts = [
      ("--count", options.count), ("--context", options.context), ("--latents", options.latents),
      ("--judge-latents", options.judged),
    ]
    for (name, value) in counts where value < 1 {
      throw StudyError(name, expected: "at least 1", found: "\(value)")
    }
    guard options.patience.isFinite, options.patience > 0 else {
      throw StudyError(
        "--judge-seconds", expected: "a positive number", found: "\(options.patience)")
    }
    self.options = options
  }

  public enum Event: Sendable {
    case harvesting(tokens: Int)
    case judging(_ done: Int, of: Int)
  }

  /// The page of one autoencoder, and what is on it.
  public func run(
    progress: (Event) -> Void = { _ in }
  ) throws -> (browser: LatentBrowser, html: String) {
    let sae = try SAE.open(options.sae, activationScale: options.activationScale)
    let autoencoder = sae.autoencoder
    let model = try LanguageModels.load(options.model)
    let hook = try place(sae, model)
    guard autoencoder.inputDimension == model.width, autoencoder.outputDimension == model.width
    else {
      throw StudyError(
        options.sae, expected: "an autoencoder of width \(model.width), as \(options.model) has",
        found: "width \(autoencoder.inputDimension)")
    }
    let tokenizer = try tokenizer()
    let pool = try PiecePool.tokens(options.tokens, context: options.context, name: "--tokens")
      .selecting(tokens: options.count)
    let ids = try pool.ids()
    progress(.harvesting(tokens: ids.count))
    let harvester = try ActivationHarvester(
      model, at: hook, tokens: TokenStream(ids), options: PieceOptions(context: options.context))
    let activations = try harvester.matrix(rows: 0..<ids.count)
    try sae.check(activations)
    let special = tokenizer?.special ?? []
    let text = HeldOutText(
      source: activations, fitting: Matrix(rows: 0, columns: model.width),
      tokenIDs: ids.map { Int($0) }, mask: ids.map { !special.contains(Int($0)) },
      contexts: ids.indices.map { $0 / options.context })
    var making = BrowserMaking(
      trained: TrainedAutoencoder(autoencoder: autoencoder, dictionary: sae.decoder), text: text,
      texts: { $0.map { " [\($0)]" } },
      promotions: { directions in model.logits(directions.view) })
    if let tokenizer { making.texts = { ids in tokenizer.texts(ids) } }
    making.limit = options.latents
    let gathered = try making.gather()
    let name = URL(fileURLWithPath: options.sae).lastPathComponent
    var browser = try making.browser(title: name, gathered: gathered)
    if let command = options.judge {
      var judging = LatentJudging(command: command)
      judging.limit = options.judged
      judging.patience = options.patience
      try judging.judge(
        &browser, examples: gathered.examples, activeRows: gathered.activeRows, text: text,
        texts: making.texts
      ) { done, total in progress(.judging(done, of: total)) }
    }
    let report = InspectionReport(
      browser, subject: "\(name) on \(model.name), \(hook.name)", sparsity: gathered.sparsity)
    return (browser, try report.html())
  }

  private func place(
    _ sae: SAE, _ model: any LanguageModel
  ) throws -> HookPoint {
    if let layer = options.layer {
      guard (0..<model.layerCount).contains(layer) else {
        throw StudyError("--layer", expected: "0 to \(model.layerCount - 1)", found: "\(layer)")
      }
      return .residPost(layer)
    }
    guard let name = sae.metadata("hook_name")?.asString else {
      throw StudyError(
        "--layer", expected: "the layer, which \(options.sae) does not tell", found: "none")
    }
    return try HookPoint(name)
  }

  private func tokenizer() throws -> TokenTexts? {
    let file = "\(options.model)/tokenizer.json"
    return FileManager.default.fileExists(atPath: file) ? try TokenTexts(file: file) : nil
  }
}
