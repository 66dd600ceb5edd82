import Foundation

/// An autoencoder as its files describe it: everything but the weights, whose names and shapes have been
/// checked and which have not been read.
public struct SAEFiles: Sendable {
  /// The directory or file that was asked for.
  public internal(set) var path = ""
  /// How the files hold it.
  public internal(set) var layout: SAELayout
  /// Their description of it: an archive without parameters.
  public internal(set) var outline: SAEArchive
  private var sources: [String: Source] = [:]

  /// Where a parameter's elements come from.
  private struct Source {
    let tensor: StoredTensor
    /// Whether our orientation is the other one.
    let isTransposed: Bool
    let form: Form

    var isVector: Bool { tensor.shape.count == 1 }

    var shape: [Int] { isTransposed ? tensor.shape.reversed() : tensor.shape }
  }

  /// The meaning of an element.
  enum Form {
    case itself
    /// Its exponential is the parameter.
    case logarithm
    case multiple(of: Float)
  }

  init(_ layout: SAELayout, _ outline: SAEArchive) {
    self.layout = layout
    self.outline = outline
  }

  /// Finds the autoencoder at a path and reads its files' description.
  ///
  /// - Parameter path: its directory, or the file with its weights. Their content tells the layout; names
  ///   count only where a directory holds several candidates.
  /// - Throws: ``FileError`` if there is none, or something about it is wrong.
  static func find(_ path: String) throws(FileError) -> SAEFiles {
    var files = try SAECandidate.find(path).read()
    files.path = path
    files.outline.file = path
    return files
  }

  /// The description of the files at a path: of one autoencoder, or of one and then of its booster, which
  /// belong together.
  ///
  /// - Throws: ``FileError`` if there is none, or something about it is wrong.
  public static func findAll(_ path: String) throws(FileError) -> [SAEFiles] {
    if BoostedDirectory.isOne(path) { return try BoostedDirectory.read(path) }
    let files = try find(path)
    return files.outline.isBooster ? try BoostedDirectory.read(booster: files) : [files]
  }

  /// Names, element types and shapes of the parameters, under SAELens' names; encoder and decoder latents
  /// × width, whatever the layout.
  public var parameters: [TensorDeclaration] {
    sources.sorted { $0.key < $1.key }.map { name, source in
      TensorDeclaration(name, source.tensor.type, source.shape)
    }
  }

  /// Reads the weights.
  ///
  /// - Throws: ``FileError`` if they do not fit into memory, one is not finite, or cannot be read.
  public func archive() throws(FileError) -> SAEArchive {
    try StoredTensor.checkMemory(sources.values.map(\.tensor), path)
    var archive = outline
    for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
      archive.parameters[name] = try SAEFiles.read(source)
    }
    return archive
  }

  private static func read(_ source: Source) throws(FileError) -> SAEArchive.Parameter {
    let tensor = source.tensor
    var values = try tensor.finiteMatrix()
    // Read once: the file's pages need not stay beside the copy.
    tensor.release(rows: 0..<tensor.rows)
    if source.isTransposed { values = Matrix(values.transposed) }
    var type = tensor.type
    switch source.form {
    case .itself: break
    case .logarithm:
      values = Matrix(rows: values.rows, columns: values.columns) {
        Float(exp(Double(values[$0, $1])))
      }
      try tensor.checkFinite(values)
    case .multiple(let factor):
      values.scale(by: factor)
      try tensor.checkFinite(values)
      type = .f32
    }
    return SAEArchive.Parameter(values, type, isVector: source.isVector)
  }

  /// The CRC-32 of the weights as they are stored, with their names, in eight hexadecimal digits.
  var weightsChecksum: String {
    var checksum = CRC32()
    for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
      checksum.update(Array(name.utf8))
      source.tensor.add(to: &checksum)
    }
    let digits = String(checksum.value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// Takes a tensor for a parameter.
  ///
  /// - Parameters:
  ///   - stored: the shape that it must have in the file.
  ///   - isTransposed: whether our orientation is the other one.
  mutating func take(
    _ name: String, _ tensor: StoredTensor, stored: [Int], isTransposed: Bool = false,
    form: Form = .itself
  ) throws(FileError) {
    guard tensor.shape == stored else {
      throw .wrongShape(
        file: tensor.file, tensor: tensor.name, expected: TensorShape.describe(stored),
        found: tensor.shape)
    }
    sources[name] = Source(tensor: tensor, isTransposed: isTransposed, form: form)
  }

  /// The tensor that a parameter is read from.
  func tensor(of name: String) -> StoredTensor? { sources[name]?.tensor }
}
