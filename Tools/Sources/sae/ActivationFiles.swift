import ArgumentParser
import Foundation
import SAECore

/// The options that name activations, shared by the commands that read them.
struct ActivationOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .upToNextOption,
    help: ArgumentHelp(
      "Files of activations, or folders of them: safetensors or npy, tokens × width (F32, F16, BF16).",
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
    let sources = try activations.flatMap { try ActivationFile.files($0) }.map {
      try ActivationFile.matrix($0, tensor)
    }
    return sources.count == 1 ? sources[0] : try ConcatenatedActivations(sources)
  }
}

/// Finds the tensor of activations in a file.
enum ActivationFile {
  /// A file as it is; of a folder, the safetensors and npy files in the order of their names.
  static func files(_ path: String) throws -> [String] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
      isDirectory.boolValue
    else { return [path] }
    let names = try FileManager.default.contentsOfDirectory(atPath: path).filter {
      !$0.hasPrefix(".") && ($0.hasSuffix(".safetensors") || $0.hasSuffix(".npy"))
    }
    guard !names.isEmpty else {
      throw ToolError("\(path): expected safetensors or npy files in the folder, found none")
    }
    return names.sorted().map { "\(path)/\($0)" }
  }

  /// The tensor of that name, or the only one, or the only matrix: tokens × width.
  static func matrix(_ path: String, _ name: String?) throws -> StoredTensor {
    let file = try TensorFile(path)
    let stored = try name.map { try file.tensor($0) } ?? only(file.tensors(), path)
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

  private static func only(_ tensors: [StoredTensor], _ path: String) throws -> StoredTensor {
    if tensors.count == 1 { return tensors[0] }
    let matrices = tensors.filter { $0.shape.count == 2 }
    guard matrices.count == 1 else {
      let names = tensors.map { "\"\($0.name)\"" }.joined(separator: ", ")
      throw ToolError(
        "\(path): expected one matrix of activations, found \(matrices.count) among "
          + "\(names.isEmpty ? "no tensors" : names); name one with --tensor")
    }
    return matrices[0]
  }
}

/// A failure that is said in one line.
struct ToolError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
