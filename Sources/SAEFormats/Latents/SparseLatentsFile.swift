/// Latents in a safetensors file, as compressed sparse rows (see `Docs/Files.md`):
///
///     shape        I64 [2]            tokens, latents
///     row_offsets  I64 [tokens + 1]   where each token's entries begin, and the end
///     indices      I32 [entries]      latent of each entry, ascending within a token
///     values       F32 [entries]      its activation
///
/// Opening costs the header and two offsets; tokens are read as they are asked for, and every offset
/// and index is checked before it is used.
public struct SparseLatentsFile: Sendable {
  /// Rows.
  public let tokens: Int
  /// d_sae.
  public let latentCount: Int
  /// Entries of all rows together.
  public let entryCount: Int
  /// The description that the file's writer gave it.
  public let metadata: [String: String]

  private let rowOffsets: StoredTensor
  private let indices: StoredTensor
  private let values: StoredTensor

  static let shapeName = "shape"
  static let rowOffsetsName = "row_offsets"
  static let indicesName = "indices"
  static let valuesName = "values"

  /// The path it was opened by.
  public var path: String { rowOffsets.file }

  /// Whether a file's tensors are named as those of sparse latents are.
  public static func isRecognized(_ file: SafetensorsFile) -> Bool {
    let names = [shapeName, rowOffsetsName, indicesName, valuesName]
    return file.tensors.count == names.count && names.allSatisfy(file.contains)
  }

  /// Opens a file.
  ///
  /// - Throws: ``FileError`` if it is none, or its parts do not fit each other.
  public init(_ path: String) throws(FileError) {
    try self.init(try SafetensorsFile(path))
  }

  /// Takes the tensors of a file that is open already.
  ///
  /// - Throws: ``FileError`` if they are not those of sparse latents, or do not fit each other.
  public init(_ file: SafetensorsFile) throws(FileError) {
    let shape = try file.tensor(SparseLatentsFile.shapeName)
    rowOffsets = try file.tensor(SparseLatentsFile.rowOffsetsName)
    indices = try file.tensor(SparseLatentsFile.indicesName)
    values = try file.tensor(SparseLatentsFile.valuesName)
    metadata = file.metadata
    guard shape.shape == [2] else {
      throw .wrongShape(file: file.path, tensor: shape.name, expected: "2", found: shape.shape)
    }
    let sizes = try shape.integers()
    // Latents are counted in 32 bits.
    guard sizes[0] >= 0, sizes[1] >= 0, sizes[1] <= Int(Int32.max) else {
      throw .valueOutOfRange(
        file: file.path, tensor: shape.name, value: "\(sizes[0]) × \(sizes[1])", type: "a shape")
    }
    (tokens, latentCount) = (sizes[0], sizes[1])
    guard rowOffsets.shape.count == 1, rowOffsets.count > 0, rowOffsets.count - 1 == tokens else {
      throw .wrongShape(
        file: file.path, tensor: rowOffsets.name, expected: "\(tokens) tokens and an end",
        found: rowOffsets.shape)
    }
    entryCount = indices.count
    for tensor in [indices, values] where tensor.shape != [entryCount] {
      throw .wrongShape(
        file: file.path, tensor: tensor.name, expected: "\(entryCount)", found: tensor.shape)
    }
    guard !values.type.isInteger else {
      throw .notConvertible(
        file: file.path, tensor: values.name, from: values.type.rawValue, to: "floats")
    }
    let first = try rowOffsets.integers(0..<1)[0]
    let last = try rowOffsets.integers(tokens..<tokens + 1)[0]
    guard first == 0, last == entryCount else {
      throw .invalidLatents(
        file: file.path,
        reason: "expected row offsets from 0 to \(entryCount), found \(first) to \(last)")
    }
  }

  /// The latents of some tokens.
  ///
  /// - Throws: ``FileError`` if they lie outside, or offsets or indices are not those of sparse
  ///   rows.
  public func latents(tokens range: Range<Int>) throws(FileError) -> SparseLatents {
    guard range.lowerBound >= 0, range.upperBound <= tokens else {
      throw .rowsOutOfRange(
        file: path, tensor: rowOffsets.name, rows: range, available: tokens)
    }
    let offsets = try rowOffsets.integers(range.lowerBound..<range.upperBound + 1)
    for (index, (begin, end)) in zip(offsets, offsets.dropFirst()).enumerated() {
      guard begin <= end else { throw invalid(range.lowerBound + index, begin, end) }
    }
    guard let begin = offsets.first, let end = offsets.last, begin >= 0, end <= entryCount else {
      throw invalid(range.lowerBound, offsets.first ?? 0, offsets.last ?? 0)
    }
    var latents: [UInt32] = []
    latents.reserveCapacity(end - begin)
    for index in try indices.integers(begin..<end) {
      guard index >= 0, index < latentCount else {
        throw .valueOutOfRange(
          file: path, tensor: indices.name, value: "\(index)",
          type: "a dictionary of \(latentCount) latents")
      }
      latents.append(UInt32(index))
    }
    let activations = try values.floats(begin..<end)
    do {
      return try SparseLatents(
        latentCount: latentCount, rowOffsets: offsets.map { $0 - begin }, indices: latents,
        values: activations)
    } catch {
      throw .invalidLatents(file: path, reason: "from token \(range.lowerBound) on, \(error)")
    }
  }

  private func invalid(_ token: Int, _ begin: Int, _ end: Int) -> FileError {
    .invalidLatents(
      file: path,
      reason: "token \(token): expected ascending row offsets within \(entryCount) entries, found "
        + "\(begin) and \(end)")
  }
}
