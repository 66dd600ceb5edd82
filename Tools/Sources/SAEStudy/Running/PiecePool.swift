import SAECore
import SAEModels

/// Token streams or files of activations as one sequence of pieces of equal length; a shorter rest at the
/// end of each file, or of all shards of a harvest, is not used.
struct PiecePool: Sendable {
  /// The content of files.
  enum Content: Sendable {
    case tokens([TokenStream])
    case activations(any ActivationSource)
  }

  let content: Content
  /// Rows of each piece, counted through all files.
  let pieces: [Range<Int>]
  let context: Int

  /// - Throws: ``StudyError`` if there is not one whole piece.
  init(_ content: Content, lengths: [Int], context: Int, name: String) throws(StudyError) {
    self.content = content
    self.context = context
    var pieces: [Range<Int>] = []
    var begin = 0
    for length in lengths {
      for piece in 0..<length / context {
        let first = begin + piece * context
        pieces.append(first..<first + context)
      }
      begin += length
    }
    guard !pieces.isEmpty else {
      throw StudyError(name, expected: "at least \(context) tokens", found: "\(begin)")
    }
    self.pieces = pieces
  }

  private init(_ pool: PiecePool, _ pieces: [Range<Int>]) {
    content = pool.content
    context = pool.context
    self.pieces = pieces
  }

  var tokens: Int { pieces.count * context }

  /// Of activations; nil for tokens.
  var width: Int? { if case .activations(let source) = content { source.width } else { nil } }

  /// So many tokens' worth of pieces, evenly spaced: a file's beginning need not be like its end.
  func selecting(tokens wanted: Int) -> PiecePool {
    let count = min(pieces.count, max(1, wanted / context))
    return PiecePool(self, (0..<count).map { pieces[$0 * pieces.count / count] })
  }

  /// The last tenth of the pieces, and those before it.
  func splittingLastTenth() -> (first: PiecePool, last: PiecePool) {
    let last = max(1, pieces.count / 10)
    return (
      PiecePool(self, Array(pieces.dropLast(last))), PiecePool(self, Array(pieces.suffix(last)))
    )
  }

  /// Every second piece, and the others.
  func alternating() -> (even: PiecePool, odd: PiecePool) {
    (
      PiecePool(self, stride(from: 0, to: pieces.count, by: 2).map { pieces[$0] }),
      PiecePool(self, stride(from: 1, to: pieces.count, by: 2).map { pieces[$0] })
    )
  }

  /// The same pieces of another pool of the same files' tokens.
  func pieces(of other: PiecePool) -> PiecePool { PiecePool(other, pieces) }

  /// The ids of all pieces.
  ///
  /// - Precondition: the pool is of tokens, and the pieces lie in them.
  func ids() throws -> [UInt32] {
    guard case .tokens(let streams) = content else {
      preconditionFailure("activations have no ids")
    }
    var ids: [UInt32] = []
    for piece in pieces {
      var begin = 0
      for stream in streams {
        let part = piece.clamped(to: begin..<begin + stream.count)
        if !part.isEmpty {
          ids += try stream.tokens(part.lowerBound - begin..<part.upperBound - begin)
        }
        begin += stream.count
      }
    }
    return ids
  }

  /// The rows of all pieces, where the pool is of activations.
  var rows: SelectedActivations? {
    guard case .activations(let source) = content else { return nil }
    return SelectedActivations(source, pieces)
  }

  /// Without pieces that have a row with NaN or infinity.
  ///
  /// - Returns: the pool, and how many such rows there are; a pool of tokens as it is.
  /// - Throws: ``StudyError`` if no piece is left, and the errors of reading rows.
  func leavingOutNotFinite(name: String) throws -> (pool: PiecePool, rows: Int) {
    guard let rows else { return (self, 0) }
    let finite = try rows.finiteRows()
    let count = rows.tokens - finite.reduce(0) { $0 + $1.count }
    guard count > 0 else { return (self, 0) }
    // Ranges of finite rows are maximal: a piece without others lies in one.
    var kept: [Range<Int>] = []
    var range = 0
    for index in pieces.indices {
      let own = index * context..<(index + 1) * context
      while range < finite.count, finite[range].upperBound < own.upperBound { range += 1 }
      if range < finite.count, finite[range].lowerBound <= own.lowerBound {
        kept.append(pieces[index])
      }
    }
    guard !kept.isEmpty else {
      throw StudyError(
        name, expected: "a piece of \(context) rows that are finite", found: "none")
    }
    return (PiecePool(self, kept), count)
  }

  /// Opens files of token ids, or texts.
  ///
  /// - Parameter model: the directory that has the texts' tokenizer.
  static func tokens(
    _ files: [String], model: String?, context: Int, name: String
  ) throws -> PiecePool {
    let streams = try files.map { file in
      guard let model else {
        guard !TextCorpus.isText(file) else {
          throw StudyError(
            name, expected: "--model, which has a tokenizer for texts", found: "none")
        }
        return try TokenStream(npy: file)
      }
      return try TokenStream(opening: file, model: model)
    }
    // No piece goes over the end of a sequence either.
    let lengths = streams.flatMap { stream in
      guard let length = stream.sequenceLength, length > 0 else { return [stream.count] }
      return [Int](repeating: length, count: stream.count / length)
    }
    return try PiecePool(.tokens(streams), lengths: lengths, context: context, name: name)
  }

  /// Opens files of activations, or folders of them.
  static func activations(_ files: [String], context: Int, name: String) throws -> PiecePool {
    let lengths = try HarvestFiles(files).runs.map { $0.reduce(0) { $0 + $1.rows } }
    return try PiecePool(
      .activations(try ActivationFiles(files)), lengths: lengths,
      context: context, name: name)
  }
}
