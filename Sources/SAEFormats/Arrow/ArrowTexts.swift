/// A column of texts of an Arrow IPC file or stream, read batch by batch.
///
/// Texts with offsets of 32 or 64 bits, themselves or by dictionary, without compression.
///
/// Source: Apache Arrow, "Serialization and interprocess communication" and `Message.fbs`.
package struct ArrowTexts {
  private let contents: FileBytes
  private let column: String
  /// Where the messages begin.
  private let begin: Int

  private static let magic = Array("ARROW1".utf8)

  /// - Throws: ``FileError`` if the file is no Arrow file, or is cut short.
  package init(_ contents: FileBytes, column: String) throws(FileError) {
    self.contents = contents
    self.column = column
    let (file, count) = (contents.name, contents.count)
    guard count >= 8 else {
      throw .tooShort(file: file, part: "Arrow file", expected: 8, found: count)
    }
    guard contents.bytes.array(0..<6) == ArrowTexts.magic else {
      begin = 0
      guard contents.bytes.littleEndian(UInt32.self, at: 0) == UInt32.max else {
        throw .wrongContents(
          file: file, expected: "an Arrow IPC file or stream", found: "another format")
      }
      return
    }
    guard count >= 18, contents.bytes.array(count - 6..<count) == ArrowTexts.magic else {
      throw .wrongContents(
        file: file, expected: "ARROW1 at the end of the Arrow file",
        found: "none: the file is cut short")
    }
    begin = 8
  }

  /// Calls `body` with each value, nil for one that is missing, until it returns false.
  ///
  /// - Parameter body: also gets the bytes of the file that have been read.
  /// - Returns: whether it never did.
  /// - Throws: ``FileError`` if a message is broken, there is no such column of texts, or it is stored in a way
  ///   that is not supported; what `body` throws.
  package func forEach(
    _ body: (_ value: ArraySlice<UInt8>?, _ bytesRead: Int) throws -> Bool
  ) throws -> Bool {
    var schema: ArrowSchema?
    var dictionary: [ArrowBatch] = []
    var position = begin
    while let message = try message(at: position) {
      defer {
        contents.release(position..<message.body.upperBound)
        position = message.body.upperBound
      }
      let header = message.header
      switch message.type {
      case 1:
        schema = try ArrowSchema(header, column: column, file: contents.name)
      case 2:
        guard let schema else { throw malformed(position, "a schema first") }
        guard let found = schema.dictionary,
          Int(try header.number(0, default: Int64(0))) == found.id
        else { continue }
        guard let data = try header.table(1) else { throw malformed(position, "a dictionary") }
        let batch = try ArrowBatch(
          data, contents, body: message.body, node: 0, buffer: 0,
          offsetSize: schema.hasLongOffsets ? 8 : 4, isDictionary: false)
        let isDelta = try header.number(2, default: UInt8(0)) != 0
        dictionary = isDelta ? dictionary + [batch] : [batch]
      case 3:
        guard let schema else { throw malformed(position, "a schema first") }
        let batch = try ArrowBatch(
          header, contents, body: message.body, node: schema.node, buffer: schema.buffer,
          offsetSize: schema.dictionary?.indexSize ?? (schema.hasLongOffsets ? 8 : 4),
          isDictionary: schema.dictionary != nil)
        for index in 0..<batch.count {
          guard batch.isValid(index) else {
            guard try body(nil, message.body.upperBound) else { return false }
            continue
          }
          let text =
            schema.dictionary == nil
            ? try batch.text(index) : try text(batch.number(index), dictionary, position)
          guard try body(text?[...], message.body.upperBound) else { return false }
        }
      default: throw malformed(position, "a schema, a dictionary or a record batch")
      }
    }
    guard schema != nil else { throw malformed(begin, "a schema") }
    return true
  }

  /// A text of the dictionary, which may be missing there.
  private func text(
    _ number: Int, _ dictionary: [ArrowBatch], _ position: Int
  ) throws(FileError) -> [UInt8]? {
    var number = number
    for part in dictionary where number >= 0 {
      if number < part.count { return part.isValid(number) ? try part.text(number) : nil }
      number -= part.count
    }
    throw malformed(position, "numbers of texts in the dictionary")
  }

  private struct Message {
    let type: Int
    let header: FlatTable
    let body: Range<Int>
  }

  /// The message at a place; nil at the end.
  private func message(at position: Int) throws(FileError) -> Message? {
    let count = contents.count
    // A stream may end without a mark.
    if position == count { return nil }
    guard count - position >= 8,
      contents.bytes.littleEndian(UInt32.self, at: position) == UInt32.max
    else { throw malformed(position, "a message") }
    let size = Int(contents.bytes.littleEndian(Int32.self, at: position + 4))
    if size == 0 { return nil }
    let begin = position + 8
    guard size > 0, size <= count - begin else {
      throw .tooShort(
        file: contents.name, part: "message", expected: max(size, 0), found: count - begin)
    }
    let table = try FlatTable(
      root: contents.bytes.array(begin..<begin + size), file: contents.name, origin: begin)
    let length = Int(try table.number(3, default: Int64(0)))
    guard length >= 0, length <= count - begin - size else {
      throw .tooShort(
        file: contents.name, part: "body of a message", expected: max(length, 0),
        found: count - begin - size)
    }
    guard let header = try table.table(2) else { throw malformed(position, "a message's header") }
    return Message(
      type: Int(try table.number(1, default: UInt8(0))), header: header,
      body: begin + size..<begin + size + length)
  }

  private func malformed(_ offset: Int, _ expected: String) -> FileError {
    .malformed(
      file: contents.name, offset: offset, expected: expected, found: "something else")
  }
}
