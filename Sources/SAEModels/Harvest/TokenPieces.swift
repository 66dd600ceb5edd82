/// What stands before every piece of a stream that a model runs.
public enum SequencePrefix: Sendable, Equatable {
  /// Nothing: a piece begins with a token of the stream.
  case none
  /// The token that the model's configuration names.
  case beginningOfSequence
  /// A token by its id.
  case token(UInt32)
}

/// How a stream of tokens is cut into the sequences that a model runs.
///
/// Defaults: 255 tokens behind a beginning-of-sequence token, whose own activation is left out.
public struct PieceOptions: Sendable, Equatable {
  /// Tokens of the stream in a sequence.
  public var context: Int
  /// What stands before each.
  public var prefix: SequencePrefix
  /// Whether the prefix's own activations count like those of the stream's tokens. Left out, row i
  /// belongs to token i; kept, each piece begins with a row of its prefix.
  public var keepsPrefix: Bool
  /// Sequences that are run at a time.
  public var sequencesPerBatch: Int

  /// Takes options; they are checked where they meet a model.
  public init(
    context: Int = 255, prefix: SequencePrefix = .beginningOfSequence, keepsPrefix: Bool = false,
    sequencesPerBatch: Int = 16
  ) {
    self.context = context
    self.prefix = prefix
    self.keepsPrefix = keepsPrefix
    self.sequencesPerBatch = sequencesPerBatch
  }
}

/// A stream of tokens, cut into pieces of a length, each behind a prefix; the last may be shorter.
struct TokenPieces: Sendable {
  let stream: TokenStream
  let context: Int
  let prefix: UInt32?
  let keepsPrefix: Bool
  let piecesPerBatch: Int
  private let vocabularySize: Int

  /// - Throws: ``ModelError`` if an option is not positive, a sequence would be longer than the model
  ///   has positions, or the model names no beginning-of-sequence token.
  init(_ stream: TokenStream, options: PieceOptions, model: any LanguageModel) throws(ModelError) {
    prefix =
      switch options.prefix {
      case .none: nil
      case .token(let token): token
      case .beginningOfSequence:
        if let token = model.beginningOfSequence {
          token
        } else {
          throw .noBeginningOfSequence(model: model.name)
        }
      }
    vocabularySize = model.vocabularySize
    if let prefix, prefix >= vocabularySize {
      throw .invalidOption(
        name: "prefix", expected: "an id below \(vocabularySize)", found: "\(prefix)")
    }
    let room = model.maximumContext - (prefix == nil ? 0 : 1)
    guard options.context > 0, options.context <= room else {
      throw .invalidOption(
        name: "context", expected: "1 to \(room) tokens", found: "\(options.context)")
    }
    guard options.sequencesPerBatch > 0 else {
      throw .invalidOption(
        name: "sequencesPerBatch", expected: "at least 1", found: "\(options.sequencesPerBatch)")
    }
    self.stream = stream
    context = options.context
    keepsPrefix = options.keepsPrefix
    piecesPerBatch = options.sequencesPerBatch
  }

  /// Tokens before the piece's own in each sequence.
  var prefixLength: Int { prefix == nil ? 0 : 1 }

  /// Of these, those whose activations are kept.
  var keptPrefixLength: Int { keepsPrefix ? prefixLength : 0 }

  var count: Int { (stream.count + context - 1) / context }

  /// Rows of activations of a whole piece.
  var rowsPerPiece: Int { context + keptPrefixLength }

  /// Rows of activations of all pieces.
  var rows: Int { stream.count + count * keptPrefixLength }

  /// The stream's tokens of a piece.
  func tokens(of piece: Int) -> Range<Int> {
    piece * context..<min((piece + 1) * context, stream.count)
  }

  /// The rows of a piece.
  func rows(of piece: Int) -> Range<Int> {
    piece * rowsPerPiece..<min((piece + 1) * rowsPerPiece, rows)
  }

  /// The pieces that some rows lie in.
  func pieces(of rows: Range<Int>) -> Range<Int> {
    rows.isEmpty
      ? 0..<0 : rows.lowerBound / rowsPerPiece..<(rows.upperBound - 1) / rowsPerPiece + 1
  }

  /// The sequences of some pieces.
  ///
  /// - Throws: ``ModelError/wrongTokens(file:expected:found:)`` if an id lies outside the vocabulary,
  ///   and what keeps tokens from being read.
  func batch(_ pieces: some Sequence<Int>) throws -> TokenBatch {
    try TokenBatch(
      pieces.map { piece in
        let place = tokens(of: piece)
        let ids = try stream.tokens(place)
        if let index = ids.firstIndex(where: { $0 >= vocabularySize }) {
          throw ModelError.wrongTokens(
            file: stream.name, expected: "ids below \(vocabularySize)",
            found: "\(ids[index]) at token \(place.lowerBound + index)")
        }
        return (prefix.map { [$0] } ?? []) + ids
      })
  }

  /// FNV-1a of the ids of some pieces: tells tokens of one name and number apart.
  func hash(ofPieces pieces: Range<Int>) throws -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for piece in pieces {
      for id in try stream.tokens(tokens(of: piece)) {
        hash = (hash ^ UInt64(id)) &* 0x0000_0100_0000_01b3
      }
    }
    return hash
  }

  /// The rows of a batch whose activations count, those of a sequence for each of its pieces.
  func ownRows(_ batch: TokenBatch) -> [Range<Int>] {
    batch.sequences.map { $0.lowerBound + prefixLength - keptPrefixLength..<$0.upperBound }
  }
}
