import ArgumentParser
import Foundation
import SAECore

struct ConvertCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes an autoencoder in another layout, or tensors as safetensors.",
    discussion: """
      Latents and reconstructions stay the same. What a layout cannot hold is refused. With \
      safetensors, a file of arrays (npy, npz) becomes one of tensors, and an autoencoder one file with \
      its weights under SAELens' names.
      """)

  /// What can be written.
  enum Target: String, ExpressibleByArgument, CaseIterable {
    case saelens
    case gemmaScope = "gemma-scope"
    case sparsify
    case safetensors

    var layout: SAELayout? { SAELayout(rawValue: rawValue) }
  }

  @Argument(help: "A directory or a file.") var input: String
  @Argument(help: "The directory or file to write.") var output: String
  @Option(help: "The layout to write.") var to: Target
  @OptionGroup var opening: AutoencoderOptions
  @OptionGroup var overwriting: ForceOption

  static var rules: [OptionRule<ConvertCommand>] {
    [OptionRule("to"), OptionRule("force")]
      + AutoencoderOptions.rules.map {
        $0.of(\.opening).needs("--to saelens, gemma-scope or sparsify") { $0.to.layout != nil }
      }
  }

  /// What the command will do.
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
      activationScale: to.layout == nil ? nil : opening.activationScale,
      replaces: overwriting.force)
  }

  func run() throws {
    let place = try OutputPlace(
      output, for: to.layout == nil ? .tensorFile : .autoencoder, force: overwriting.force,
      inputs: [input])
    Interruption.listen()
    guard let layout = to.layout else { return try writeTensors(place) }
    var (archive, found) = try SAEArchive.read(input)
    try archive.provide(activationScale: opening.activationScale)
    let expressed = try archive.expressed(in: layout)
    try expressed.write(to: place.destination, as: layout, replacing: place.replaces)
    for note in notes(archive, expressed) { Progress.note(note) }
    try emit(
      "\(output): \(expressed.architecture), \(archive.inputDimension) → \(archive.latentCount), "
        + "\(found.rawValue) to \(layout.rawValue)")
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

  private func writeTensors(_ place: OutputPlace) throws {
    if let archive = try autoencoder() {
      try archive.writeWeights(to: place.path, replacing: place.replaces)
      try emit("\(output): \(count(archive.parameters.count)) tensors")
      return
    }
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
    try emit("\(output): \(count(tensors.count)) tensors")
  }

  /// The autoencoder at the input; nil if there is something else.
  private func autoencoder() throws -> SAEArchive? {
    do {
      return try SAEArchive.read(input).archive
    } catch TensorFileError.unrecognized {
      return nil
    }
  }
}
