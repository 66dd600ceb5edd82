/// What the end of a Parquet file says of one of its columns.
///
/// Source: Apache Parquet, `parquet.thrift`.
struct ParquetMetadata {
  /// A column's part of a row group.
  struct Chunk {
    var type = -1
    var path: [String] = []
    var codec = 0
    var values = 0
    var compressedSize = 0
    var dataOffset = 0
    var dictionaryOffset: Int?
    var file: String?
    var isEncrypted = false

    /// Where its first page begins. Some writers say 0 where there is no dictionary.
    var begin: Int {
      if let dictionaryOffset, dictionaryOffset > 0 { return min(dictionaryOffset, dataOffset) }
      return dataOffset
    }
  }

  /// An entry of the schema, which is a tree from top to bottom.
  struct Element {
    var type: Int?
    var repetition = 0
    var name = ""
    var children = 0
  }

  var schema: [Element] = []
  /// The chunks of each row group.
  var groups: [[Chunk]] = []

  init(_ bytes: [UInt8], file: String, origin: Int) throws(FileError) {
    var schema: [Element] = []
    var groups: [[Chunk]] = []
    var reader = ThriftReader(bytes, file: file, origin: origin)
    try reader.structure { reader, field throws(FileError) in
      switch field.number {
      case 2:
        try reader.list(field) { reader, field throws(FileError) in
          schema.append(try ParquetMetadata.element(&reader, field))
        }
      case 4:
        try reader.list(field) { reader, field throws(FileError) in
          groups.append(try ParquetMetadata.group(&reader, field))
        }
      case 8:
        throw .unsupported(
          file: file, expected: "a file without encryption", found: "an encrypted one")
      default: try reader.skip(field)
      }
    }
    self.schema = schema
    self.groups = groups
  }

  private static func element(
    _ reader: inout ThriftReader, _ field: ThriftReader.Field
  ) throws(FileError) -> Element {
    var element = Element()
    try reader.structure(field) { reader, field throws(FileError) in
      switch field.number {
      case 1: element.type = try reader.integer(field)
      case 3: element.repetition = try reader.integer(field)
      case 4: element.name = try reader.string(field)
      case 5: element.children = try reader.integer(field)
      default: try reader.skip(field)
      }
    }
    return element
  }

  private static func group(
    _ reader: inout ThriftReader, _ field: ThriftReader.Field
  ) throws(FileError) -> [Chunk] {
    var chunks: [Chunk] = []
    try reader.structure(field) { reader, field throws(FileError) in
      guard field.number == 1 else { return try reader.skip(field) }
      try reader.list(field) { reader, field throws(FileError) in
        var chunk = Chunk()
        try reader.structure(field) { reader, field throws(FileError) in
          switch field.number {
          case 1: chunk.file = try reader.string(field)
          case 3: try read(&reader, field, into: &chunk)
          case 8, 9:
            chunk.isEncrypted = true
            try reader.skip(field)
          default: try reader.skip(field)
          }
        }
        chunks.append(chunk)
      }
    }
    return chunks
  }

  private static func read(
    _ reader: inout ThriftReader, _ field: ThriftReader.Field, into chunk: inout Chunk
  ) throws(FileError) {
    try reader.structure(field) { reader, field throws(FileError) in
      switch field.number {
      case 1: chunk.type = try reader.integer(field)
      case 3:
        try reader.list(field) { reader, field throws(FileError) in
          chunk.path.append(try reader.string(field))
        }
      case 4: chunk.codec = try reader.integer(field)
      case 5: chunk.values = try reader.integer(field)
      case 7: chunk.compressedSize = try reader.integer(field)
      case 9: chunk.dataOffset = try reader.integer(field)
      case 11: chunk.dictionaryOffset = try reader.integer(field)
      default: try reader.skip(field)
      }
    }
  }
}
