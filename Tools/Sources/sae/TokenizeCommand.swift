import ArgumentParser
import Foundation
import SAECore
import SAEModels

struct TokenizeCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Turns texts into a file of a model's tokens.",
    discussion: """
      Takes text (.txt), JSON lines (.jsonl), CSV (.csv), Parquet (.parquet) and Arrow (.arrow), and \
      folders of them, in the order of their names. A .txt file is one document; the other formats have \
      one on each line or row. Documents follow one another, each with the separator after it. The \
      tokens are written as a NumPy file of uint16 where all ids fit, else uint32, and beside it a \
      JSON file says what they were made from. Commands that run a model also take texts in the place \
      of such a file.
      """)

  @Argument(
    help: ArgumentHelp("Files of texts, or folders of them.", valueName: "corpus")) var corpus:
    [String]
  @Option(
    help: ArgumentHelp(
      "A model's directory with tokenizer.json, or with vocab.json and merges.txt.",
      valueName: "directory"))
  var model: String
  @Option(help: ArgumentHelp("The file of tokens to write.", valueName: "file")) var out: String
  @Option(
    help: ArgumentHelp(
      "The field or column that has the text, in all formats but .txt (default: text).",
      valueName: "name"))
  var field: String?
  @Flag(help: "Take what lies between blank lines of a .txt file as a document.")
  var splitBlankLines = false
  @Option(
    help: ArgumentHelp(
      "The token after each document: its id, or none (default: the eos_token_id of config.json).",
      valueName: "id"))
  var separator: BeginningOfSequence?
  @Option(
    help: ArgumentHelp(
      "Token ids with commas between, such as 0,1,2: they are left out.", valueName: "ids"))
  var skipTokens: TokenIDs?
  @Option(help: ArgumentHelp("Write the first tokens alone.", valueName: "count"))
  var maxTokens: Int?
  @OptionGroup var overwriting: ForceOption

  static var rules: [OptionRule<TokenizeCommand>] {
    [
      OptionRule("model"), OptionRule("out"), OptionRule("field"),
      OptionRule("split-blank-lines"),
      OptionRule("separator", .text("a token's id or none", BeginningOfSequence.self)),
      OptionRule("skip-tokens", .ids), OptionRule("max-tokens", .count(from: 1)),
      OptionRule("force"),
    ]
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let corpus: [String]
    let model: String
    let out: String
    let field: String
    let splitsAtBlankLines: Bool
    let separator: String?
    let skippedTokens: String?
    let maxTokens: Int?
    let replaces: Bool
  }

  func plan() -> Plan {
    Plan(
      corpus: corpus, model: model, out: out, field: field ?? "text",
      splitsAtBlankLines: splitBlankLines, separator: separator?.argument,
      skippedTokens: skipTokens?.text, maxTokens: maxTokens, replaces: overwriting.force)
  }

  func validate() throws {
    guard !corpus.isEmpty else {
      throw ValidationError("expected a file or folder of texts, found none")
    }
    guard out.hasSuffix(".npy") else {
      throw ValidationError("--out: expected a name that ends in .npy, found \(out)")
    }
  }

  func run() throws {
    Interruption.listen()
    let place = try OutputPlace(
      out, for: .tokens, force: overwriting.force, inputs: corpus + [model])
    defer { withExtendedLifetime(place) {} }
    let description = CorpusTokens.descriptionPath(of: place.path)
    if !overwriting.force, FileManager.default.fileExists(atPath: description) {
      throw FileError.alreadyExists(file: description)
    }
    let tokens = try tokens()
    var progress = Progress(total: tokens.corpus.byteCount)
    let written = try tokens.write(place.path, replacing: place.replaces) { done in
      try Interruption.stopIfAsked()
      progress.showText(done)
    }
    let rate = Double(written.tokens) / max(progress.elapsed, 1e-9)
    try emit(
      "\(oneLine(out)): \(grouped(Double(written.tokens))) tokens (\(tokens.elementType)) of "
        + "\(grouped(Double(written.documents))) documents, "
        + (written.separator.map { "each followed by token \($0)" } ?? "without a separator")
        + "; \(grouped(rate)) tokens/s on \(Threads.count) threads")
  }

  private func tokens() throws -> CorpusTokens {
    let texts = try TextCorpus(
      corpus, options: .init(field: field ?? "text", splitsAtBlankLines: splitBlankLines))
    let hasRecords = texts.files.contains { TextFormat(file: $0) != .text }
    if field != nil, !hasRecords { throw UsageError("--field: needs files of records, found .txt") }
    if splitBlankLines, !texts.files.contains(where: { TextFormat(file: $0) == .text }) {
      throw UsageError("--split-blank-lines: needs files of plain text, found others")
    }
    let vocabulary = try ModelVocabulary(directory: model)
    let tokenizer = try Tokenizer(model)
    do {
      return try CorpusTokens(
        texts, tokenizer,
        options: CorpusTokens.Options(
          separator: try separator(vocabulary), skippedTokens: skipTokens?.ids ?? [],
          limit: maxTokens),
        vocabularySize: vocabulary.size)
    } catch ModelError.invalidOption(_, let expected, let found) {
      throw UsageError("--separator: expected \(expected), found \(found)")
    }
  }

  private func separator(_ vocabulary: ModelVocabulary) throws -> UInt32? {
    switch separator?.prefix {
    case .token(let id): return id
    case .some: return nil
    case nil:
      guard let end = vocabulary.endOfText else {
        throw UsageError(
          "--separator: expected a token's id or none, as the model's configuration names no end of "
            + "text, found neither")
      }
      return end
    }
  }
}
