/// Reads the part of YAML that configurations of autoencoders use: comments, block maps, block lists, and
/// scalars, plain or in quotes.
///
/// Anchors, tags (but `!!python/tuple` before a list), flow collections that hold something, block
/// scalars, several documents and tabs are refused by name and line: aliases can stand for more than there
/// is memory, and tags ask Python to build objects.
///
/// Source: YAML 1.2.2, of which this is a subset.
package struct YAMLReader {
  /// The name of the file in messages.
  private let file: String
  private let lines: [YAMLLine]
  private var next = 0

  private static let lengthLimit = 1 << 20
  private static let depthLimit = 32

  /// Reads a file.
  ///
  /// - Throws: ``FileError`` if it cannot be read, or has anything outside of that part.
  package static func read(_ path: String) throws(FileError) -> JSONValue {
    let contents = try FileBytes(mapping: path)
    guard contents.count <= lengthLimit else {
      throw .headerTooLong(file: path, declared: UInt64(contents.count), limit: lengthLimit)
    }
    return try parse(contents.bytes.array(0..<contents.count), file: path)
  }

  /// Reads a text.
  package static func parse(_ bytes: [UInt8], file: String) throws(FileError) -> JSONValue {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(file: file, offset: 0, expected: "text in UTF-8", found: "other bytes")
    }
    var reader = YAMLReader(file: file, lines: try YAMLLine.lines(of: text, file: file))
    guard let first = reader.lines.first else { return .null }
    let value = try reader.block(indentation: first.indentation, depth: 0)
    if reader.next < reader.lines.count {
      throw reader.refusal("the end, or the same indentation", "another indentation")
    }
    return value
  }

  private init(file: String, lines: [YAMLLine]) {
    self.file = file
    self.lines = lines
  }

  private var line: YAMLLine? { next < lines.count ? lines[next] : nil }

  private func refusal(_ expected: String, _ found: String) -> FileError {
    YAMLLine.refusal(file, line?.number ?? (lines.last?.number ?? 1), expected, found)
  }

  /// The lines from the next one on that are indented so, as a list or a map.
  private mutating func block(
    indentation: Int, depth: Int
  ) throws(FileError) -> JSONValue {
    guard depth < YAMLReader.depthLimit else {
      throw refusal("at most \(YAMLReader.depthLimit) levels", "more")
    }
    guard let first = line else { return .null }
    if first.isItem { return try list(indentation, depth) }
    guard try first.key(file) != nil else {
      next += 1
      return try YAMLScalar.value(first.text, file, first.number)
    }
    return try map(indentation, depth)
  }

  private mutating func list(_ indentation: Int, _ depth: Int) throws(FileError) -> JSONValue {
    var values: [JSONValue] = []
    while let item = line, item.indentation == indentation, item.isItem {
      let inner = item.withoutDash
      if inner.text.isEmpty {
        next += 1
        let isDeeper = (line?.indentation ?? 0) > indentation
        values.append(
          isDeeper ? try block(indentation: line?.indentation ?? 0, depth: depth + 1) : .null)
      } else if !inner.isItem, try inner.key(file) == nil {
        next += 1
        values.append(try YAMLScalar.value(inner.text, file, item.number))
      } else {
        throw refusal("a plain value after the dash, or one on lines of its own", "a collection")
      }
    }
    return .array(values)
  }

  private mutating func map(_ indentation: Int, _ depth: Int) throws(FileError) -> JSONValue {
    var object = JSONObject()
    while let entry = line, entry.indentation == indentation, !entry.isItem {
      guard let (key, rest) = try entry.key(file) else {
        throw refusal("a key and a colon", quoted(String(entry.text.prefix(40))))
      }
      guard object[key] == nil else { throw .duplicateName(file: file, name: key) }
      next += 1
      object[key] = try value(rest, entry, indentation, depth)
    }
    return .object(object)
  }

  /// The value of a key: on its line, or on the lines below that are indented further; a list may begin
  /// at the key's own indentation.
  private mutating func value(
    _ rest: String, _ entry: YAMLLine, _ indentation: Int, _ depth: Int
  ) throws(FileError) -> JSONValue {
    let isTuple = rest == "!!python/tuple"
    guard rest.isEmpty || isTuple else { return try YAMLScalar.value(rest, file, entry.number) }
    let isBelow =
      line.map { $0.indentation > indentation || $0.indentation == indentation && $0.isItem }
      ?? false
    guard isBelow, let below = line else {
      guard !isTuple else { throw refusal("a list after !!python/tuple", "none") }
      return .null
    }
    guard below.isItem || !isTuple else {
      throw refusal("a list after !!python/tuple", "something else")
    }
    return try block(indentation: below.indentation, depth: depth + 1)
  }
}
