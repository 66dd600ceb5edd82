import SAECore

extension TokenizerFile {
  /// An entry of `added_tokens`.
  struct Added {
    let token: AddedTokens.Token
    let text: String
    /// Whether it is looked for in the normalized text.
    let isNormalized: Bool
  }

  func added(_ model: BytePairModel) throws(ModelError) -> [Added] {
    guard let value = pipeline.object["added_tokens"], value != .null else { return [] }
    var added: [Added] = []
    let limit = 2 * (vocabulary.count + 1024)
    for fields in try pipeline.parts("added_tokens") {
      try fields.allow([
        "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special",
      ])
      let id = UInt32(try fields.integer("id", in: 0...limit))
      let text = try fields.string("content")
      if let known = model.id(of: Array(text.utf8)), known != id {
        throw fields.invalid("id", "the vocabulary's id of \(quoted(text)), \(known)")
      }
      let isSpecial = try fields.bool("special", default: false)
      added.append(
        Added(
          token: AddedTokens.Token(
            id: id, content: Array(text.utf8), isSpecial: isSpecial,
            isWord: try fields.bool("single_word", default: false),
            strips: (
              try fields.bool("lstrip", default: false), try fields.bool("rstrip", default: false)
            )),
          text: text, isNormalized: try fields.bool("normalized", default: !isSpecial)))
    }
    return added
  }
}
