/// A tensor that is to be written.
public struct TensorDeclaration: Sendable, Equatable {
  /// The name that the tensor gets.
  public let name: String
  /// How its elements are stored.
  public let type: ElementType
  /// Dimensions, slowest first; empty for a scalar.
  public let shape: [Int]

  /// A tensor of `shape` called `name`, its elements stored as `type`.
  public init(_ name: String, _ type: ElementType, _ shape: [Int]) {
    self.name = name
    self.type = type
    self.shape = shape
  }
}

/// Writes a file of tensors, each as many elements at a time as the caller likes.
///
/// Names, types and shapes are given when the file is begun; then each tensor's elements are appended
/// in row-major order, the tensors in any order or interleaved. The file appears under its name, in place
/// of an older one, when ``finish()`` has returned; before that, and after any error, nothing changes.
public protocol TensorWriter: ~Copyable {
  /// The path under which the file will appear.
  var path: String { get }

  /// The type that a tensor was declared with.
  func elementType(of name: String) throws(FileError) -> ElementType

  /// Appends elements that have the tensor's type already, little-endian.
  ///
  /// - Throws: ``FileError`` if there is no such tensor, it has fewer elements left, or the
  ///   disk refuses.
  mutating func append(stored bytes: RawSpan, to name: String) throws(FileError)

  /// Completes the file.
  ///
  /// - Throws: ``FileError`` if a tensor lacks elements, or the disk refuses.
  consuming func finish() throws(FileError)
}

extension TensorWriter where Self: ~Copyable {
  /// Appends elements to a tensor of floats, rounding them to its type (nearest, half to even).
  public mutating func append(
    _ values: Span<Float>, to name: String
  ) throws(FileError) {
    let type = try elementType(of: name, for: "F32") { $0.storesFloats }
    if type == .f32 { return try append(stored: values.storedBytes, to: name) }
    try inPieces(values.count, name) { type.encode(values.extracting($0)) }
  }

  /// Appends elements to a tensor of floats, rounding them to its type (nearest, half to even).
  public mutating func append(_ values: [Float], to name: String) throws(FileError) {
    let span = values.span
    try append(span, to: name)
  }

  /// Appends the rows of a matrix to a tensor of floats, rounding as above.
  public mutating func append(_ rows: Matrix, to name: String) throws(FileError) {
    let elements = rows.elements
    try append(elements, to: name)
  }

  /// Appends doubles to a tensor of F64, or of F32, to which they are rounded.
  public mutating func append(_ values: [Double], to name: String) throws(FileError) {
    let type = try elementType(of: name, for: "F64") { $0 == .f64 || $0 == .f32 }
    try inPieces(values.count, name) { type.encode(values.span.extracting($0)) }
  }

  /// Appends whole numbers to a tensor of a type that can hold them.
  public mutating func append(_ values: [Int], to name: String) throws(FileError) {
    let type = try elementType(of: name, for: "whole numbers") { $0.isInteger }
    let range = type.integerRange ?? 0...0
    if let value = values.first(where: { !range.contains($0) }) {
      throw .valueOutOfRange(file: path, tensor: name, value: String(value), type: type.rawValue)
    }
    try inPieces(values.count, name) { type.encode(values.span.extracting($0)) }
  }

  /// Appends the elements of a tensor in another file, which has the same type, as they are.
  public mutating func append(_ tensor: StoredTensor, to name: String) throws(FileError) {
    let order = tensor.isBigEndian ? "big-endian " : tensor.strides != nil ? "reordered " : ""
    _ = try elementType(of: name, for: order + tensor.type.rawValue) {
      $0 == tensor.type && order.isEmpty
    }
    try append(stored: tensor.contents.bytes.extracting(tensor.bytes), to: name)
  }

  private mutating func inPieces(
    _ count: Int, _ name: String, _ encode: (Range<Int>) -> [UInt8]
  ) throws(FileError) {
    let piece = 1 << 16
    for begin in stride(from: 0, to: count, by: piece) {
      let bytes = encode(begin..<min(begin + piece, count))
      let span = bytes.span
      try append(stored: span.storedBytes, to: name)
    }
  }

  private func elementType(
    of name: String, for source: String, _ isAllowed: (ElementType) -> Bool
  ) throws(FileError) -> ElementType {
    let type = try elementType(of: name)
    guard isAllowed(type) else {
      throw .notConvertible(file: path, tensor: name, from: source, to: type.rawValue)
    }
    return type
  }
}
