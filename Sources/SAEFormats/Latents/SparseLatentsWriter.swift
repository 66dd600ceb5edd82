/// Writes latents to a safetensors file that ``SparseLatentsFile`` reads, a batch at a time.
///
/// The number of entries is known only at the end. So row offsets and values, whose places are known, go
/// into the file as they come; indices wait in a second file, without a name, and follow when all values
/// are there; the header, of fixed length, is written last. Memory stays within a batch.
public struct SparseLatentsWriter: ~Copyable {
  /// Rows of the file, all of which have to be appended.
  public let tokens: Int
  /// d_sae.
  public let latentCount: Int
  /// Rows appended.
  public private(set) var written = 0
  /// Entries appended.
  public private(set) var entryCount = 0

  private let metadata: [String: String]
  private let file: AtomicFile
  private let indices: WritableFile

  /// Length field and header, padded with spaces: room for the description of four tensors, each with
  /// numbers of 19 digits, and a short ``metadata``.
  private static let headerLength = 4096
  private static let metadataLimit = 2048

  /// The path under which the file will appear.
  public var path: String { file.path }

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: of the file, which appears when it is complete.
  ///   - tokens: how many will be appended.
  ///   - latentCount: d_sae.
  ///   - metadata: a short description.
  ///   - replacing: whether a file of that name gives way.
  /// - Throws: ``FileError`` if a number is negative or does not fit, the metadata is long, or
  ///   the file cannot be created.
  public init(
    _ path: String, tokens: Int, latentCount: Int, metadata: [String: String] = [:],
    replacing: Bool = true
  ) throws(FileError) {
    guard tokens >= 0, tokens < Int.max / 16, latentCount >= 0, latentCount <= Int(Int32.max) else {
      throw .valueOutOfRange(
        file: path, tensor: SparseLatentsFile.shapeName, value: "\(tokens) × \(latentCount)",
        type: "a shape")
    }
    let length = SafetensorsHeader.encode([], metadata).count
    guard length <= SparseLatentsWriter.metadataLimit else {
      throw .headerTooLong(
        file: path, declared: UInt64(length), limit: SparseLatentsWriter.metadataLimit)
    }
    let file = try AtomicFile(path, replacing: replacing)
    let indices = try file.spool()
    self.tokens = tokens
    self.latentCount = latentCount
    self.metadata = metadata
    self.file = file
    self.indices = indices
  }

  /// Appends the latents of the next tokens.
  ///
  /// - Throws: ``FileError`` if the number of latents is another, more tokens come than were
  ///   declared, or the disk refuses.
  public mutating func append(_ batch: SparseLatents) throws(FileError) {
    guard batch.latentCount == latentCount else {
      throw .invalidLatents(
        file: path, reason: "expected \(latentCount) latents, found \(batch.latentCount)")
    }
    guard batch.tokens <= tokens - written else { throw wrongTokens(written + batch.tokens) }
    let base = entryCount
    try write(batch.rowOffsets.dropFirst().map { $0 + base }, at: offsetsStart + 8 * (written + 1))
    let values = batch.values.span
    try file.write(values.storedBytes, at: valuesStart + 4 * entryCount)
    // Below 2³¹, so the same bits as I32.
    let latents = batch.indices.span
    try indices.write(latents.storedBytes, at: 4 * entryCount)
    written += batch.tokens
    entryCount += batch.entryCount
  }

  /// Makes the file appear under its name.
  ///
  /// - Throws: ``FileError`` if tokens are missing, or the disk refuses.
  public consuming func finish() throws(FileError) {
    guard written == tokens else { throw wrongTokens(written) }
    let begin = valuesStart + 4 * entryCount
    if entryCount > 0 {
      try file.write(contentsOf: indices, at: begin)
    }
    // The shape, and the first row's offset, which follows it.
    try write([tokens, latentCount, 0], at: shapeStart)
    let header = header()
    let span = header.span
    try file.write(span.storedBytes, at: 0)
    try file.finish()
  }

  private func write(_ numbers: [Int], at offset: Int) throws(FileError) {
    let bytes = ElementType.i64.encode(numbers.span)
    let span = bytes.span
    try file.write(span.storedBytes, at: offset)
  }

  private func header() -> [UInt8] {
    let declarations = [
      TensorDeclaration(SparseLatentsFile.shapeName, .i64, [2]),
      TensorDeclaration(SparseLatentsFile.rowOffsetsName, .i64, [tokens + 1]),
      TensorDeclaration(SparseLatentsFile.valuesName, .f32, [entryCount]),
      TensorDeclaration(SparseLatentsFile.indicesName, .i32, [entryCount]),
    ]
    var bytes = Array(SafetensorsHeader.encode(declarations, metadata).dropFirst(8))
    let length = SparseLatentsWriter.headerLength - 8
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: length - bytes.count))
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + bytes
  }

  private var shapeStart: Int { SparseLatentsWriter.headerLength }
  private var offsetsStart: Int { shapeStart + 16 }
  private var valuesStart: Int { offsetsStart + 8 * (tokens + 1) }

  private func wrongTokens(_ found: Int) -> FileError {
    .invalidLatents(file: path, reason: "expected \(tokens) tokens, found \(found)")
  }
}
