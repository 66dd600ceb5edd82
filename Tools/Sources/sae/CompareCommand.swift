import ArgumentParser
import SAECore
import SAEMetrics

struct CompareCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract:
      "Puts autoencoders side by side: on the same activations, and dictionary by dictionary.",
    discussion: """
      For each pair of dictionaries a table shows how alike their decoder rows are. Each row of the \
      first has a nearest row in the second: "nearest" is the mean of their cosines, "the other way" \
      the same with the two dictionaries exchanged, "has one ≥ 0.7" the share of rows whose nearest \
      row has at least that cosine. Then rows are matched one to one for the largest sum of cosines \
      (of encoder rows as well, where both have as many). Matching is exact up to 4096 latents; above, \
      it chooses among the 32 nearest candidates of each row. "matched" is the mean cosine of the \
      pairs, "matched ≥ 0.7" the share of rows in a pair with at least that cosine, "encoder too" the \
      share of rows whose encoder rows have it as well.
      """)

  @Option(
    name: .long, parsing: .upToNextOption,
    help: ArgumentHelp("The autoencoders' directories, two or more.", valueName: "directory"))
  var sae: [String]
  @OptionGroup var opening: AutoencoderOptions
  @OptionGroup var input: MeasuredActivationOptions
  @OptionGroup var measured: MeasuredRowOptions
  @OptionGroup var origins: OriginOptions
  @Flag(help: "Measure also how much of the errors is a linear function of the activations.")
  var linearResidual = false
  @Flag(help: "Print one JSON object instead of tables.") var json = false

  static var rules: [OptionRule<CompareCommand>] {
    let own: [OptionRule<CompareCommand>] = [
      OptionRule("sae"), OptionRule("linear-residual"), OptionRule("json"),
    ]
    return own + MeasuringPlan.rules(\.opening, \.input, \.measured, \.origins)
  }

  func plan() -> MeasuringPlan {
    MeasuringPlan(
      sae, opening, input, measured, origins, linearResidual: linearResidual, json: json)
  }

  func validate() throws {
    guard sae.count > 1 else {
      throw ValidationError("--sae: expected at least two autoencoders, found \(sae.count)")
    }
  }

  func run() throws {
    let opened = try input.open(measured.rows, tokens: measured.tokens)
    let loaded = try opening.open(sae)
    var origins = opened.origins
    for autoencoder in loaded { origins.add(autoencoder.path, autoencoder.activationOrigin) }
    let mismatches = try self.origins.check(origins)
    let run = try EvaluationRun(opened.source, linearResidual: linearResidual)
    // All of them first: the last must not fail after an hour of the others.
    for autoencoder in loaded {
      try autoencoder.checkReconstructsItsInput()
      try autoencoder.check(opened.source)
    }
    let evaluations = try loaded.map { EvaluationReport($0, try run.measure($0)) }
    for evaluation in evaluations { evaluation.warn() }
    var matches: [DictionaryComparison] = []
    for first in loaded.indices {
      for second in loaded.indices.dropFirst(first + 1) {
        matches.append(try DictionaryComparison(first, second, of: loaded))
      }
    }
    let report = ComparisonReport(
      evaluations: evaluations, dictionaries: matches,
      mismatches: mismatches.isEmpty ? nil : mismatches, leftOut: opened.leftOut)
    try emit(json ? try jsonText(report) : report.tables())
  }
}

/// Two dictionaries matched against each other.
struct DictionaryComparison: Encodable {
  /// Places in the list of autoencoders.
  let first: Int
  let second: Int
  /// Whether the matching is of all rows with all, or among candidates.
  let isExact: Bool
  /// Mean over the rows of the first of the largest cosine with a row of the second.
  let meanMaximumCosine: Double?
  let reverseMeanMaximumCosine: Double?
  /// Rows of the first with a row of the second at a cosine of 0.7 or more.
  let reachableFraction: Double?
  /// Rows of the first matched at a cosine of 0.7 or more.
  let matchedFraction: Double?
  let meanMatchedCosine: Double?
  /// Rows of the first matched at cosines of 0.7 or more of decoder and encoder rows.
  let sharedFraction: Double?

  /// Latents up to which all cosines are held.
  private static let exactLimit = 4096

  init(_ first: Int, _ second: Int, of loaded: [SAE]) throws {
    self.first = first
    self.second = second
    let (a, b) = (loaded[first].autoencoder.decoder, loaded[second].autoencoder.decoder)
    let similarity = try DictionarySimilarity(a, b)
    meanMaximumCosine = similarity.meanMaximumCosine
    reverseMeanMaximumCosine = similarity.reverseMeanMaximumCosine
    reachableFraction = similarity.reachableFraction()
    isExact = max(a.rows, b.rows) <= Self.exactLimit
    guard isExact else {
      let matching = try CandidateMatching(a, b)
      matchedFraction = matching?.matchedFraction()
      let cosines = matching?.cosines.compactMap { $0 } ?? []
      meanMatchedCosine =
        cosines.isEmpty ? nil : cosines.reduce(0, +) / Double(cosines.count)
      sharedFraction = nil
      return
    }
    let encoders = [first, second].compactMap { loaded[$0].autoencoder.encoder }
    let matching =
      encoders.count == 2
      ? try DictionaryMatching(a: (encoders[0], a), b: (encoders[1], b))
      : try DictionaryMatching(a, b)
    matchedFraction = matching.matchedFraction()
    meanMatchedCosine = matching.meanCosine
    sharedFraction = matching.sharedFraction()
  }
}

/// The output of `compare`.
struct ComparisonReport: Encodable {
  let evaluations: [EvaluationReport]
  let dictionaries: [DictionaryComparison]
  /// Pairs of inputs of different origins, one line per pair; nil where all have one origin.
  let mismatches: [String]?
  /// Rows that were left out; nil where none should be.
  let leftOut: LeftOutRows?

  /// A, B, C … so that columns stay narrow; the legend says which is which.
  private func letter(_ index: Int) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return index < letters.count ? String(letters[index]) : "\(index + 1)"
  }

  func tables() -> String {
    let legend = evaluations.enumerated().map {
      ("\(letter($0))", "\(oneLine($1.sae)) (\($1.architecture), \($1.layout))")
    }
    // A row that only one of them has would shift the others.
    let names = evaluations[0].rows.map(\.name).filter { name in
      evaluations.allSatisfy { $0.rows.contains { $0.name == name } }
    }
    let metrics = names.map { name in
      [name] + evaluations.map { $0.rows.first { $0.name == name }?.value ?? "–" }
    }
    let heads = [
      "decoder rows", "nearest", "the other way", "has one ≥ 0.7", "matched", "matched ≥ 0.7",
      "encoder too",
    ]
    let pairing = dictionaries.map { pair in
      [
        "\(letter(pair.first)) with \(letter(pair.second))", fixed(pair.meanMaximumCosine, 4),
        fixed(pair.reverseMeanMaximumCosine, 4), fixed(pair.reachableFraction, 4),
        fixed(pair.meanMatchedCosine, 4), fixed(pair.matchedFraction, 4),
        fixed(pair.sharedFraction, 4),
      ]
    }
    let all = legend + (leftOut?.rows ?? []).map { ($0.name, $0.value) }
    return mismatchLines(mismatches)
      + [
        pairs(all), table([[""] + evaluations.indices.map(letter)] + metrics),
        table([heads] + pairing),
      ].joined(separator: "\n\n")
  }
}
