/// Which buffers of a record batch belong to a column of texts.
///
/// Source: Apache Arrow, "Columnar format" and `Schema.fbs`.
struct ArrowSchema {
  /// The number of the column's node, and of its first buffer.
  private(set) var node = 0
  private(set) var buffer = 0
  /// Whether the texts' offsets have 64 bits.
  private(set) var hasLongOffsets = false
  /// The dictionary that values are numbers of, and the bytes of a number.
  private(set) var dictionary: (id: Int, indexSize: Int)?

  private static let names = [
    "null", "null", "int", "float", "binary", "utf8", "bool", "decimal", "date", "time",
    "timestamp",
    "interval", "list", "struct", "union", "fixed-size binary", "fixed-size list", "map",
    "duration", "large binary", "large utf8", "large list", "run-end encoded", "binary view",
    "utf8 view", "list view", "large list view",
  ]

  init(_ schema: FlatTable, column: String, file: String) throws(FileError) {
    guard try schema.number(0, default: Int16(0)) == 0 else {
      throw .unsupported(
        file: file, expected: "little-endian Arrow files", found: "a big-endian one")
    }
    var names: [String] = []
    for field in try schema.tables(1) {
      let name = try field.string(0) ?? ""
      guard name == column else {
        names.append("\"\(name)\"")
        try skip(field, file, depth: 0)
        continue
      }
      let type = Int(try field.number(2, default: UInt8(0)))
      guard type == 5 || type == 20 else {
        throw .wrongColumn(
          file: file, column: column, expected: "texts (utf8 or large utf8)",
          found: ArrowSchema.name(type))
      }
      hasLongOffsets = type == 20
      if let encoding = try field.table(4) {
        let bits = try encoding.table(1)?.number(0, default: Int32(0)) ?? 32
        guard [8, 16, 32, 64].contains(bits) else {
          throw .wrongColumn(
            file: file, column: column, expected: "numbers of 8 to 64 bits for a dictionary",
            found: "\(bits) bits")
        }
        dictionary = (Int(try encoding.number(0, default: Int64(0))), Int(bits) / 8)
      }
      return
    }
    throw .wrongColumn(
      file: file, column: column, expected: "such a column",
      found: names.joined(separator: ", "))
  }

  private static func name(_ type: Int) -> String {
    names.indices.contains(type) ? names[type] : "type \(type)"
  }

  /// Counts the nodes and buffers of another column.
  private mutating func skip(
    _ field: FlatTable, _ file: String, depth: Int
  ) throws(FileError) {
    guard depth < 32 else {
      throw .unsupported(file: file, expected: "fewer than 32 levels of columns", found: "more")
    }
    node += 1
    if try field.table(4) != nil {
      buffer += 2
      return
    }
    let type = Int(try field.number(2, default: UInt8(0)))
    switch type {
    case 1: break
    case 4, 5, 19, 20: buffer += 3
    case 2, 3, 6...11, 15, 18: buffer += 2
    case 12, 17, 21: buffer += 2
    case 13, 16: buffer += 1
    default:
      throw .unsupported(
        file: file, expected: "columns of plain types before the texts",
        found: ArrowSchema.name(type))
    }
    for child in try field.tables(5) { try skip(child, file, depth: depth + 1) }
  }
}
