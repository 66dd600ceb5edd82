/// The header of a page.
struct ParquetPageHeader {
  /// 0: data, 1: index, 2: dictionary, 3: data of the second version.
  var type = -1
  var uncompressedSize = -1
  var compressedSize = -1
  var values = 0
  var encoding = 0
  var levelEncoding = 3
  /// Of the second version: bytes of the levels, which are not compressed.
  var definitionBytes = 0
  var repetitionBytes = 0
  var isCompressed = true

  init(_ reader: inout ThriftReader) throws(FileError) {
    var header = ParquetPageHeader()
    try reader.structure { reader, field throws(FileError) in
      switch field.number {
      case 1: header.type = try reader.integer(field)
      case 2: header.uncompressedSize = try reader.integer(field)
      case 3: header.compressedSize = try reader.integer(field)
      case 5, 7, 8:
        let isSecond = field.number == 8
        try reader.structure(field) { reader, field throws(FileError) in
          switch (field.number, isSecond) {
          case (1, _): header.values = try reader.integer(field)
          case (2, false), (4, true): header.encoding = try reader.integer(field)
          case (3, false) where field.kind == .i32: header.levelEncoding = try reader.integer(field)
          case (5, true): header.definitionBytes = try reader.integer(field)
          case (6, true): header.repetitionBytes = try reader.integer(field)
          case (7, true): header.isCompressed = try reader.bool(field)
          default: try reader.skip(field)
          }
        }
      default: try reader.skip(field)
      }
    }
    self = header
  }

  private init() {}
}
