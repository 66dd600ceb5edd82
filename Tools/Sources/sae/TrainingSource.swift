import ArgumentParser
import SAECore
import SAEModels

/// The source of a training run's activations: files, or a model that runs while it trains.
struct TrainingSource: ParsableArguments {
  @OptionGroup var files: ActivationOptions
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Files of the activations that a transcoder should predict from --activations, row by row.",
      valueName: "file"))
  var targets: [String] = []
  @OptionGroup var model: ModelArguments

  @OptionGroup var rows: RowOptions
  @OptionGroup var origins: OriginOptions

  /// Checks that either is named, a file of tokens where it is needed, and targets for a variant that
  /// needs them.
  func check(tokens: String?, _ variant: Variant) throws {
    guard !variant.takesTargets || !targets.isEmpty else {
      throw ValidationError("--targets: expected files for a \(variant.name), found none")
    }
    guard model.model != nil else {
      guard !files.activations.isEmpty else {
        throw ValidationError("expected --activations or --model, found neither")
      }
      if let tokens, rows.skipTokens == nil {
        throw ValidationError(
          "--tokens: expected a whole number, --model to run the file with, or --skip-tokens to leave "
            + "out rows by it, found \"\(tokens)\"")
      }
      return
    }
    guard files.activations.isEmpty else {
      throw ValidationError("expected --activations or --model, found both")
    }
    guard tokens != nil else {
      throw ValidationError("--tokens: expected a file of tokens for the model, found none")
    }
    _ = try model.place()
  }

  /// The size of files up to which all rows are checked before the first step; in larger files a row is
  /// checked when it is drawn.
  private static let lookedAtFirst = 1 << 30

  /// Opens the activations. A model runs on another thread, ahead of the reader.
  ///
  /// - Throws: ``ToolError`` if files are of different origins and that is not allowed,
  ///   ``FileError``, and the errors of reading activations.
  func open(tokens: String?) throws -> TrainingActivations {
    guard model.model != nil, let tokens else {
      let opened = try files.open(rows, tokens: tokens.map { [$0] } ?? [])
      let mismatches = try origins.check(opened.origins)
      if !rows.skipNonfinite, opened.source.tokens * opened.source.width <= Self.lookedAtFirst / 4 {
        try opened.source.checkFinite()
      }
      let openedTargets =
        try targets.isEmpty ? nil : OpenedActivations(targets, tensor: files.tensor)
      let targets = openedTargets?.source
      var metadata: [String: JSONValue] = [:]
      metadata["rows_left_out_not_finite"] = opened.leftOut?.notFinite.map { .integer($0) }
      metadata["rows_left_out_by_token"] = opened.leftOut?.tokens.map { .integer($0) }
      metadata["skipped_tokens"] = rows.skipTokens.map { .string($0.text) }
      metadata["hook_name_out"] = (openedTargets?.origins.common.hook?.text).map { .string($0) }
      return TrainingActivations(
        source: opened.source, targets: targets, origin: opened.origins.common,
        mismatches: mismatches, leftOut: opened.leftOut, metadata: metadata)
    }
    let harvester = try model.harvester(tokens: tokens, without: rows.skipTokens)
    var metadata: [String: JSONValue] = ["dataset_path": .string(tokens)]
    metadata["skipped_tokens"] = rows.skipTokens.map { .string($0.text) }
    var origin = harvester.origin(weights: try model.weights())
    origin.model = try model.directory()
    return TrainingActivations(
      source: ReadAheadActivations(harvester, batchTokens: harvester.batchTokens), origin: origin,
      metadata: metadata)
  }

  /// The options as arguments that mean the same in any working directory; the file of tokens is
  /// among those of the run.
  var recorded: [String] {
    (model.model == nil ? files.recorded + recordedTargets : model.recorded) + rows.recorded
      + origins.recorded
  }

  private var recordedTargets: [String] {
    targets.isEmpty ? [] : ["--targets"] + targets.map { absolute($0) }
  }

  /// The source of a run that goes on and that began with this source.
  ///
  /// - Parameter given: the present places of files, if they are given; all other options must be the
  ///   same.
  func resumed(with given: TrainingSource) throws -> TrainingSource {
    try checkMeaning(of: given)
    try RecordedOptions.check("tensor", given.files.tensor, files.tensor)
    try given.model.check(against: model)
    try given.rows.check(against: rows)
    var resumed = self
    if !given.files.activations.isEmpty { resumed.files.activations = given.files.activations }
    if !given.targets.isEmpty { resumed.targets = given.targets }
    if let directory = given.model.model { resumed.model.model = directory }
    if let sequences = given.model.givenSequences { resumed.model.givenSequences = sequences }
    if given.origins.allowMismatch { resumed.origins.allowMismatch = true }
    return resumed
  }
}

extension TrainingSource {
  /// Throws if an option is given that means nothing to a run with this source.
  private func checkMeaning(of given: TrainingSource) throws {
    let ofFiles = [
      ("activations", !given.files.activations.isEmpty), ("targets", !given.targets.isEmpty),
      ("tensor", given.files.tensor != nil), ("skip-nonfinite", given.rows.skipNonfinite),
      ("allow-mismatch", given.origins.allowMismatch),
    ]
    let (options, other, own) =
      model.model == nil
      ? (given.model.given, "--model", "--activations")
      : (ofFiles.filter(\.1).map(\.0), "--activations", "--model")
    if let name = options.first {
      throw ValidationError(
        "--\(name): needs a run that began with \(other), found one that began with \(own)")
    }
    if !given.targets.isEmpty, targets.isEmpty {
      throw ValidationError("--targets: needs a transcoder, and the run began without targets")
    }
  }
}

/// The activations that a run trains on.
struct TrainingActivations {
  let source: any ActivationSource
  /// What a transcoder reconstructs; nil without.
  var targets: (any ActivationSource)?
  /// The origins of all of it, as far as they are known.
  let origin: ActivationOrigin
  /// Pairs of inputs of different origins, one line per pair.
  var mismatches: [String] = []
  /// Rows that are left out; nil where none should be.
  var leftOut: LeftOutRows?
  /// Other metadata for the autoencoder's files.
  var metadata: [String: JSONValue] = [:]
}

/// An argument of `--tokens`: how many, or the file that has them.
enum TokensArgument: ExpressibleByArgument {
  case count(Int)
  case file(String)

  init(argument: String) { self = Int(argument).map { .count($0) } ?? .file(argument) }

  var count: Int? { if case .count(let count) = self { count } else { nil } }
  var file: String? { if case .file(let path) = self { path } else { nil } }
}
