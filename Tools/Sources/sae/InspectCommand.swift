import ArgumentParser
import Foundation
import SAECore
import SAEStudy

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Makes a page with the latents of an autoencoder and where they fire.",
    discussion: """
      Runs the model on tokens and shows for each latent its strongest contexts, how often and how \
      strongly it fires, its neighbours, and the tokens that it promotes. A judge is any program \
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
      "The layer, from 0, whose output the autoencoder reads (default: what its files say).",
      valueName: "number"))
  var layer: Int?
  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Token ids (npy) to look at.", valueName: "file"))
  var tokens: [String]
  @Option(help: ArgumentHelp("Tokens to look at, evenly over the files.", valueName: "count"))
  var count = 40_000
  @Option(
    help: ArgumentHelp(
      "Tokens of the stream in a sequence that the model runs.", valueName: "count"))
  var context = 255
  @Option(help: ArgumentHelp("Latents on the page, at most.", valueName: "count"))
  var latents = 1000
  @Option(help: ArgumentHelp("A program that judges latents.", valueName: "command"))
  var judge: String?
  @Option(help: ArgumentHelp("Latents to judge, at most.", valueName: "count"))
  var judgeLatents = 100
  @Option(
    help: ArgumentHelp("Seconds to wait for an answer of the judge.", valueName: "seconds"))
  var judgeSeconds = 120.0
  @Option(
    help: ArgumentHelp(
      "The directory to write, with index.html and latents.json.",
      valueName: "directory"))
  var out: String
  @OptionGroup var overwriting: ForceOption

  /// The page's directory.
  private static let page = Artifact.directory(
    "a page of latents", marks: ["latents.json"], files: ["index.html"])

  func run() throws {
    let place = try OutputPlace(
      out, for: Self.page, force: overwriting.force, inputs: [sae, model] + tokens)
    var options = Inspection.Options()
    options.sae = sae
    options.activationScale = opening.activationScale
    options.model = model
    options.layer = layer
    options.tokens = tokens
    options.count = count
    options.context = context
    options.latents = latents
    options.judge = judge
    options.judged = judgeLatents
    options.patience = judgeSeconds
    let inspection = try Inspection(options)
    var progress: Progress?
    let (browser, html) = try inspection.run { event in
      switch event {
      case .harvesting(let tokens):
        StandardError.write("running the model on \(tokens) tokens")
      case .judging(let done, let total):
        if progress == nil { progress = Progress(total: total) }
        if progress?.isDue(done) == true { progress?.show(done, "latents judged") }
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let latents = Array(try encoder.encode(browser))
    try place.put { destination, replaces in
      let directory = try AtomicDirectory(destination)
      try AtomicFile.write(latents, to: directory.file("latents.json"))
      try AtomicFile.write(Array(html.utf8), to: directory.file("index.html"))
      try directory.finish(replacing: replaces ? Self.page : nil)
    }
    try emit(
      "\(browser.live) of \(browser.latentCount) latents fired, \(browser.cards.count) shown")
    if let judge = browser.judge {
      try emit(
        "judge: \(judge.latentsJudged) latents, mean score \(fixed(judge.meanScore, 3)), "
          + "\(judge.malformedAnswers) of \(judge.requests) answers malformed, "
          + "\(judge.unreadableTexts) texts unreadable, \(judge.latentsLeftOut) latents left out")
    }
    try emit("report: \(out)/index.html")
  }
}
