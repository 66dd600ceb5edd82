public import SAECore

/// The tokens of a corpus: its documents taken apart, one after another.
public struct CorpusTokens: Sendable {
  /// How documents become one stream.
  public struct Options: Sendable, Equatable {
    /// The token after each document; nil for none.
    public var separator: UInt32?
    /// Ids that are left out of the stream.
    public var skippedTokens: Set<UInt32>
    /// The stream ends after so many tokens; nil for no limit.
    public var limit: Int?

    /// No separator, nothing left out and no limit, or otherwise.
    public init(separator: UInt32? = nil, skippedTokens: Set<UInt32> = [], limit: Int? = nil) {
      self.separator = separator
      self.skippedTokens = skippedTokens
      self.limit = limit
    }
  }

  /// How far it has come.
  public struct Progress: Sendable, Equatable {
    /// Documents that are in the stream, the last of them perhaps not to its end.
    public var documents = 0
    /// Tokens, separators included.
    public var tokens = 0
    /// Bytes of the files that have been read.
    public var bytes = 0
  }

  /// The texts.
  public let corpus: TextCorpus
  /// What takes them apart.
  public let tokenizer: Tokenizer
  /// How they are joined.
  public let options: Options
  /// Ids must lie below this.
  private let vocabularySize: Int

  /// Bytes of documents that are taken apart together.
  package var batchBytes = 1 << 22

  /// - Parameters:
  ///   - corpus: the texts.
  ///   - tokenizer: what takes them apart.
  ///   - options: how they are joined.
  ///   - vocabularySize: of the model that the tokens are for; nil for that of the tokenizer.
  /// - Throws: ``ModelError`` if the tokenizer's vocabulary or the separator does not fit the model.
  public init(
    _ corpus: TextCorpus, _ tokenizer: Tokenizer, options: Options = Options(),
    vocabularySize: Int? = nil
  ) throws(ModelError) {
    let size = vocabularySize ?? tokenizer.vocabularySize
    // Tokens beside the vocabulary may lie beyond the model's; no text need have them.
    if let id = tokenizer.model.ids.max(), id >= size {
      throw .wrongTokens(
        file: tokenizer.file, expected: "ids below the model's vocabulary of \(size)",
        found: "\(id)")
    }
    if let separator = options.separator, separator >= size {
      throw .invalidOption(
        name: "separator", expected: "an id below \(size)", found: "\(separator)")
    }
    self.corpus = corpus
    self.tokenizer = tokenizer
    self.options = options
    self.vocabularySize = size
  }

  /// The type that holds every id: `u16` or `u32`.
  public var elementType: ElementType {
    tokenizer.vocabularySize <= 1 << 16 && vocabularySize <= 1 << 16 ? .u16 : .u32
  }

  /// Calls `body` with the stream's tokens, part by part.
  ///
  /// - Throws: `FileError` or ``ModelError``, with file and line, if a file is broken or a token lies
  ///   outside the model's vocabulary; what `body` throws.
  public func forEachPart(
    _ body: (_ tokens: [UInt32], _ progress: Progress) throws -> Void
  ) throws {
    var progress = Progress()
    var documents: [TextDocument] = []
    var size = 0
    func flush() throws -> Bool {
      let part = try tokens(of: documents, &progress)
      documents = []
      size = 0
      if !part.isEmpty { try body(part, progress) }
      return options.limit.map { progress.tokens < $0 } ?? true
    }
    var goesOn = true
    try corpus.forEachDocument { document, bytesRead in
      documents.append(document)
      size += document.bytes.count
      progress.bytes = bytesRead
      if size >= batchBytes { goesOn = try flush() }
      return goesOn
    }
    if goesOn { _ = try flush() }
  }

  /// The tokens of some documents, as many as the limit leaves.
  private func tokens(
    of documents: [TextDocument], _ progress: inout Progress
  ) throws(ModelError) -> [UInt32] {
    var part: [UInt32] = []
    let room = options.limit.map { $0 - progress.tokens } ?? Int.max
    for (document, ids) in zip(documents, tokenizer.ids(ofUTF8: documents.map(\.bytes))) {
      guard part.count < room else { break }
      if let id = ids.first(where: { $0 >= vocabularySize }) {
        throw .wrongTokens(
          file: "\(document.file): line \(document.line)",
          expected: "ids below the model's vocabulary of \(vocabularySize)", found: "\(id)")
      }
      part +=
        options.skippedTokens.isEmpty
        ? ids : ids.filter { !options.skippedTokens.contains($0) }
      if let separator = options.separator { part.append(separator) }
      progress.documents += 1
    }
    if part.count > room { part.removeLast(part.count - room) }
    progress.tokens += part.count
    return part
  }
}
