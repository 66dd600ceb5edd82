import ArgumentParser
import SAECore
import SAEModels

/// Where a training run's activations come from: files, or a model that runs while it trains.
struct TrainingSource: ParsableArguments {
  @OptionGroup var files: ActivationOptions
  @OptionGroup var model: ModelArguments

  /// Checks that either is named, and a file of tokens for the model alone.
  func check(tokens: String?) throws {
    guard model.model != nil else {
      if let tokens {
        throw ValidationError(
          "--tokens: expected a whole number, or --model to run the file with, found \"\(tokens)\"")
      }
      guard !files.activations.isEmpty else {
        throw ValidationError("expected --activations or --model, found neither")
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

  /// The activations as one source. A model runs on another thread, ahead of whoever reads.
  func source(tokens: String?) throws -> any ActivationSource {
    guard let tokens else { return try files.source() }
    let harvester = try model.harvester(tokens: tokens)
    return ReadAheadActivations(harvester, batchTokens: harvester.batchTokens)
  }

  /// The options as arguments that mean the same in any working directory; the file of tokens is
  /// among those of the run.
  var recorded: [String] { model.model == nil ? files.recorded : model.recorded }

  /// What a run goes on with that began with this source.
  ///
  /// - Parameter given: where files are now, if it is said; whatever else is said must be what it
  ///   was.
  func resumed(with given: TrainingSource) throws -> TrainingSource {
    try RecordedOptions.check("tensor", given.files.tensor, files.tensor)
    try given.model.check(against: model)
    var resumed = self
    if !given.files.activations.isEmpty { resumed.files.activations = given.files.activations }
    if let directory = given.model.model { resumed.model.model = directory }
    if let sequences = given.model.givenSequences { resumed.model.givenSequences = sequences }
    return resumed
  }

  /// What the activations were made with, under SAELens' names where it has one.
  func metadata(tokens: String?) throws -> [String: JSONValue] {
    guard let tokens else {
      guard let origin = try ActivationOrigin.common(files.activations) else { return [:] }
      var metadata: [String: JSONValue] = [
        "hook_name": .string(origin.hook), LossRecoveredCommand.weightsKey: .string(origin.weights),
      ]
      metadata["model_name"] = origin.model.map { .string($0) }
      return metadata
    }
    let directory = try model.directory()
    return [
      "model_name": .string(directory), "hook_name": .string(try model.place().name),
      LossRecoveredCommand.weightsKey: .string(try LanguageModels.fingerprint(directory)),
      "context_size": .integer(model.context), "dataset_path": .string(tokens),
    ]
  }
}

/// An argument of `--tokens`: how many, or the file that has them.
enum TokensArgument: ExpressibleByArgument {
  case count(Int)
  case file(String)

  init(argument: String) { self = Int(argument).map { .count($0) } ?? .file(argument) }

  var count: Int? { if case .count(let count) = self { count } else { nil } }
  var file: String? { if case .file(let path) = self { path } else { nil } }
}
