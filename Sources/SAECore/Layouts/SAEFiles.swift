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
  /// Parameters of one number, which no tensor holds.
  private var constants: [String: Constant] = [:]
  /// What is done once all parameters are read.
  var finishing: Finishing?

  /// The same number for each latent.
  private struct Constant {
    let value: Float
    let count: Int
  }

  /// A form of an autoencoder that its files imply.
  enum Finishing {
    /// Decoder rows get norm 1; encoder rows and biases, and so latents, their norms.
    case unitDecoderRows
    /// Thresholds are divided by decoder rows' norms, times which latents were compared with them.
    case thresholdsByDecoderNorms
  }

  /// Where a parameter's elements come from.
  private struct Source {
    let tensor: StoredTensor
    /// Whether our orientation is the other one.
    let isTransposed: Bool
    var form: Form

    var isVector: Bool { tensor.shape.count == 1 }

    var shape: [Int] { isTransposed ? tensor.shape.reversed() : tensor.shape }
  }

  /// The meaning of an element.
  enum Form {
    case itself
    /// Its exponential, times a factor, is the parameter.
    case logarithm(times: Double)
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
    for (name, constant) in constants.sorted(by: { $0.key < $1.key }) {
      let values = Matrix(rows: 1, columns: constant.count, repeating: constant.value)
      archive.parameters[name] = SAEArchive.Parameter(values, isVector: true)
    }
    if let finishing { try archive.finish(finishing) }
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
    case .logarithm(let factor):
      values = Matrix(rows: values.rows, columns: values.columns) {
        Float(factor * exp(Double(values[$0, $1])))
      }
      try tensor.checkFinite(values)
      if factor != 1 { type = .f32 }
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

  /// Gives each of `count` latents the same number for a parameter.
  mutating func fill(_ name: String, with value: Float, count: Int) {
    constants[name] = Constant(value: value, count: count)
  }

  /// Multiplies a parameter, which has been taken, by a factor as it is read.
  ///
  /// - Throws: ``FileError`` if float32 cannot hold the factor.
  mutating func multiply(_ name: String, by factor: Double) throws(FileError) {
    guard factor != 1, let source = sources[name] else { return }
    guard Float(factor).isNormal else {
      throw .invalidSetting(
        file: source.tensor.file, setting: "the factor of \(name)",
        expected: "a number that float32 holds", found: "\(factor)")
    }
    switch source.form {
    case .itself: sources[name]?.form = .multiple(of: Float(factor))
    case .logarithm(let earlier): sources[name]?.form = .logarithm(times: earlier * factor)
    case .multiple(let earlier): sources[name]?.form = .multiple(of: earlier * Float(factor))
    }
  }

  /// The tensor that a parameter is read from.
  func tensor(of name: String) -> StoredTensor? { sources[name]?.tensor }
}

extension SAEArchive {
  /// Brings parameters to the form that files imply.
  ///
  /// - Throws: ``FileError`` if a decoder row is zero.
  fileprivate mutating func finish(_ finishing: SAEFiles.Finishing) throws(FileError) {
    guard let decoder = parameters["W_dec"]?.values else { return }
    let norms = decoder.rowNorms()
    switch finishing {
    case .unitDecoderRows:
      // A row of zeros stays one, and its latent as it is.
      multiplyRows(of: "W_dec", by: norms.map { $0 > 0 ? 1 / $0 : 1 })
      multiplyRows(of: "W_enc", by: norms.map { $0 > 0 ? $0 : 1 })
      multiplyColumns(of: "b_enc", by: norms.map { $0 > 0 ? $0 : 1 })
    case .thresholdsByDecoderNorms:
      if let row = norms.firstIndex(of: 0) {
        throw .invalidSetting(
          file: file, setting: "W_dec",
          expected: "rows other than zero, whose norms thresholds are divided by",
          found: "zeros in row \(row)")
      }
      multiplyColumns(of: SAEArchive.threshold, by: norms.map { 1 / $0 })
    }
  }

  private mutating func multiplyRows(of name: String, by factors: [Float]) {
    parameters[name]?.values.multiplyRows(by: factors)
    parameters[name]?.type = .f32
  }

  private mutating func multiplyColumns(of name: String, by factors: [Float]) {
    guard let values = parameters[name]?.values.array else { return }
    parameters[name]?.values = Matrix(
      rows: 1, columns: values.count, values: zip(values, factors).map { $0 * $1 })
    parameters[name]?.type = .f32
  }
}
