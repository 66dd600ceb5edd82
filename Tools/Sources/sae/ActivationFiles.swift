import ArgumentParser
import SAECore

/// The options that name activations, shared by the commands that read them.
struct ActivationOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .upToNextOption,
    help: ArgumentHelp(
      "Files of activations: safetensors or npy, tokens × width (F32, F16, BF16).",
      valueName: "file"))
  var activations: [String] = []

  @Option(
    help: ArgumentHelp(
      "The tensor to take from a safetensors file that has several.", valueName: "name"))
  var tensor: String?

  /// The files as one source.
  func source() throws -> any ActivationSource {
    guard !activations.isEmpty else {
      throw ValidationError("--activations: expected at least one file, found none")
    }
    let sources = try activations.map { try open($0) }
    return sources.count == 1 ? sources[0] : try ConcatenatedActivations(sources)
  }

  private func open(_ path: String) throws -> StoredTensor {
    let stored = try ActivationFile.open(path, tensor: tensor)
    guard stored.shape.count == 2 else {
      throw ToolError(
        "\(path): tensor \"\(stored.name)\": expected 2 dimensions, tokens × width, found shape "
          + "\(stored.shape)")
    }
    guard stored.rows > 0, stored.columns > 0 else {
      throw ToolError(
        "\(path): tensor \"\(stored.name)\": expected at least one token, found shape "
          + "\(stored.shape)")
    }
    return stored
  }
}

/// Finds the tensor of activations in a file.
enum ActivationFile {
  static func open(_ path: String, tensor: String?) throws -> StoredTensor {
    if path.hasSuffix(".npy") { return try NpyFile(path).tensor }
    let file = try SafetensorsFile(path)
    if let tensor { return try file.tensor(tensor) }
    if file.tensors.count == 1 { return file.tensors[0] }
    let matrices = file.tensors.filter { $0.shape.count == 2 }
    guard matrices.count == 1, let only = matrices.first else {
      let names = file.tensors.map { "\"\($0.name)\"" }.joined(separator: ", ")
      throw ToolError(
        "\(path): expected one matrix of activations, found \(matrices.count) among "
          + "\(names.isEmpty ? "no tensors" : names); name one with --tensor")
    }
    return only
  }
}

/// A failure that is said in one line.
struct ToolError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
