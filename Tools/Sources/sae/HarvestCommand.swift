import ArgumentParser
import Foundation
import SAECore
import SAEModels

struct HarvestCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "harvest", abstract: "Writes a language model's activations on tokens or text.",
    discussion: """
      The stream is cut into sequences. Each runs after a beginning-of-sequence token, whose own \
      activation is left out: row i belongs to token i. Shards of equal length go into the \
      directory as activations-00000.safetensors and so on. Their metadata record the model, with a \
      checksum of its weights, and all settings. After an interruption, the same command goes on: \
      it checks that existing shards have the same settings, and keeps them. There is no --force: \
      shards appear one by one, so those of another harvest would be gone before this one is \
      complete. Name another --out, or remove the directory. With --skip-tokens, tokens such as \
      padding have no row, and row i no longer belongs to token i. Several places, named by --hook \
      with commas between, are harvested in one run of the model, each into a directory of its name in \
      --out.
      """)

  @OptionGroup var model: ModelArguments
  @Option(
    help: ArgumentHelp(
      "Tokens, a NumPy file of whole numbers; or a file or folder of texts.", valueName: "file"))
  var tokens: String
  @Option(help: ArgumentHelp("The directory for the shards.", valueName: "directory"))
  var out: String
  @Option(help: ArgumentHelp("Rows per shard.", valueName: "count"))
  var tokensPerShard = 1 << 20
  @Option(help: ArgumentHelp("The type of the numbers.", valueName: "type"))
  var dtype = StoredType.f16
  @Option(
    help: ArgumentHelp(
      "Token ids with commas between, such as 0,1,2: they get no rows.", valueName: "ids"))
  var skipTokens: TokenIDs?
  @OptionGroup var origins: OriginOptions

  static var rules: [OptionRule<HarvestCommand>] {
    let own: [OptionRule<HarvestCommand>] = [
      OptionRule("tokens"), OptionRule("out"), OptionRule("tokens-per-shard", .count(from: 1)),
      OptionRule("dtype"), OptionRule("skip-tokens", .ids),
    ]
    return own + ModelArguments.rules.map { $0.of(\.model) }
      + OriginOptions.rules.map { $0.of(\.origins) }
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let model: ModelArguments.Plan?
    let tokens: String
    let skippedTokens: String?
    let out: String
    let tokensPerShard: Int
    let dtype: String
    let allowsMismatch: Bool
  }

  func plan() throws -> Plan {
    Plan(
      model: try model.plan(), tokens: tokens, skippedTokens: skipTokens?.text, out: out,
      tokensPerShard: tokensPerShard, dtype: dtype.rawValue, allowsMismatch: origins.allowMismatch)
  }

  func validate() throws {
    _ = try model.directory()
    let places = try model.givenPlaces()
    guard !places.isEmpty else { _ = try model.place(); return }
    guard Set(places).count == places.count else {
      throw ValidationError("--hook: expected different places, found one twice")
    }
  }

  func run() throws {
    Interruption.listen()
    try OutputPlace.check(out, isOutside: [try model.directory(), tokens])
    let harvesters = try model.harvesters(
      at: model.givenPlaces(), tokens: tokens, without: skipTokens)
    let (harvester, weights) = (harvesters[0], try model.weights())
    let all = try harvesters.map { one in
      try HarvestShards(
        one, directory: harvesters.count == 1 ? out : "\(out)/\(one.hook.name)",
        tokensPerShard: tokensPerShard, type: dtype.elementType,
        producer: "swift-sae \(libraryVersion)", fingerprint: weights)
    }
    let mismatches = try all.flatMap { try self.origins.check($0.origins()) }
    var progress = Progress(total: harvester.tokens)
    var rate = 0.0
    var kept = harvester.tokens
    try HarvestShards.write(all, allowsMismatch: origins.allowMismatch) { state in
      kept = state.kept
      rate = Double(state.tokens - state.kept) / max(progress.elapsed, 1e-9)
      try Interruption.stopIfAsked()
      if progress.isDue(state.tokens) {
        progress.show(state.tokens, "tokens  \(grouped(rate)) tokens/s")
      }
    }
    let made = harvester.tokens - kept
    let lines = all.map { shards in
      let one = shards.harvester
      return "\(oneLine(shards.directory)): \(grouped(Double(one.tokens))) rows of \(one.width) in "
        + "\(shards.count) shards, \(one.hook.name) of \(oneLine(one.model.name))"
    }
    try emit(mismatchLines(mismatches) + lines.joined(separator: "\n"))
    try emit(
      made == 0
        ? "nothing was left to do"
        : "\(grouped(rate)) tokens/s with \(kernelName) kernels on \(Threads.count) threads"
          + (kept > 0 ? "; \(grouped(Double(kept))) rows were there before" : ""))
  }
}

/// The types in which activations can be written.
enum StoredType: String, ExpressibleByArgument, CaseIterable {
  case f16
  case f32

  var elementType: ElementType { self == .f16 ? .f16 : .f32 }
}
