import SAECore

/// The prefix of every piece of a stream that a model runs.
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
/// Defaults: 255 tokens after a beginning-of-sequence token, whose own activation is left out.
public struct PieceOptions: Sendable, Equatable {
  /// Tokens of the stream in a sequence.
  public var context: Int
  /// The prefix of each.
  public var prefix: SequencePrefix
  /// Whether the prefix's own activations count like those of the stream's tokens. Left out, row i
  /// belongs to token i; kept, each piece begins with a row of its prefix.
  public var keepsPrefix: Bool
  /// Sequences that are run at a time.
  public var sequencesPerBatch: Int
  /// Ids of tokens, such as padding, that the model sees but that are left out of the results: they have
  /// no rows, keep their activations where others are replaced, and count in no loss.
  public var skippedTokens: Set<UInt32>

  /// Takes options; they are checked where they meet a model.
  public init(
    context: Int = 255, prefix: SequencePrefix = .beginningOfSequence, keepsPrefix: Bool = false,
    sequencesPerBatch: Int = 16, skippedTokens: Set<UInt32> = []
  ) {
    self.context = context
    self.prefix = prefix
    self.keepsPrefix = keepsPrefix
    self.sequencesPerBatch = sequencesPerBatch
    self.skippedTokens = skippedTokens
  }
}

/// A stream of tokens, cut into pieces of equal length, each after a prefix; the last may be shorter.
struct TokenPieces: Sendable {
  let stream: TokenStream
  let context: Int
  let prefix: UInt32?
  let keepsPrefix: Bool
  let piecesPerBatch: Int
  let skippedTokens: Set<UInt32>
  private let vocabularySize: Int
  /// Where the rows of each piece end, where tokens are left out.
  private let rowEnds: [Int]?

  /// - Throws: ``ModelError`` if an option is not positive, a sequence would be longer than the model
  ///   has positions, the model names no beginning-of-sequence token, or all tokens are left out; and the
  ///   errors of reading tokens.
  init(_ stream: TokenStream, options: PieceOptions, model: LanguageModel) throws {
    prefix =
      switch options.prefix {
      case .none: nil
      case .token(let token): token
      case .beginningOfSequence:
        if let token = model.beginningOfSequence {
          token
        } else {
          throw ModelError.noBeginningOfSequence(model: model.name)
        }
      }
    vocabularySize = model.vocabularySize
    if let prefix, prefix >= vocabularySize {
      throw ModelError.invalidOption(
        name: "prefix", expected: "an id below \(vocabularySize)", found: "\(prefix)")
    }
    if let skipped = options.skippedTokens.max(), skipped >= vocabularySize {
      throw ModelError.invalidOption(
        name: "skippedTokens", expected: "ids below \(vocabularySize)", found: "\(skipped)")
    }
    let room = model.maximumContext - (prefix == nil ? 0 : 1)
    guard options.context > 0, options.context <= room else {
      throw ModelError.invalidOption(
        name: "context", expected: "1 to \(room) tokens", found: "\(options.context)")
    }
    if let length = stream.sequenceLength, length % options.context != 0, stream.count > length {
      throw ModelError.invalidOption(
        name: "context",
        expected: "a divisor of \(length), as the sequences of the tokens are long",
        found: "\(options.context)")
    }
    guard options.sequencesPerBatch > 0 else {
      throw ModelError.invalidOption(
        name: "sequencesPerBatch", expected: "at least 1", found: "\(options.sequencesPerBatch)")
    }
    self.stream = stream
    context = options.context
    keepsPrefix = options.keepsPrefix
    // More than there are make no difference.
    piecesPerBatch = min(options.sequencesPerBatch, max(1, (stream.count - 1) / context + 1))
    skippedTokens = options.skippedTokens
    rowEnds = try TokenPieces.rowEnds(stream, options, prefix)
    if stream.count > 0, rows == 0 {
      throw ModelError.wrongTokens(
        file: stream.name, expected: "tokens that are not left out",
        found: "\(stream.count) that are")
    }
    var memory = MemoryEstimate()
    // The stream as it enters a layer, and the layer's output.
    memory.add("activations", floats: 2, piecesPerBatch, context, model.width)
    try memory.check("\(piecesPerBatch) sequences at a time")
  }

