/// A table of a FlatBuffer, whose fields are looked up by number.
///
/// Every place is checked before it is read. Source: Google, "FlatBuffers internals".
struct FlatTable {
  private let bytes: [UInt8]
  private let file: String
  private let origin: Int
  private let position: Int
  private let fields: Range<Int>

  /// The root of a buffer.
  ///
  /// - Parameter origin: where the bytes begin in the file.
  init(root bytes: [UInt8], file: String, origin: Int) throws(FileError) {
    let offset = try FlatTable.number(UInt32.self, bytes, 0, file, origin)
    try self.init(bytes, file, origin, at: Int(offset))
  }

  private init(
    _ bytes: [UInt8], _ file: String, _ origin: Int, at position: Int
  ) throws(FileError) {
    let back = try FlatTable.number(Int32.self, bytes, position, file, origin)
    let table = position - Int(back)
    let size = Int(try FlatTable.number(UInt16.self, bytes, table, file, origin))
    guard size >= 4, size <= bytes.count - table else {
      throw FlatTable.malformed(file, origin + position, "a table")
    }
    (self.bytes, self.file, self.origin, self.position) = (bytes, file, origin, position)
    fields = table + 4..<table + size
  }

  private static func malformed(
    _ file: String, _ offset: Int, _ expected: String
  ) -> FileError {
    .malformed(file: file, offset: offset, expected: expected, found: "something else")
  }

  private static func number<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, _ bytes: [UInt8], _ position: Int, _ file: String, _ origin: Int
  ) throws(FileError) -> Value {
    guard position >= 0, position <= bytes.count - MemoryLayout<Value>.size else {
      throw malformed(file, origin + max(0, min(position, bytes.count)), "more metadata")
    }
    return bytes.span.bytes.littleEndian(type, at: position)
  }

  /// The place of a field; nil where it has its default.
  private func place(_ field: Int) throws(FileError) -> Int? {
    let entry = fields.lowerBound + 2 * field
    guard entry + 2 <= fields.upperBound else { return nil }
    let offset = try FlatTable.number(UInt16.self, bytes, entry, file, origin)
    return offset == 0 ? nil : position + Int(offset)
  }

  func number<Value: FixedWidthInteger & BitwiseCopyable>(
    _ field: Int, default standard: Value
  ) throws(FileError) -> Value {
    guard let place = try place(field) else { return standard }
    return try FlatTable.number(Value.self, bytes, place, file, origin)
  }

  /// Where a field's reference leads; nil where there is none.
  private func target(_ field: Int) throws(FileError) -> Int? {
    guard let place = try place(field) else { return nil }
    return place + Int(try FlatTable.number(UInt32.self, bytes, place, file, origin))
  }

  func table(_ field: Int) throws(FileError) -> FlatTable? {
    guard let target = try target(field) else { return nil }
    return try FlatTable(bytes, file, origin, at: target)
  }

  func string(_ field: Int) throws(FileError) -> String? {
    guard let (begin, count) = try vector(field, elementSize: 1) else { return nil }
    return String(decoding: bytes[begin..<begin + count], as: UTF8.self)
  }

  func tables(_ field: Int) throws(FileError) -> [FlatTable] {
    guard let (begin, count) = try vector(field, elementSize: 4) else { return [] }
    var tables: [FlatTable] = []
    for index in 0..<count {
      let place = begin + 4 * index
      let offset = try FlatTable.number(UInt32.self, bytes, place, file, origin)
      tables.append(try FlatTable(bytes, file, origin, at: place + Int(offset)))
    }
    return tables
  }

  /// Pairs of whole numbers.
  func pairs(_ field: Int) throws(FileError) -> [(Int, Int)] {
    guard let (begin, count) = try vector(field, elementSize: 16) else { return [] }
    var pairs: [(Int, Int)] = []
    for index in 0..<count {
      let place = begin + 16 * index
      pairs.append(
        (
          Int(try FlatTable.number(Int64.self, bytes, place, file, origin)),
          Int(try FlatTable.number(Int64.self, bytes, place + 8, file, origin))
        ))
    }
    return pairs
  }

  private func vector(
    _ field: Int, elementSize: Int
  ) throws(FileError) -> (begin: Int, count: Int)? {
    guard let target = try target(field) else { return nil }
    let count = Int(try FlatTable.number(UInt32.self, bytes, target, file, origin))
    guard count <= (bytes.count - target - 4) / elementSize else {
      throw FlatTable.malformed(file, origin + target, "a list of \(count)")
    }
    return (target + 4, count)
  }
}
