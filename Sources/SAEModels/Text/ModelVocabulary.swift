import Foundation
import SAECore

/// What a model's directory says of its tokens, read without the model.
public struct ModelVocabulary: Sendable, Equatable {
  /// Ids lie below this; nil where there is no `config.json` that says so.
  public let size: Int?
  /// The token that ends a text; nil where none is named.
  public let endOfText: UInt32?

  /// Reads `vocab_size` and `eos_token_id` of `config.json`; of a model of text and images, those of its
  /// text tower.
  ///
  /// - Throws: ``ModelError`` or `FileError` if the file is broken.
  public init(directory: String) throws {
    let path = "\(directory)/config.json"
    guard FileManager.default.fileExists(atPath: path) else {
      (size, endOfText) = (nil, nil)
      return
    }
    let whole = try ConfigurationFields(path)
    var fields = [whole]
    if let inner = whole["text_config"]?.asObject {
      fields.append(ConfigurationFields(inner, file: path))
    }
    var size: Int?
    var end: UInt32?
    for fields in fields {
      if size == nil, fields["vocab_size"] != nil {
        size = try fields.integer("vocab_size", in: 1...Int(Int32.max))
      }
      guard end == nil, let value = fields["eos_token_id"], value != .null else { continue }
      // The first of several is the one that ends texts; others end turns of talk.
      let first = if case .array(let all) = value { all.first } else { Optional(value) }
      guard let id = first?.asInteger.flatMap(UInt32.init(exactly:)) else {
        throw fields.invalid("eos_token_id", "a token's id")
      }
      end = id
    }
    self.size = size
    endOfText = end
  }
}
