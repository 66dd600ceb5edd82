/// Writes an npy file of one dimension whose length is known at the end only.
public struct NpyRowWriter: ~Copyable {
  private var file: AtomicFile
  private let name: String
  private let type: ElementType
  /// Elements that have been appended.
  public private(set) var count = 0

  /// Headers of any count have this length.
  private static let headerLength = 128

  /// Begins a file of unsigned whole numbers.
  ///
  /// - Parameters:
  ///   - path: where it is to stand.
  ///   - type: `u16` or `u32`.
  ///   - replacing: whether a file of that name gives way.
  /// - Throws: ``FileError`` if the file cannot be created.
  public init(_ path: String, _ type: ElementType, replacing: Bool = true) throws(FileError) {
    precondition(type == .u16 || type == .u32, "rows are of U16 or U32")
    let header = try NpyRowWriter.header(0, type, path)
    var file = try AtomicFile(path, replacing: replacing)
    try file.append(header)
    self.file = file
    self.type = type
    name = path
  }

  private static func header(
    _ count: Int, _ type: ElementType, _ path: String
  ) throws(FileError) -> [UInt8] {
    try NpyHeader.encode(
      TensorDeclaration("row", type, [count]), file: path, multiple: headerLength)
  }

  /// Appends numbers.
  ///
  /// - Throws: ``FileError`` if one does not fit the type, or the disk refuses.
  public mutating func append(_ values: [UInt32]) throws(FileError) {
    let limit = type == .u16 ? UInt32(UInt16.max) : UInt32.max
    if let value = values.max(), value > limit {
      throw .valueOutOfRange(
        file: name, tensor: "row", value: String(value), type: type.rawValue)
    }
    let piece = 1 << 16
    for begin in stride(from: 0, to: values.count, by: piece) {
      let numbers = values[begin..<min(begin + piece, values.count)].map { Int($0) }
      let bytes = type.encode(numbers.span)
      try file.append(bytes)
    }
    count += values.count
  }

  /// Completes the file.
  ///
  /// - Throws: ``FileError`` if the disk refuses.
  public consuming func finish() throws(FileError) {
    let header = try NpyRowWriter.header(count, type, name)
    try file.write(header.span.storedBytes, at: 0)
    try file.finish()
  }
}
