/// A text of a corpus.
public struct TextDocument: Sendable, Equatable {
  /// Valid UTF-8.
  public let bytes: [UInt8]
  /// The file that it is in.
  public let file: String
  /// Its line in a text file, counted from 1, or its row in a file of columns.
  public let line: Int

  /// The text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
}
