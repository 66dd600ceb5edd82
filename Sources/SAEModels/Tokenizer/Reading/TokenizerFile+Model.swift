import SAECore

extension TokenizerFile {
  /// Byte-pair encoding over the vocabulary.
  ///
  /// - Parameter isByteLevel: whether pieces come as bytes.
  func bytePairModel(isByteLevel: Bool) throws(ModelError) -> BytePairModel {
    try checkModel()
    let (texts, ids) = try table()
    func id(_ text: some Collection<UInt8>) -> UInt32? { texts.find(text).map { ids[$0] } }
    var table = MergeTable(count: merges.count)
    for (rank, merge) in merges.enumerated() {
      guard let left = id(merge.left), let right = id(merge.right),
        let result = id(merge.left + merge.right)
      else {
        let shown = [merge.left, merge.right].map { String(decoding: $0, as: UTF8.self) }
        throw .invalidField(
          file: mergePlace.file, field: mergePlace.name(rank),
          expected: "two tokens of the vocabulary that together are a third", found: "\(shown)")
      }
      table.insert(left, right, rank: UInt32(truncatingIfNeeded: rank), result: result)
    }
    var unknown: BytePairModel.Unknown?
    if model.object["unk_token"] ?? .null != .null {
      guard let found = id(Array(try model.string("unk_token").utf8)) else {
        throw model.invalid("unk_token", "a token of the vocabulary")
      }
      unknown = BytePairModel.Unknown(
        id: found, isFused: try model.bool("fuse_unk", default: false))
    }
    var fallback: [UInt32?]?
    if try model.bool("byte_fallback", default: false) {
      fallback = (0..<256).map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return id(Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8))
      }
    }
    var letters: [UInt32]?
    if isByteLevel {
      letters = ByteLetters.encoded.map { id($0) ?? BytePairModel.none }
      guard fallback == nil || letters?.contains(BytePairModel.none) == false else {
        throw model.unsupported("byte_fallback", "a vocabulary with a letter for each byte")
      }
    }
    return BytePairModel(
      texts: texts, ids: ids, merges: table, unknown: unknown, fallback: fallback,
      ignoresMerges: try model.bool("ignore_merges", default: false), letterIDs: letters)
  }

  private func checkModel() throws(ModelError) {
    // Files of before 2020 do not say it.
    if model.object["type"] != nil || merges.isEmpty {
      guard try model.type() == "BPE" else { throw model.unsupported("type", "BPE") }
    }
    try model.allow([
      "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
      "fuse_unk", "byte_fallback", "ignore_merges",
    ])
    try model.requireNull("dropout")
    for field in ["continuing_subword_prefix", "end_of_word_suffix"]
    where model.object[field] != .string("") {
      try model.requireNull(field)
    }
  }

  /// The texts, and the id of each.
  private func table() throws(ModelError) -> (ByteTexts, [UInt32]) {
    var texts = ByteTexts()
    var ids: [UInt32] = []
    // An id far beyond the number of entries would take memory that the file does not justify.
    let limit = 2 * vocabulary.count + 1024
    var isTaken = [Bool](repeating: false, count: limit)
    for (text, id) in vocabulary {
      let name = model.name("vocab.\(String(decoding: text, as: UTF8.self))")
      guard id < limit else {
        throw .invalidField(
          file: file, field: name, expected: "an id from 0 to \(limit - 1)", found: "\(id)")
      }
      guard !isTaken[id] else {
        throw .invalidField(
          file: file, field: name, expected: "an id of its own", found: "\(id) for the second time")
      }
      isTaken[id] = true
      _ = texts.insert(text)
      ids.append(UInt32(truncatingIfNeeded: id))
    }
    return (texts, ids)
  }
}
