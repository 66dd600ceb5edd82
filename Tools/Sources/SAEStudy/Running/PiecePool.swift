import SAECore
import SAEModels

/// Token streams or files of activations as one sequence of pieces of equal length; what is left at
/// the end of each file is not used.
struct PiecePool: Sendable {
  /// What files hold.
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

  /// So many tokens' worth of pieces, evenly spaced: a file's beginning need not be like its end.
  func selecting(tokens wanted: Int) -> PiecePool {
    let count = min(pieces.count, max(1, wanted / context))
    return PiecePool(self, (0..<count).map { pieces[$0 * pieces.count / count] })
  }

  /// The last tenth of the pieces, and what is before.
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

  /// The ids of all pieces.
  ///
  /// - Precondition: the pool is of tokens.
  func ids() throws -> [UInt32] { try PiecePool.ids(content, pieces) }

  /// The same pieces of another pool of the same files' tokens.
  func pieces(of other: PiecePool) -> PiecePool { PiecePool(other, pieces) }

  private static func ids(_ content: Content, _ pieces: [Range<Int>]) throws -> [UInt32] {
    guard case .tokens(let streams) = content else {
      preconditionFailure("activations have no ids")
    }
    var offsets = [0]
    for stream in streams { offsets.append(offsets[offsets.count - 1] + stream.count) }
    var ids: [UInt32] = []
    var file = 0
    for piece in pieces {
      while piece.lowerBound >= offsets[file + 1] { file += 1 }
      let first = piece.lowerBound - offsets[file]
      ids += try streams[file].tokens(first..<first + piece.count)
    }
    return ids
  }

  /// Opens files of token ids.
  static func tokens(_ files: [String], context: Int, name: String) throws -> PiecePool {
    let streams = try files.map { try TokenStream(npy: $0) }
    return try PiecePool(
      .tokens(streams), lengths: streams.map(\.count), context: context, name: name)
  }

  /// Opens files of activations.
  static func activations(_ files: [String], context: Int, name: String) throws -> PiecePool {
    let tensors = try files.map { try ActivationTensor.open($0) }
    return try PiecePool(
      .activations(try ConcatenatedActivations(tensors)), lengths: tensors.map(\.rows),
      context: context, name: name)
  }
}

/// The tensor of activations in a file.
public enum ActivationTensor {
  /// Opens a npy file, or the one matrix of a safetensors file: the tensor `activations` of several.
  ///
  /// - Throws: ``StudyError`` naming the file, and what the readers throw.
  public static func open(_ path: String) throws -> StoredTensor {
    let tensor: StoredTensor
    if path.hasSuffix(".npy") {
      tensor = try NpyFile(path).tensor
    } else {
      let file = try SafetensorsFile(path)
      if file.tensors.count == 1 {
        tensor = file.tensors[0]
      } else {
        tensor = try file.tensor("activations")
      }
    }
    guard tensor.shape.count == 2, tensor.rows > 0, tensor.columns > 0 else {
      throw StudyError(
        "\(path): tensor \"\(tensor.name)\"", expected: "tokens × width", found: "\(tensor.shape)")
    }
    return tensor
  }
}
