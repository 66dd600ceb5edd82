import Foundation

/// Activations in files, one after another: safetensors or npy, tokens × width, of any type of floats and
/// any length each. Files are mapped, and read where rows are asked for.
///
///     let activations = try ActivationFiles("shards/")
public struct ActivationFiles: HintedActivations {
  private let shards: ConcatenatedActivations

  /// Opens files.
  ///
  /// - Parameters:
  ///   - paths: files, or folders, of which all files named `.safetensors` or `.npy` count, in the
  ///     order of their names.
  ///   - tensor: the name of the tensor in safetensors files; by default the only one that a file
  ///     has, or the only one of two dimensions.
  /// - Throws: ``FileError`` if there is no file, or one is not readable, has no rows or is of
  ///   another width than the first.
  public init(_ paths: String..., tensor: String? = nil) throws(FileError) {
    try self.init(paths, tensor: tensor)
  }

  /// Opens files, as ``init(_:tensor:)`` does with paths that are listed.
  ///
  /// - Throws: ``FileError`` as there.
  public init(_ paths: [String], tensor: String? = nil) throws(FileError) {
    var shards: [StoredTensor] = []
    for path in paths {
      for file in try ActivationFiles.list(path) {
        let shard = try ActivationFiles.open(file, tensor: tensor)
        if let width = shards.first?.columns, shard.columns != width {
          throw .wrongShape(
            file: file, tensor: shard.name, expected: "\(width) columns as the files before",
            found: shard.shape)
        }
        shards.append(shard)
      }
    }
    do {
      self.shards = try ConcatenatedActivations(shards)
    } catch {
      throw .unrecognized(file: "activations", lookedFor: ["at least one file"], found: [])
    }
  }

  public var width: Int { shards.width }
  public var tokens: Int { shards.tokens }
  public var blocks: RowBlocks { shards.blocks }

  public func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    try shards.read(rows, into: &matrix, at: row)
  }

  public func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    try shards.matrix(rows: ranges)
  }

  public func prepare(_ ranges: [Range<Int>]) { shards.prepare(ranges) }

  public func release(_ rows: Range<Int>) { shards.release(rows) }

  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    shards.place(ofRow: row, column: column)
  }
}

extension ActivationFiles {
  /// The matrix of activations in a safetensors, npy or npz file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - tensor: its name in the file; nil for the only one.
  /// - Throws: ``FileError`` if there is no such file, or not one such tensor with at least a
  ///   row of floats.
  public static func open(
    _ path: String, tensor: String? = nil
  ) throws(FileError) -> StoredTensor {
    let file = try TensorFile(path)
    let stored =
      if let tensor { try file.tensor(tensor) } else { try only(file.tensors(), in: path) }
    guard stored.shape.count == 2 else {
      throw .wrongShape(
        file: path, tensor: stored.name, expected: "2 dimensions, tokens × width",
        found: stored.shape)
    }
    guard stored.rows > 0, stored.columns > 0 else {
      throw .wrongShape(
        file: path, tensor: stored.name, expected: "at least one token", found: stored.shape)
    }
    guard !stored.type.isInteger else {
      throw .notConvertible(
        file: path, tensor: stored.name, from: stored.type.rawValue, to: "activations")
    }
    return stored
  }

  private static func only(
    _ tensors: [StoredTensor], in path: String
  ) throws(FileError) -> StoredTensor {
    if tensors.count == 1 { return tensors[0] }
    let matrices = tensors.filter { $0.shape.count == 2 }
    guard matrices.count == 1 else {
      throw .unrecognized(
        file: path, lookedFor: ["one matrix of activations", "a tensor's name"],
        found: tensors.prefix(20).map(\.name))
    }
    return matrices[0]
  }

  /// A file as it is; of a folder, its safetensors and npy files in the order of their names.
  ///
  /// - Throws: ``FileError`` if there is nothing, or the folder has none.
  public static func list(_ path: String) throws(FileError) -> [String] {
    guard try SystemCall.isDirectory(path) else { return [path] }
    let shards = try FileName.list(path) { name in
      name.first != UInt8(ascii: ".")
        && (FileName.ends(name, in: ".safetensors") || FileName.ends(name, in: ".npy"))
    }
    guard !shards.isEmpty else {
      let names = try FileName.list(path) { String(validating: $0, as: UTF8.self) != nil }
      if let foreign = FileKind.foreign(in: path, names) {
        throw .wrongContents(
          file: path, expected: "files named .safetensors or .npy", found: foreign)
      }
      throw .unrecognized(
        file: path, lookedFor: ["files named .safetensors", "files named .npy"],
        found: FileName.shown(in: path))
    }
    return shards.map { "\(path)/\($0)" }
  }
}
