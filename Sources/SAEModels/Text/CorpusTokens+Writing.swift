import Foundation
import SAECore

extension CorpusTokens {
  /// What the file beside a file of tokens says of them.
  public struct Description: Codable, Sendable, Equatable {
    /// The tokenizer's file.
    public var tokenizer: String
    /// The files of texts.
    public var source: [String]
    /// The field or column of the texts; nil where all files are plain text.
    public var field: String?
    /// The token after each document; nil for none.
    public var separator: UInt32?
    /// Ids that were left out.
    public var skippedTokens: [UInt32]
    /// Documents.
    public var documents: Int
    /// Tokens, separators included.
    public var tokens: Int

    private enum CodingKeys: String, CodingKey {
      case tokenizer, source, field, separator, documents, tokens
      case skippedTokens = "skipped_tokens"
    }
  }

  /// The place of the description of a file of tokens.
  public static func descriptionPath(of tokens: String) -> String {
    (tokens.hasSuffix(".npy") ? String(tokens.dropLast(4)) : tokens) + ".json"
  }

  /// Writes the tokens as an npy file, and beside it a JSON file that describes them.
  ///
  /// - Parameters:
  ///   - path: of the npy file.
  ///   - replacing: whether files of these names give way.
  ///   - progress: called after each part.
  /// - Throws: as ``forEachPart(_:)``, and `FileError` if the disk refuses.
  public func write(
    _ path: String, replacing: Bool = false, progress: (Progress) throws -> Void = { _ in }
  ) throws -> Description {
    let last = try writeTokens(path, replacing: replacing, progress: progress)
    let hasFields = corpus.files.contains { TextFormat(file: $0) != .text }
    let description = Description(
      tokenizer: tokenizer.file, source: corpus.files,
      field: hasFields ? corpus.options.field : nil, separator: options.separator,
      skippedTokens: options.skippedTokens.sorted(), documents: last.documents,
      tokens: last.tokens)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(
      Array(try encoder.encode(description)) + [UInt8(ascii: "\n")],
      to: CorpusTokens.descriptionPath(of: path))
    return description
  }

  private func writeTokens(
    _ path: String, replacing: Bool, progress: (Progress) throws -> Void
  ) throws -> Progress {
    var writer = try NpyRowWriter(path, elementType, replacing: replacing)
    var last = Progress()
    try forEachPart { tokens, state in
      try writer.append(tokens)
      last = state
      try progress(state)
    }
    try writer.finish()
    return last
  }

  /// The tokens as a stream: they are written into a file that has no name, and read from there as they are
  /// needed, so that memory does not grow with the corpus.
  ///
  /// - Throws: as ``write(_:replacing:progress:)``; ``ModelError/wrongTokens(file:expected:found:)`` if there
  ///   is no token.
  public func stream(progress: (Progress) throws -> Void = { _ in }) throws -> TokenStream {
    let folder = FileManager.default.temporaryDirectory
    let path = folder.appendingPathComponent("tokens-\(UUID().uuidString).npy").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let last = try writeTokens(path, replacing: false, progress: progress)
    let name = corpus.files.count == 1 ? corpus.files[0] : "\(corpus.files.count) files of text"
    guard last.tokens > 0 else {
      throw ModelError.wrongTokens(file: name, expected: "at least one token", found: "none")
    }
    return try TokenStream(npy: path).named(name)
  }
}
