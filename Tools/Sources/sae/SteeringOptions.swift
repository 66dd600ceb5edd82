import ArgumentParser
import SAECore
import SAEModels

/// The options that change latents of autoencoders while a model runs.
struct SteeringOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "SAE:latent=value adds value times the latent's decoder row to the activations.",
      valueName: "edit"))
  var steer: [LatentArgument] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "SAE:latent=value makes the latent's activation that value at every token; 0 takes it out.",
      valueName: "edit"))
  var clamp: [LatentArgument] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("SAE:latent=factor multiplies the latent's activation.", valueName: "edit"))
  var scale: [LatentArgument] = []
  @Option(
    name: .customLong("on"),
    help: ArgumentHelp(
      "Whose activations are changed: all tokens', the prompt's or the generated ones' (default: all).",
      valueName: "tokens"))
  var givenTokens: Intervention.Tokens?
  @Flag(help: "Leave out what an autoencoder does not reconstruct.") var withoutError = false

  static var rules: [OptionRule<SteeringOptions>] {
    let need = "--steer, --clamp or --scale"
    return [
      OptionRule("steer", .edit), OptionRule("clamp", .edit), OptionRule("scale", .edit),
      OptionRule("on").needs(need) { !$0.edits.isEmpty },
      OptionRule("without-error").needs(need) { !$0.edits.isEmpty },
    ]
  }

  /// The edits with their autoencoders, in the order of the options.
  var edits: [(sae: String, latent: Int, edit: LatentSteering.Edit)] {
    steer.map { ($0.sae, $0.latent, .add($0.value)) }
      + clamp.map { ($0.sae, $0.latent, .set($0.value)) }
      + scale.map { ($0.sae, $0.latent, .scale($0.value)) }
  }

  /// The options as they count.
  struct Plan: Encodable, Equatable {
    let edits: [String]
    let tokens: String
    let keepsError: Bool
  }

  func plan() -> Plan {
    Plan(
      edits: edits.map { "\($0.sae):\($0.latent) \($0.edit)" },
      tokens: (givenTokens ?? .all).rawValue, keepsError: !withoutError || edits.isEmpty)
  }

  /// The autoencoders that are named, each once.
  var paths: [String] {
    edits.reduce(into: []) { paths, edit in
      if !paths.contains(edit.sae) { paths.append(edit.sae) }
    }
  }

  /// What is changed, one change for each autoencoder.
  ///
  /// - Throws: ``ToolError`` if one names no place of the model or has another width, ``UsageError`` for a
  ///   latent that it does not have.
  func interventions(_ opened: [SAE], in model: LanguageModel) throws -> [Intervention] {
    try opened.map { sae in
      let own = edits.filter { $0.sae == sae.path }.map { ($0.latent, $0.edit) }
      do {
        let steering = try LatentSteering(sae.autoencoder, own, keepsError: !withoutError)
        let (source, target) = try places(of: sae, in: model)
        return steering.intervention(at: target, from: source, on: givenTokens ?? .all)
      } catch ModelError.invalidOption(let name, let expected, let found) {
        throw UsageError("\(sae.path): \(name): expected \(expected), found \(found)")
      }
    }
  }

  private func places(
    of sae: SAE, in model: LanguageModel
  ) throws -> (source: HookPoint, target: HookPoint) {
    guard let hook = sae.activationOrigin.hook else {
      throw ToolError("\(sae.path): expected the place of its activations in its files, found none")
    }
    let source = try model.architecture.hook(named: hook)
    var target = source
    if sae.isTranscoder {
      guard let name = sae.metadata("hook_name_out")?.asString else {
        throw ToolError("\(sae.path): expected hook_name_out in its files, found none")
      }
      target = try model.architecture.hook(named: HookName(name))
    }
    let widths = (try model.width(at: source), try model.width(at: target))
    let found = (sae.autoencoder.inputDimension, sae.autoencoder.outputDimension)
    guard widths == found else {
      throw ToolError(
        "\(sae.path): expected the widths \(widths.0) and \(widths.1) of \(source) and \(target), "
          + "found \(found.0) and \(found.1)")
    }
    return (source, target)
  }
}

/// SAE:latent=value.
struct LatentArgument: ExpressibleByArgument {
  let sae: String
  let latent: Int
  let value: Float

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":") else { return nil }
    let parts = argument[argument.index(after: colon)...].split(
      separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let latent = Int(parts[0]), latent >= 0,
      let value = Float(parts[1]), value.isFinite, colon != argument.startIndex
    else { return nil }
    sae = String(argument[..<colon])
    self.latent = latent
    self.value = value
  }
}

extension OptionValues {
  fileprivate static var edit: OptionValues {
    text("an autoencoder, a latent and a number, such as my-sae:12=4.5", LatentArgument.self)
  }
}

extension Intervention.Tokens: @retroactive ExpressibleByArgument {}