  /// Counts the rows of each piece; nil where each token has one.
  private static func rowEnds(
    _ stream: TokenStream, _ options: PieceOptions, _ prefix: UInt32?
  ) throws -> [Int]? {
    guard !options.skippedTokens.isEmpty else { return nil }
    let ofPrefix =
      prefix.map { options.keepsPrefix && !options.skippedTokens.contains($0) } ?? false
    var ends: [Int] = []
    let context = min(options.context, max(1, stream.count))
    for first in stride(from: 0, to: stream.count, by: context) {
      let ids = try stream.tokens(first..<min(first + context, stream.count))
      let own = ids.count { !options.skippedTokens.contains($0) } + (ofPrefix ? 1 : 0)
      ends.append((ends.last ?? 0) + own)
    }
    return ends
  }

  /// Tokens before the piece's own in each sequence.
  var prefixLength: Int { prefix == nil ? 0 : 1 }

  /// Of these, those whose activations are kept.
  var keptPrefixLength: Int { keepsPrefix ? prefixLength : 0 }

  var count: Int { stream.count == 0 ? 0 : (stream.count - 1) / context + 1 }

  /// Rows of activations of a whole piece, at most.
  var rowsPerPiece: Int { context + keptPrefixLength }

  /// Rows of activations of all pieces.
  var rows: Int {
    guard let rowEnds else { return stream.count + count * keptPrefixLength }
    return rowEnds.last ?? 0
  }

  /// The rows of each piece that has any.
  var blocks: RowBlocks {
    guard let rowEnds else { return RowBlocks(of: rowsPerPiece, rows: rows) }
    return RowBlocks(ends: zip([0] + rowEnds, rowEnds).compactMap { $0 < $1 ? $1 : nil })
  }

  /// The stream's tokens of a piece.
  func tokens(of piece: Int) -> Range<Int> {
    piece * context..<min((piece + 1) * context, stream.count)
  }

  /// The rows of a piece.
  func rows(of piece: Int) -> Range<Int> {
    guard let rowEnds else {
      return piece * rowsPerPiece..<min((piece + 1) * rowsPerPiece, rows)
    }
    return (piece == 0 ? 0 : rowEnds[piece - 1])..<rowEnds[piece]
  }

  /// The pieces that some rows lie in, and those between that have none.
  func pieces(of rows: Range<Int>) -> Range<Int> {
    rows.isEmpty ? 0..<0 : piece(of: rows.lowerBound)..<piece(of: rows.upperBound - 1) + 1
  }

  private func piece(of row: Int) -> Int {
    guard let rowEnds else { return row / rowsPerPiece }
    var (low, high) = (0, rowEnds.count)
    while low < high {
      let middle = (low + high) / 2
      if rowEnds[middle] <= row { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The sequences of some pieces.
  ///
  /// - Throws: ``ModelError/wrongTokens(file:expected:found:)`` if an id lies outside the vocabulary, and
  ///   the errors of reading tokens.
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
    var hash = TokenPieces.emptyHash
    for piece in pieces { hash = TokenPieces.hash(try stream.tokens(tokens(of: piece)), hash) }
    return hash
  }

  private static let emptyHash: UInt64 = 0xcbf2_9ce4_8422_2325

  /// FNV-1a of ids that follow those of a given hash.
  static func hash(_ ids: [UInt32], _ before: UInt64 = emptyHash) -> UInt64 {
    ids.reduce(before) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }

  /// The rows of a batch whose activations count, in runs of neighbors: those of a sequence for each
  /// of its pieces.
  func ownRows(_ batch: TokenBatch) -> [[Range<Int>]] {
    batch.sequences.map { sequence in
      let own = sequence.lowerBound + prefixLength - keptPrefixLength..<sequence.upperBound
      guard !skippedTokens.isEmpty else { return [own] }
      var runs: [Range<Int>] = []
      for row in own where !skippedTokens.contains(batch.tokens[row]) {
        if let last = runs.last, last.upperBound == row {
          runs[runs.count - 1] = last.lowerBound..<row + 1
        } else {
          runs.append(row..<row + 1)
        }
      }
      return runs
    }
  }

  /// Whether each prediction of a batch counts: the one that is made at a token, and of the next one.
  func countsPrediction(_ batch: TokenBatch) -> [Bool] {
    batch.sequences.flatMap { sequence in
      sequence.dropLast().map {
        !skippedTokens.contains(batch.tokens[$0]) && !skippedTokens.contains(batch.tokens[$0 + 1])
      }
    }
  }
}
