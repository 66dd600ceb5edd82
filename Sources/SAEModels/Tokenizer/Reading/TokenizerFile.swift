import SAECore

/// What the files of a tokenizer hold, before anything is made of it.
struct TokenizerFile {
  /// The file that has the vocabulary.
  let file: String
  /// The pipeline; all but vocabulary and merges.
  var pipeline: TokenizerFields
  /// The fields of the model but vocabulary and merges.
  var model: TokenizerFields
  /// Texts and ids, in the file's order.
  var vocabulary: [(text: [UInt8], id: Int)] = []
  /// Pairs of texts, in order of rank.
  var merges: [(left: [UInt8], right: [UInt8])] = []
  /// The file that has the merges, and the name of the field or line of one.
  var mergePlace: (file: String, name: @Sendable (Int) -> String)

  /// A tokenizer has no more entries; Gemma 3 has 262 144.
  static let sizeLimit = 1 << 28

  /// Reads `tokenizer.json`.
  init(json bytes: [UInt8], file: String) throws {
    self.file = file
    mergePlace = (file, { "model.merges[\($0)]" })
    var root = JSONObject()
    var fields = JSONObject()
    var vocabulary: [(text: [UInt8], id: Int)] = []
    var merges: [(left: [UInt8], right: [UInt8])] = []
    var reader = JSONReader(bytes, file: file)
    try reader.object("a tokenizer, which is a JSON object") { reader, key throws(FileError) in
      guard key == "model" else { return root.append(key, try reader.value(depth: 1)) }
      try reader.object { reader, key throws(FileError) in
        reader.skipWhitespace()
        switch (key, reader.next) {
        case ("vocab", UInt8(ascii: "{")):
          vocabulary = try TokenizerFile.vocabulary(&reader)
        case ("merges", UInt8(ascii: "[")): merges = try TokenizerFile.merges(&reader)
        default: fields.append(key, try reader.value(depth: 2))
        }
      }
    }
    try reader.end()
    pipeline = TokenizerFields(file: file, path: "", object: root)
    model = TokenizerFields(file: file, path: "model", object: fields)
    self.vocabulary = vocabulary
    self.merges = merges
  }

  private static func vocabulary(
    _ reader: inout JSONReader
  ) throws(FileError) -> [(text: [UInt8], id: Int)] {
    var vocabulary: [(text: [UInt8], id: Int)] = []
    try reader.object("an object of ids") { reader, key throws(FileError) in
      guard let id = Int(try reader.number("an id")), id >= 0 else {
        throw reader.unexpected("a whole number as id before here")
      }
      vocabulary.append((Array(key.utf8), id))
    }
    return vocabulary
  }

  /// Each is "a b" or ["a", "b"].
  private static func merges(
    _ reader: inout JSONReader
  ) throws(FileError) -> [(left: [UInt8], right: [UInt8])] {
    var merges: [(left: [UInt8], right: [UInt8])] = []
    try reader.array { reader throws(FileError) in
      reader.skipWhitespace()
      var parts: [[UInt8]] = []
      if reader.next == UInt8(ascii: "[") {
        try reader.array { reader throws(FileError) in
          reader.skipWhitespace()
          parts.append(Array(try reader.string().utf8))
        }
      } else {
        parts = split(try reader.string("a merge"))
      }
      guard parts.count == 2 else { throw reader.unexpected("two tokens in the merge before here") }
      merges.append((parts[0], parts[1]))
    }
    return merges
  }

  private static func split(_ line: some StringProtocol) -> [[UInt8]] {
    line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      .map { Array($0) }
  }

  /// Reads GPT-2's files, whose pipeline is not written down.
  ///
  /// - Parameters:
  ///   - vocabulary: `vocab.json`, an object of ids.
  ///   - merges: `merges.txt`, a pair of texts a line.
  init(vocabulary: FileBytes, merges: FileBytes) throws {
    file = vocabulary.name
    let mergesFile = merges.name
    mergePlace = (mergesFile, { "line \($0 + 1)" })
    var reader = JSONReader(vocabulary.bytes.array(0..<vocabulary.count), file: file)
    let entries = try TokenizerFile.vocabulary(&reader)
    try reader.end()
    self.vocabulary = entries
    let bytes = merges.bytes.array(0..<merges.count)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError.wrongContents(
        file: mergesFile, expected: "UTF-8", found: "bytes that are not")
    }
    var lines = text.utf8.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    // The first line says which version it is; lines count from it.
    let isVersioned = lines.first.map { Substring($0).hasPrefix("#version") } ?? false
    if isVersioned {
      lines.removeFirst()
      mergePlace.name = { "line \($0 + 2)" }
    }
    for (index, line) in lines.enumerated() {
      var line = line
      if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
      let parts = TokenizerFile.split(Substring(line))
      guard parts.count == 2 else {
        throw ModelError.invalidField(
          file: mergesFile, field: mergePlace.name(index), expected: "two tokens",
          found: "\(parts.count)")
      }
      self.merges.append((parts[0], parts[1]))
    }
    let byteLevel = TokenizerFile.object([
      "type": .string("ByteLevel"), "add_prefix_space": .bool(false),
      "trim_offsets": .bool(true), "use_regex": .bool(true),
    ])
    var root = ["pre_tokenizer": byteLevel, "decoder": byteLevel]
    if let end = entries.first(where: { $0.text == Array("<|endoftext|>".utf8) }) {
      root["added_tokens"] = .array([
        TokenizerFile.object([
          "id": .integer(end.id), "content": .string("<|endoftext|>"),
          "single_word": .bool(false), "lstrip": .bool(false), "rstrip": .bool(false),
          "normalized": .bool(false), "special": .bool(true),
        ])
      ])
    }
    pipeline = TokenizerFields(
      file: file, path: "", object: TokenizerFile.object(root).asObject ?? JSONObject())
    model = TokenizerFields(
      file: file, path: "",
      object: TokenizerFile.object(["type": .string("BPE")]).asObject ?? JSONObject())
  }

  private static func object(_ members: [String: JSONValue]) -> JSONValue {
    var object = JSONObject()
    for (key, value) in members { object[key] = value }
    return .object(object)
  }
}
