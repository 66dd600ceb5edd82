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
  /// - Throws: ``ModelError`` if there are none; `FileError` if a file is malformed, or one that an
  ///   index names is missing.
  init(directory: String) throws {
    let single = "\(directory)/\(ModelWeights.single)"
    let index = "\(directory)/\(ModelWeights.index)"
    if FileManager.default.fileExists(atPath: single) {
      path = single
      tensors = try ModelWeights.byName(SafetensorsFile(single).tensors)
    } else if FileManager.default.fileExists(atPath: index) {
      path = index
      tensors = try ModelWeights.byName(SafetensorsShards(index).tensors)
    } else {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
      throw ModelError.noWeights(
        directory: directory, expected: [ModelWeights.single, ModelWeights.index],
        found: FileKind.foreign(in: directory, names.sorted()) ?? "neither")
    }
  }

  private static func byName(_ tensors: [StoredTensor]) -> [String: StoredTensor] {
    Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
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

  /// Whether there is a tensor of a name.
  func has(_ name: String) -> Bool { tensors[name] != nil }

  /// Throws unless the tensors of some names fit into memory: those that are widened, and a copy of those
  /// in float32; others stay in their files.
  func checkMemory(_ isWanted: (_ name: String) -> Bool) throws(FileError) {
    try StoredTensor.checkMemory(
      tensors.filter { isWanted($0.key) && $0.value.type == .f32 }.map(\.value), path)
  }

  /// A matrix of weights, a row per output.
  ///
  /// - Parameter isTransposed: whether it is stored with a row per input.
  func matrix(
    _ name: String, rows: Int, columns: Int, isTransposed: Bool = false
  ) throws -> WeightMatrix {
    try WeightMatrix(
      tensor(name, isTransposed ? [columns, rows] : [rows, columns]), isTransposed: isTransposed)
  }

  /// A matrix of the rows of several, one below another.
  func stacked(_ parts: KeyValuePairs<String, Int>, columns: Int) throws -> WeightMatrix {
    try WeightMatrix(
      parts.map { name, rows in (try tensor(name, [rows, columns]), [0..<rows]) })
  }

  /// A matrix of some rows of another, range after range.
  func matrix(_ name: String, rows: Int, columns: Int, order: [Range<Int>]) throws -> WeightMatrix {
    try WeightMatrix([(tensor(name, [rows, columns]), order)])
  }

  /// A vector, widened to float32.
  func vector(_ name: String, count: Int) throws -> [Float] {
    try tensor(name, [count]).finiteMatrix().array
  }

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
