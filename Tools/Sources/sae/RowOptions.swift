import ArgumentParser
import SAECore
import SAEModels

/// Which rows of activations are taken.
struct RowOptions: ParsableArguments {
  @Flag(
    help: "Leave out rows of activations with NaN or infinity; without this they are an error.")
  var skipNonfinite = false
  @Option(
    help: ArgumentHelp(
      "Token ids with commas between, such as 0,1,2: their rows are left out. For files of "
        + "activations, --tokens names the file of the rows' tokens.",
      valueName: "ids"))
  var skipTokens: TokenIDs?

  /// The options as arguments.
  var recorded: [String] {
    (skipNonfinite ? ["--skip-nonfinite"] : []) + argument("skip-tokens", skipTokens?.text)
  }

  /// Throws if an option is given that differs from those a run began with.
  func check(against began: RowOptions) throws {
    try RecordedOptions.check("skip-tokens", skipTokens?.text, began.skipTokens?.text)
    try RecordedOptions.check(
      "skip-nonfinite", skipNonfinite ? true : nil, began.skipNonfinite)
  }
}

/// Token ids with commas between.
struct TokenIDs: ExpressibleByArgument, Equatable {
  let ids: Set<UInt32>

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let ids = parts.compactMap { UInt32($0.filter { !$0.isWhitespace }) }
    guard !ids.isEmpty, ids.count == parts.count else { return nil }
    self.ids = Set(ids)
  }

  /// In ascending order.
  var text: String { ids.sorted().map(String.init).joined(separator: ",") }
}

/// The options of commands that measure on rows of activations in files: which rows, and the tokens by
/// which some are left out.
struct MeasuredRowOptions: ParsableArguments {
  @OptionGroup var rows: RowOptions
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Files (npy) with the token ids of the rows, row i of token i, for --skip-tokens.",
      valueName: "file"))
  var tokens: [String] = []

  static var rules: [OptionRule<MeasuredRowOptions>] {
    [
      OptionRule("skip-nonfinite"),
      OptionRule("skip-tokens", .ids).needs("--tokens, the tokens of the rows") {
        !$0.tokens.isEmpty
      },
      OptionRule("tokens").needs("--skip-tokens") { $0.rows.skipTokens != nil },
    ]
  }
}

/// Activations that a command reads, and their origins.
struct OpenedActivations {
  var source: any ActivationSource
  /// The origins that the files record.
  var origins = OriginCheck()
  /// Rows that are left out; nil where none should be.
  var leftOut: LeftOutRows?
}

/// How many rows are not taken, and why.
struct LeftOutRows: Encodable, Equatable {
  /// With NaN or infinity.
  var notFinite: Int?
  /// Of tokens that are left out.
  var tokens: Int?

  /// The rows of a table.
  var rows: [(name: String, value: String)] {
    [("rows left out, not finite", notFinite), ("rows left out, by token", tokens)]
      .compactMap { name, value in value.map { (name, count($0)) } }
  }
}

extension ActivationOptions {
  /// Opens the files and takes the rows that are wanted, or all.
  ///
  /// - Parameter tokens: files of the rows' token ids.
  /// - Throws: as ``OpenedActivations/init(_:tensor:without:tokens:skipsNonfinite:)`` does.
  func open(_ rows: RowOptions? = nil, tokens: [String] = []) throws -> OpenedActivations {
    guard !activations.isEmpty else {
      throw ValidationError("--activations: expected at least one file, found none")
    }
    return try OpenedActivations(
      activations, tensor: tensor, without: rows?.skipTokens, tokens: tokens,
      skipsNonfinite: rows?.skipNonfinite ?? false)
  }
}

extension MeasuredActivationOptions {
  /// Opens the files and takes the rows that are wanted, or all.
  ///
  /// - Parameter tokens: files of the rows' token ids.
  /// - Throws: as ``OpenedActivations/init(_:tensor:without:tokens:skipsNonfinite:)`` does.
  func open(_ rows: RowOptions? = nil, tokens: [String] = []) throws -> OpenedActivations {
    try OpenedActivations(
      activations, tensor: tensor, without: rows?.skipTokens, tokens: tokens,
      skipsNonfinite: rows?.skipNonfinite ?? false)
  }
}

extension OpenedActivations {
  /// Opens files, and prints a note where rows of a harvest are missing.
  ///
  /// - Parameters:
  ///   - paths: files, or folders of them.
  ///   - tensor: the tensor's name in files of several.
  ///   - skipped: tokens whose rows are not taken.
  ///   - tokens: files of the rows' token ids.
  ///   - skipsNonfinite: whether rows with NaN or infinity are not taken.
  /// - Throws: ``ToolError`` if no row is left, ``ModelError`` if tokens are not those of the rows, and
  ///   the errors of reading files.
  init(
    _ paths: [String], tensor: String? = nil, without skipped: TokenIDs? = nil,
    tokens: [String] = [], skipsNonfinite: Bool = false
  ) throws {
    let files = try HarvestFiles(paths, tensor: tensor)
    try files.checkRowsOccurOnce()
    for line in files.missingRows { Progress.note(line) }
    self.init(source: try ActivationFiles(paths, tensor: tensor))
    for part in files.parts { origins.add(part.file, try ActivationOrigin(file: part.file)) }
    if let skipped {
      let all = try RowTokens(files, tokens: tokens.map { try TokenStream(npy: $0) })
      take(try all.rows(without: skipped.ids)) { $0.tokens = $1 }
    }
    guard skipsNonfinite else { return }
    var progress = Progress(total: source.tokens)
    let finite = try source.finiteRows { done in
      if progress.isDue(done) { progress.show(done, "rows searched for NaN") }
    }
    guard !finite.isEmpty else {
      throw ToolError("\(paths[0]): expected a row that is finite, found none")
    }
    take(finite) { $0.notFinite = $1 }
  }

  /// Goes on with some rows, and notes how many others there were.
  mutating func take(_ ranges: [Range<Int>], _ note: (inout LeftOutRows, Int) -> Void) {
    let count = ranges.reduce(0) { $0 + $1.count }
    var leftOut = leftOut ?? LeftOutRows()
    note(&leftOut, source.tokens - count)
    self.leftOut = leftOut
    guard count < source.tokens else { return }
    source = SelectedActivations(source, ranges)
  }
}
