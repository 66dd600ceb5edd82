import ArgumentParser
import Foundation
import SAECore

struct ConvertCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes an autoencoder in another layout, or tensors as safetensors.",
    discussion: """
      Latents and reconstructions stay the same. The command refuses an autoencoder that the layout \
      cannot hold. With safetensors, an autoencoder becomes one file, with its weights under SAELens' \
      names and its configuration in the header, and a file of arrays (npy, npz) becomes a file of \
      tensors.
      """)

  /// The formats that can be written.
  enum Target: String, ExpressibleByArgument, CaseIterable {
    case saelens
    case gemmaScope = "gemma-scope"
    case sparsify
    case safetensors
  }

  @Argument(help: "A directory or a file.") var input: String
  @Argument(help: "The directory or file to write.") var output: String
  @Option(help: ArgumentHelp("The layout to write.", valueName: "layout")) var to: Target
  @OptionGroup var opening: AutoencoderOptions
  @OptionGroup var overwriting: ForceOption

  static var rules: [OptionRule<ConvertCommand>] {
    let own: [OptionRule<ConvertCommand>] = [OptionRule("to"), OptionRule("force")]
    return own + AutoencoderOptions.rules.map { $0.of(\.opening) }
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let input: String
    let output: String
    let to: String
    let activationScale: Double?
    let replaces: Bool
  }

  func plan() -> Plan {
    Plan(
      input: input, output: output, to: to.rawValue,
      activationScale: opening.activationScale,
      replaces: overwriting.force)
  }

  func validate() throws {
    for (name, path) in [("input", input), ("output", output)] where path.isEmpty {
      throw ValidationError("<\(name)>: expected a path, found an empty text")
    }
  }

  /// The kind of result, which alone may give way to it.
  private func result(_ files: [SAEFiles]?) throws -> Artifact {
    guard to == .safetensors else { return .autoencoder }
    guard files == nil else { return .autoencoderFile }
    return .tensors(try TensorFile(input).tensors().map(\.name))
  }

  func run() throws {
    let files = try autoencoder()
    let place = try OutputPlace(
      output, for: result(files), force: overwriting.force, inputs: [input])
    defer { withExtendedLifetime(place) {} }
    Interruption.listen()
    guard let layout = SAELayout(rawValue: to.rawValue), let files else {
      guard opening.activationScale == nil else {
        throw ValidationError("--activation-scale: needs an autoencoder, found tensors at \(input)")
      }
      return try writeTensors(place)
    }
    guard files.count == 1 else {
      throw ToolError(
        "\(input): expected one autoencoder, found a boosted one: base and booster belong together, "
          + "and \(to.rawValue) holds one")
    }
    var archive = try files[0].archive()
    try opening.naming { try archive.provide(activationScale: opening.activationScale) }
    let expressed = try opening.naming { try archive.expressed(in: layout) }
    try expressed.write(to: place.destination, as: layout, replacing: place.replaces)
    for note in notes(archive, expressed) { Progress.note(note) }
    try emit(
      "\(oneLine(output)): \(expressed.architecture), \(archive.inputDimension) → \(archive.latentCount), "
        + "\(files[0].layout.rawValue) to \(layout.rawValue)")
  }

  private func notes(_ archive: SAEArchive, _ expressed: SAEArchive) -> [String] {
    var notes: [String] = []
    if archive.activationScale != nil, expressed.activationScale == nil {
      notes.append("the factor of the activations is now part of the weights")
    }
    if archive.subtractsDecoderBias != expressed.subtractsDecoderBias {
      notes.append("the decoder bias of the input is now part of the encoder's")
    }
    return notes
  }

  /// Arrays as tensors of the same names.
  private func writeTensors(_ place: OutputPlace) throws {
    let tensors = try TensorFile(input).tensors()
    var writer = try SafetensorsWriter(
      place.path, tensors.map { TensorDeclaration($0.name, $0.type, $0.shape) },
      replacing: place.replaces)
    var progress = Progress(total: tensors.count)
    for (index, tensor) in tensors.enumerated() {
      try writer.append(reordering: tensor, to: tensor.name)
      try Interruption.stopIfAsked()
      if progress.isDue(index + 1) { progress.show(index + 1, "tensors") }
    }
    try writer.finish()
    try emit("\(oneLine(output)): \(count(tensors.count)) tensors")
  }

  /// The autoencoder at the input; nil if there are other arrays, which can become safetensors.
  private func autoencoder() throws -> [SAEFiles]? {
    do {
      return try SAEFiles.findAll(input)
    } catch FileError.unrecognized where to == .safetensors {
      return nil
    }
  }
}
