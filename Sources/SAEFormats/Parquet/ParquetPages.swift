/// The pages of a column's part of a row group, one after another.
struct ParquetPages {
  private let contents: FileBytes
  private let chunk: ParquetMetadata.Chunk
  private let end: Int
  private let column: String
  private let isOptional: Bool
  private var dictionary: ParquetDictionary?
  private var left: Int
  /// Where the next page begins.
  private(set) var position: Int

  /// A header is no longer: it may have statistics.
  private static let headerLimit = 1 << 20
  private static let pageLimit = 1 << 30

  init(
    _ contents: FileBytes, chunk: ParquetMetadata.Chunk, range: Range<Int>, column: String,
    isOptional: Bool
  ) {
    self.contents = contents
    self.chunk = chunk
    self.column = column
    self.isOptional = isOptional
    position = range.lowerBound
    end = range.upperBound
    left = chunk.values
  }

  /// The next page of values; nil after the last.
  mutating func next() throws(FileError) -> ParquetPage? {
    while left > 0 {
      let start = position
      let limit = min(end, start + ParquetPages.headerLimit)
      var reader = ThriftReader(
        contents.bytes.array(start..<limit), file: contents.name, origin: start)
      let header = try ParquetPageHeader(&reader)
      position = start + reader.position
      guard header.compressedSize >= 0, header.compressedSize <= end - position,
        (0...ParquetPages.pageLimit).contains(header.uncompressedSize), header.values >= 0
      else { throw malformed(start, "a page in the column's bytes") }
      let stored = contents.bytes.array(position..<position + header.compressedSize)
      position += header.compressedSize
      switch header.type {
      case 1: continue
      case 2:
        guard header.encoding == 0 || header.encoding == 2 else {
          throw unsupported(header.encoding)
        }
        let bytes = try decompress(stored[...], header.uncompressedSize, start)
        guard let found = ParquetDictionary(bytes, count: header.values) else {
          throw malformed(start, "a dictionary of \(header.values) texts")
        }
        dictionary = found
      case 0, 3:
        guard header.values <= left else { throw malformed(start, "at most \(left) values") }
        left -= header.values
        return try page(header, stored, start)
      default: throw malformed(start, "a page of data or a dictionary")
      }
    }
    return nil
  }

  private func page(
    _ header: ParquetPageHeader, _ stored: [UInt8], _ start: Int
  ) throws(FileError) -> ParquetPage {
    var levels: ArraySlice<UInt8>?
    var values: ArraySlice<UInt8>
    if header.type == 3 {
      let levelBytes = header.definitionBytes
      guard header.repetitionBytes == 0, levelBytes >= 0, levelBytes <= stored.count,
        levelBytes <= header.uncompressedSize
      else { throw malformed(start, "levels of values that are not nested") }
      if isOptional { levels = stored[..<levelBytes] }
      let rest = stored[levelBytes...]
      values =
        header.isCompressed
        ? try decompress(rest, header.uncompressedSize - levelBytes, start)[...] : rest
    } else {
      values = try decompress(stored[...], header.uncompressedSize, start)[...]
      if isOptional {
        guard header.levelEncoding == 3 else { throw unsupported(header.levelEncoding) }
        guard values.count >= 4 else { throw malformed(start, "levels") }
        let length = values.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        values = values.dropFirst(4)
        guard length <= values.count else { throw malformed(start, "levels") }
        levels = values.prefix(length)
        values = values.dropFirst(length)
      }
    }
    let place = ParquetPage.Place(file: contents.name, offset: start, column: column)
    switch header.encoding {
    case 0:
      return ParquetPage(
        place: place, count: header.values, levels: levels, values: values, dictionary: nil)
    case 2, 8:
      guard let dictionary else { throw malformed(start, "a dictionary before the page") }
      return ParquetPage(
        place: place, count: header.values, levels: levels, values: values,
        dictionary: dictionary)
    default: throw unsupported(header.encoding)
    }
  }

  private func decompress(
    _ bytes: ArraySlice<UInt8>, _ count: Int, _ start: Int
  ) throws(FileError) -> [UInt8] {
    var result: [UInt8]?
    switch chunk.codec {
    case 0: result = Array(bytes)
    case 1: result = count == 0 && bytes.isEmpty ? [] : Snappy.decompress(bytes, count: count)
    default:
      do { result = try Gzip.decompress(Array(bytes), limit: count) } catch { result = nil }
    }
    guard let result, result.count == count else {
      throw malformed(start, "a page of \(count) bytes when decompressed")
    }
    return result
  }

  private func malformed(_ offset: Int, _ expected: String) -> FileError {
    .malformed(
      file: contents.name, offset: offset, expected: "\(expected) (column \(quoted(column)))",
      found: "something else")
  }

  private func unsupported(_ encoding: Int) -> FileError {
    let names = [
      "PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED",
      "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT",
    ]
    return .unsupported(
      file: contents.name, expected: "plain and dictionary encoding in column \(quoted(column))",
      found: names.indices.contains(encoding) ? names[encoding] : "encoding \(encoding)")
  }
}
