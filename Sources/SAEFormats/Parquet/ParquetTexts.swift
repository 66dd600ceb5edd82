/// A column of texts of a Parquet file, read page by page.
///
/// Columns at the top level, plain or by dictionary, in pages of both versions, uncompressed or compressed
/// by Snappy or gzip. Everything else is refused by name.
///
/// Source: Apache Parquet, "File format" and `parquet.thrift`.
package struct ParquetTexts {
  private let contents: FileBytes
  private let column: String
  private let chunks: [ParquetMetadata.Chunk]
  /// Whether values may be missing.
  private let isOptional: Bool

  private static let magic = Array("PAR1".utf8)
  /// A page or the metadata are no larger.
  private static let sizeLimit = 1 << 30

  /// - Throws: ``FileError`` if the file is broken or cut short, has no such column, or its texts are stored
  ///   in a way that is not supported.
  package init(_ contents: FileBytes, column: String) throws(FileError) {
    self.contents = contents
    self.column = column
    let metadata = try ParquetTexts.metadata(contents)
    guard !metadata.schema.isEmpty else {
      throw .malformed(
        file: contents.name, offset: contents.count, expected: "a schema", found: "none")
    }
    var index = 1
    var names: [String] = []
    var found: ParquetMetadata.Element?
    while index < metadata.schema.count {
      let element = metadata.schema[index]
      names.append(element.name)
      if element.name == column { found = element }
      // Over the whole tree below it.
      var open = 1
      while open > 0, index < metadata.schema.count {
        let children = metadata.schema[index].children
        guard (0...metadata.schema.count).contains(children) else {
          throw .malformed(
            file: contents.name, offset: contents.count, expected: "a number of children",
            found: "\(children)")
        }
        open += children - 1
        index += 1
      }
    }
    let file = contents.name
    guard let element = found else {
      throw .wrongColumn(
        file: file, column: column, expected: "such a column",
        found: names.map { quoted($0) }.joined(separator: ", "))
    }
    guard element.children == 0, element.repetition != 2 else {
      throw .wrongColumn(
        file: file, column: column, expected: "a text in each row", found: "nested values")
    }
    guard element.type == 6 else {
      let types = [
        "BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY",
        "FIXED_LEN_BYTE_ARRAY",
      ]
      let type = element.type ?? -1
      throw .wrongColumn(
        file: file, column: column, expected: "texts (BYTE_ARRAY)",
        found: types.indices.contains(type) ? types[type] : "type \(type)")
    }
    isOptional = element.repetition == 1
    var chunks: [ParquetMetadata.Chunk] = []
    for group in metadata.groups {
      guard let chunk = group.first(where: { $0.path == [column] }) else {
        throw .wrongColumn(
          file: file, column: column, expected: "values in each row group", found: "none")
      }
      // One without values need not have pages.
      guard chunk.values != 0 else { continue }
      try ParquetTexts.check(chunk, contents, column)
      chunks.append(chunk)
    }
    self.chunks = chunks
  }

  private static func metadata(_ contents: FileBytes) throws(FileError) -> ParquetMetadata {
    let (file, count) = (contents.name, contents.count)
    guard count >= 12 else {
      throw .tooShort(file: file, part: "Parquet file", expected: 12, found: count)
    }
    guard contents.bytes.array(0..<4) == magic else {
      throw .wrongContents(
        file: file, expected: "a Parquet file", found: "no PAR1 at its beginning")
    }
    let end = contents.bytes.array(count - 8..<count)
    guard end[4...] == magic[...] else {
      throw .wrongContents(
        file: file, expected: "PAR1 at the end of the Parquet file",
        found: "none: the file is cut short")
    }
    let length = end[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= min(count - 12, sizeLimit) else {
      throw .outside(
        file: file, part: "metadata", offset: 0, length: UInt64(length), end: count - 12)
    }
    let begin = count - 8 - length
    return try ParquetMetadata(
      contents.bytes.array(begin..<begin + length), file: file, origin: begin)
  }

  private static func check(
    _ chunk: ParquetMetadata.Chunk, _ contents: FileBytes, _ column: String
  ) throws(FileError) {
    let file = contents.name
    guard chunk.file == nil, !chunk.isEncrypted else {
      throw .unsupported(
        file: file, expected: "columns in the file itself, not encrypted", found: "others")
    }
    guard [0, 1, 2].contains(chunk.codec) else {
      let codecs = ["UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"]
      throw .unsupported(
        file: file, expected: "UNCOMPRESSED, SNAPPY and GZIP",
        found: codecs.indices.contains(chunk.codec) ? codecs[chunk.codec] : "\(chunk.codec)")
    }
    let begin = chunk.begin
    guard begin >= 4, chunk.compressedSize >= 0, chunk.values >= 0,
      begin <= contents.count, chunk.compressedSize <= contents.count - begin
    else {
      throw .outside(
        file: file, part: "column \(quoted(column))", offset: UInt64(clamping: begin),
        length: UInt64(clamping: chunk.compressedSize), end: contents.count)
    }
  }

  /// Calls `body` with each value, nil for one that is missing, until it returns false.
  ///
  /// - Parameter body: also gets the bytes of the file that have been read.
  /// - Returns: whether it never did.
  /// - Throws: ``FileError`` if a page is broken or stored in a way that is not supported; what `body` throws.
  package func forEach(
    _ body: (_ value: ArraySlice<UInt8>?, _ bytesRead: Int) throws -> Bool
  ) throws -> Bool {
    for chunk in chunks {
      let begin = chunk.begin
      var pages = ParquetPages(
        contents, chunk: chunk, range: begin..<begin + chunk.compressedSize, column: column,
        isOptional: isOptional)
      while let page = try pages.next() {
        guard try page.forEach({ try body($0, pages.position) }) else { return false }
        contents.release(begin..<pages.position)
      }
    }
    return true
  }
}
