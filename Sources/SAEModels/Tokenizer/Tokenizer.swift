import Foundation
import SAECore

/// Turns text into the ids of a language model's tokens, and back.
///
/// It reads `tokenizer.json` (Hugging Face's `tokenizers`) with byte-pair encoding, or GPT-2's `vocab.json` and
/// `merges.txt`. Ids, tokens, offsets and decoded texts are equal to that library's. Parts that are not
/// supported are refused by name.
public struct Tokenizer: Sendable {
  /// The file that has the vocabulary.
  public let file: String
  /// Ids lie below this.
  public let vocabularySize: Int
  /// Ids that are no text: beginnings, ends, padding.
  public let specialTokens: Set<UInt32>

  let normalizer: Normalizer?
  let splitter: Splitter?
  let model: BytePairModel
  let postProcessor: PostProcessor?
  let decoder: TokenDecoder?
  /// Tokens that are looked for in the text as it is, and as it is normalized.
  let added: (plain: AddedTokens, normalized: AddedTokens)
  private let addedIDs: [[UInt8]: UInt32]
  /// The text of each id; nil for ids that the vocabulary leaves out.
  private let texts: [String?]
  let workspaces = TokenizerWorkspaces()

  /// Reads a tokenizer.
  ///
  /// - Parameter path: a model's directory, or `tokenizer.json` or `vocab.json` itself.
  /// - Throws: ``ModelError`` or `FileError`, naming file and field.
  public init(_ path: String) throws {
    try self.init(TokenizerFile.open(path))
  }

  init(_ source: TokenizerFile) throws {
    let pipeline = source.pipeline
    try pipeline.allow([
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
      "post_processor", "decoder",
    ])
    try pipeline.requireNull("truncation")
    try pipeline.requireNull("padding")
    file = source.file
    normalizer = try pipeline.part("normalizer").map { try $0.normalizer() }
    splitter = try pipeline.part("pre_tokenizer").map { try $0.splitter(isLast: true) }
    postProcessor = try pipeline.part("post_processor").map { try $0.postProcessor() }
    decoder = try pipeline.part("decoder").map { try $0.decoder() }
    model = try source.bytePairModel(isByteLevel: splitter?.isByteLevel ?? false)

    var texts = [String?](repeating: nil, count: Int(model.ids.max().map { $0 + 1 } ?? 0))
    for (number, id) in model.ids.enumerated() {
      texts[Int(id)] = String(decoding: model.texts[number], as: UTF8.self)
    }
    var added = (plain: AddedTokens(), normalized: AddedTokens())
    var special: Set<UInt32> = []
    var matcher = PatternMatcher()
    let entries = try source.added(model)
    addedIDs = Dictionary(
      entries.map { (Array($0.text.utf8), $0.token.id) }, uniquingKeysWith: { first, _ in first })
    // Special ones come first, so that of two of the same text they count.
    for entry in entries.filter(\.token.isSpecial) + entries.filter({ !$0.token.isSpecial }) {
      let id = Int(entry.token.id)
      while texts.count <= id { texts.append(nil) }
      texts[id] = entry.text
      if entry.token.isSpecial { special.insert(entry.token.id) }
      guard entry.isNormalized else {
        added.plain.insert(entry.token)
        continue
      }
      var content = AlignedText(entry.token.content[...], from: nil)
      normalizer?.apply(to: &content, &matcher)
      added.normalized.insert(entry.token.with(content: content.bytes))
      texts[id] = String(decoding: content.bytes, as: UTF8.self)
    }
    self.added = added
    self.texts = texts
    specialTokens = special
    vocabularySize = texts.count
    try checkSurroundings()
  }

  /// Throws if a token is to be put around texts that is none.
  private func checkSurroundings() throws(ModelError) {
    let (before, after) = postProcessor?.surroundings ?? ([], [])
    for id in before + after where token(id) == nil {
      throw .invalidField(
        file: file, field: "post_processor", expected: "ids of tokens", found: "\(id)")
    }
  }

  /// The vocabulary's spelling of a token; nil for an id that it leaves out.
  public func token(_ id: UInt32) -> String? {
    texts.indices.contains(Int(id)) ? texts[Int(id)] : nil
  }

  /// The id of a token as the vocabulary spells it; nil if there is none.
  public func id(of token: String) -> UInt32? {
    let bytes = Array(token.utf8)
    return addedIDs[bytes] ?? model.id(of: bytes)
  }

  /// The text of some ids.
  ///
  /// - Parameters:
  ///   - ids: of tokens, in order.
  ///   - skipsSpecialTokens: whether ``specialTokens`` are left out.
  /// - Throws: ``ModelError/tokenOutsideVocabulary(sequence:position:vocabularySize:found:)``.
  public func decode(
    _ ids: some Sequence<UInt32>, skippingSpecialTokens skipsSpecialTokens: Bool = false
  ) throws(ModelError) -> String {
    var tokens: [[UInt8]] = []
    for (position, id) in ids.enumerated() {
      guard let text = token(id) else {
        throw .tokenOutsideVocabulary(
          sequence: 0, position: position, vocabularySize: vocabularySize, found: Int(id))
      }
      if skipsSpecialTokens, specialTokens.contains(id) { continue }
      tokens.append(Array(text.utf8))
    }
    guard let decoder else {
      return tokens.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }
    var matcher = PatternMatcher()
    return String(decoding: decoder.apply(to: tokens, &matcher).joined(), as: UTF8.self)
  }
}

extension AddedTokens.Token {
  fileprivate func with(content: [UInt8]) -> AddedTokens.Token {
    AddedTokens.Token(
      id: id, content: content, isSpecial: isSpecial, isWord: isWord, strips: strips)
  }
}

extension Splitter {
  /// Whether pieces reach the model as bytes.
  var isByteLevel: Bool {
    switch self {
    case .byteLevel: true
    case .sequence(let steps): steps.last?.isByteLevel ?? false
    default: false
    }
  }
}
