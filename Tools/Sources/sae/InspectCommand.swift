import ArgumentParser
import Foundation
import SAECore
import SAEStudy

struct InspectCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract:
      "Makes a page with the latents of an autoencoder and the contexts in which they fire.",
    discussion: """
      Runs the model on tokens and shows for each latent its strongest contexts, how often and how \
      strongly it fires, its neighbors, and the tokens that it promotes. A judge is any program \
      that reads lines {"id": 1, "prompt": "…"} and answers each with a line {"id": 1, "response": \
      "…"}: it explains latents and tells from the explanation where they fire.
      """)

  @Option(help: ArgumentHelp("The autoencoder.", valueName: "directory")) var sae: String
  @OptionGroup var opening: AutoencoderOptions
  @Option(
    help: ArgumentHelp("The language model, in Hugging Face's layout.", valueName: "directory"))
  var model: String
  @Option(
    help: ArgumentHelp(
      "The layer, from 0, whose output the autoencoder reads (default: the one in its files).",
      valueName: "number"))
  var layer: Int?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Tokens (npy) or texts to look at.", valueName: "file"))
  var tokens: [String]
  @Option(help: ArgumentHelp("Tokens to look at, evenly over the files.", valueName: "count"))
  var count = 40_000
  @Option(
    help: ArgumentHelp(
      "Tokens of the stream per sequence that the model runs (default: the number in the "
        + "autoencoder's files, or 255).", valueName: "count"))
  var context: Int?
  @Option(help: ArgumentHelp("Latents on the page, at most.", valueName: "count"))
  var latents = 1000
  @Option(help: ArgumentHelp("A program that judges latents.", valueName: "command"))
  var judge: String?
  @Option(help: ArgumentHelp("Latents to judge, at most.", valueName: "count"))
  var judgeLatents = 100
  @Option(
    help: ArgumentHelp("Seconds to wait for an answer of the judge.", valueName: "seconds"))
  var judgeSeconds = 120.0
  @OptionGroup var origins: OriginOptions
  @Option(
    help: ArgumentHelp(
      "The directory to write, with index.html and latents.json.",
      valueName: "directory"))
  var out: String
  @OptionGroup var overwriting: ForceOption

  /// The page's directory.
  private static let page = Artifact.directory(
    "a page of latents", marks: ["latents.json"], files: ["index.html"])

  static var rules: [OptionRule<InspectCommand>] {
    let own: [OptionRule<InspectCommand>] = [
      OptionRule("sae"), OptionRule("model"), OptionRule("layer", .count(0...100_000)),
      OptionRule("tokens"), OptionRule("count", .count(from: 1)),
      OptionRule("context", .count(1...Int(Int32.max))), OptionRule("latents", .count(from: 1)),
      OptionRule("judge"),
      OptionRule("judge-latents", .count(from: 1)).needs("--judge") { $0.judge != nil },
      OptionRule("judge-seconds", .positive(upTo: 1e9)).needs("--judge") { $0.judge != nil },
      OptionRule("out"), OptionRule("force"),
    ]
    return own + AutoencoderOptions.rules.map { $0.of(\.opening) }
      + OriginOptions.rules.map { $0.of(\.origins) }
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let inspection: Inspection.Options
    let out: String
    let replaces: Bool
  }

  func plan() -> Plan {
    var options = Inspection.Options()
    options.sae = sae
    options.activationScale = opening.activationScale
    options.model = model
    options.layer = layer
    options.tokens = tokens
    options.count = count
    options.context = context
    options.latents = latents
    options.allowsMismatch = origins.allowMismatch
    options.judging = judge.map {
      Inspection.Judging(command: $0, latents: judgeLatents, seconds: judgeSeconds)
    }
    return Plan(inspection: options, out: out, replaces: overwriting.force)
  }

  /// An option that the model or the autoencoder shows to be wrong is wrong usage like any other.
  private static func namingOptions<Result>(_ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch let error as StudyError
      where ["--layer: ", "--context: "].contains(where: error.description.hasPrefix)
    {
      throw UsageError(error.description)
    }
  }

  func run() throws {
    let place = try OutputPlace(
      out, for: Self.page, force: overwriting.force, inputs: [sae, model] + tokens)
    let inspection = try Inspection(plan().inspection)
    var progress: Progress?
    let (browser, html) = try Self.namingOptions {
      try opening.naming {
        try inspection.run { event in
          switch event {
          case .harvesting(let tokens):
            StandardError.write("running the model on \(tokens) tokens")
          case .judging(let done, let total):
            if progress == nil { progress = Progress(total: total) }
            if progress?.isDue(done) == true { progress?.show(done, "latents judged") }
          }
        }
      }
    }
    let latents = Array(try StudyJSON.encoder(pretty: false).encode(browser))
    try place.put { destination, replaces in
      let directory = try AtomicDirectory(destination)
      try AtomicFile.write(latents, to: directory.file("latents.json"))
      try AtomicFile.write(Array(html.utf8), to: directory.file("index.html"))
      try directory.finish(replacing: replaces ? Self.page : nil)
    }
    if let problem = browser.judge?.problem {
      throw ToolError("\(problem); the page without judgments is \(out)/index.html")
    }
    try emit(
      mismatchLines(browser.mismatches)
        + "\(browser.live) of \(browser.latentCount) latents fired, \(browser.cards.count) shown")
    if let judge = browser.judge {
      try emit(
        "judge: \(judge.latentsJudged) latents, mean score \(fixed(judge.meanScore, 3)), "
          + "\(judge.malformedAnswers) of \(judge.requests) answers malformed, "
          + "\(judge.unreadableTexts) texts unreadable, \(judge.latentsLeftOut) latents left out")
    }
    try emit("report: \(oneLine(out))/index.html")
  }
}
