import Foundation
import SAECore

/// The weights of a model in Hugging Face's layout: `model.safetensors`, or several files listed in
/// `model.safetensors.index.json`.
///
/// Nothing is read before a tensor is asked for.
struct ModelWeights: Sendable {
  /// The file, or the index.
  let path: String
  private let tensors: [String: StoredTensor]

  static let single = "model.safetensors"
  static let index = "model.safetensors.index.json"

  /// Opens the files of a directory.
  ///
  /// - Throws: ``ModelError`` if there are none, or a shard that the index names is missing or lacks
  ///   a tensor; `TensorFileError` if a file is malformed.
  init(directory: String) throws {
    let single = "\(directory)/\(ModelWeights.single)"
    let index = "\(directory)/\(ModelWeights.index)"
    if FileManager.default.fileExists(atPath: single) {
      let file = try SafetensorsFile(single)
      path = single
      tensors = Dictionary(file.tensors.map { ($0.name, $0) }) { first, _ in first }
    } else if FileManager.default.fileExists(atPath: index) {
      path = index
      tensors = try ModelWeights.shards(index, in: directory)
    } else {
      throw ModelError.noWeights(
        directory: directory, expected: [ModelWeights.single, ModelWeights.index])
    }
  }

  private static func shards(_ index: String, in directory: String) throws
    -> [String: StoredTensor]
  {
    guard let map = try JSONValue.read(index).asObject?["weight_map"]?.asObject else {
      throw ModelError.invalidField(
        file: index, field: "weight_map", expected: "an object", found: "none")
    }
    var files: [String: SafetensorsFile] = [:]
    var tensors: [String: StoredTensor] = [:]
    for (name, value) in map.members {
      guard let shard = value.asString else {
        throw ModelError.invalidField(
          file: index, field: name, expected: "the name of a file", found: "\(value)")
      }
      let file: SafetensorsFile
      if let open = files[shard] {
        file = open
      } else {
        // A name with a path in it could lead anywhere.
        let path = "\(directory)/\(shard)"
        guard !shard.isEmpty, !shard.contains("/"),
          FileManager.default.fileExists(atPath: path)
        else { throw ModelError.missingShard(index: index, shard: shard) }
        file = try SafetensorsFile(path)
        files[shard] = file
      }
      guard file.contains(name) else {
        throw ModelError.missingTensor(file: file.path, tensor: name)
      }
      tensors[name] = try file.tensor(name)
    }
    return tensors
  }

  /// The files of a directory's weights, in the order of their names.
  ///
  /// - Throws: as for opening them.
  static func files(_ directory: String) throws -> [String] {
    let weights = try ModelWeights(directory: directory)
    return Set(weights.tensors.values.map(\.file)).sorted()
  }

  /// The names of all tensors, sorted.
  var names: [String] { tensors.keys.sorted() }

  /// The file that has a tensor.
  func file(of name: String) -> String { tensors[name]?.file ?? path }

  /// A matrix, widened to float32.
  func matrix(_ name: String, rows: Int, columns: Int) throws -> Matrix {
    try tensor(name, [rows, columns]).matrix()
  }

  /// Matrices of the same width below one another, widened to float32.
  func stacked(_ parts: KeyValuePairs<String, Int>, columns: Int) throws -> Matrix {
    var result = Matrix(rows: parts.reduce(0) { $0 + $1.value }, columns: columns)
    var row = 0
    for (name, rows) in parts {
      try tensor(name, [rows, columns]).read(rows: 0..<rows, into: &result, at: row)
      row += rows
    }
    return result
  }

  /// A vector, widened to float32.
  func vector(_ name: String, count: Int) throws -> [Float] { try tensor(name, [count]).floats() }

  private func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> StoredTensor {
    guard let tensor = tensors[name] else { throw .missingTensor(file: path, tensor: name) }
    guard tensor.shape == shape else {
      throw .wrongShape(
        file: tensor.file, tensor: name, expected: shape, found: tensor.shape)
    }
    guard [.f32, .f16, .bf16].contains(tensor.type) else {
      throw .wrongElementType(file: tensor.file, tensor: name, found: "\(tensor.type)")
    }
    return tensor
  }
}
