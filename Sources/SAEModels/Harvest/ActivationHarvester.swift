public import SAECore

/// The activations of a stream of tokens at one place of a model: row i belongs to token i, unless
/// ``PieceOptions`` keep prefixes or leave tokens out.
///
/// The stream is cut into pieces. Each runs after a prefix, whose own activation is left out unless
/// ``PieceOptions/keepsPrefix`` says otherwise. Layers after the place do not run. Any rows can be read
/// in any order; those of a token are the same bits however it is read.
public struct ActivationHarvester: HintedActivations {
  /// The model.
  public let model: LanguageModel
  /// Where activations are taken.
  public let hook: HookPoint
  /// How the stream is cut.
  public let options: PieceOptions
  let pieces: TokenPieces

  public let width: Int
  /// Rows: the stream's tokens but those that are left out, and the prefixes where they are kept.
  public var tokens: Int { pieces.rows }
  public let blocks: RowBlocks

  /// - Throws: ``ModelError`` if the place or an option does not fit the model, or all tokens are left
  ///   out; where some are, the errors of reading tokens.
  public init(
    _ model: LanguageModel, at hook: HookPoint, tokens: TokenStream,
    options: PieceOptions = PieceOptions()
  ) throws {
    width = try model.width(at: hook)
    self.model = model
    self.hook = hook
    self.options = options
    pieces = try TokenPieces(tokens, options: options, model: model)
    blocks = pieces.blocks
  }

  /// The origin of the activations.
  ///
  /// - Parameter weights: ``LanguageModels/fingerprint(_:)`` of the model, where it is known.
  public func origin(weights: String? = nil) -> ActivationOrigin {
    var origin = ActivationOrigin()
    origin.model = model.name
    origin.weights = weights
    origin.hook = HookName(hook.name)
    origin.context = pieces.context
    origin.prefix = pieces.prefix.map { .token(Int($0)) } ?? .nothing
    origin.keepsPrefix = pieces.keepsPrefix
    origin.rotaryFrequencies = model.options.rotaryFrequencies.rawValue
    origin.normalization = SAEArchive.InputNormalization.none.rawValue
    return origin
  }

  /// Rows of a batch at full size.
  public var batchTokens: Int { pieces.piecesPerBatch * pieces.rowsPerPiece }

  public func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    let read = try matrices(rows: [rows], at: [hook])[0]
    matrix.copyRows(0..<read.rows, of: read, to: row)
  }

  public func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    try matrices(rows: ranges, at: [hook])[0]
  }

  /// The activations of rows at several places, in one run of the pieces that they lie in, as many at a time
  /// as the options say.
  ///
  /// - Returns: a matrix for each place.
  func matrices(rows ranges: [Range<Int>], at hooks: [HookPoint]) throws -> [Matrix] {
    var parts: [(piece: Int, rows: Range<Int>)] = []
    for range in ranges {
      precondition(
        range.lowerBound >= 0 && range.upperBound <= tokens,
        "rows \(range) lie outside \(tokens) rows")
      for piece in pieces.pieces(of: range) {
        let rows = pieces.rows(of: piece).clamped(to: range)
        if !rows.isEmpty { parts.append((piece, rows)) }
      }
    }
    let count = ranges.reduce(0) { $0 + $1.count }
    var matrices = try hooks.map { Matrix(rows: count, columns: try model.width(at: $0)) }
    var row = 0
    for begin in stride(from: 0, to: parts.count, by: pieces.piecesPerBatch) {
      let some = parts[begin..<min(begin + pieces.piecesPerBatch, parts.count)]
      let batch = try pieces.batch(some.map(\.piece))
      let activations = try model.activations(at: hooks, of: batch)
      for (part, runs) in zip(some, pieces.ownRows(batch)) {
        var first = pieces.rows(of: part.piece).lowerBound
        for run in runs {
          let own = part.rows.clamped(to: first..<first + run.count)
          let source = run.lowerBound + own.lowerBound - first
          for index in hooks.indices {
            matrices[index].copyRows(
              source..<source + own.count, of: activations[index], to: row)
          }
          row += own.count
          first += run.count
        }
      }
    }
    return matrices
  }

  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    ElementPlace("\(hook.name) of \(model.name)", row: row, column: column)
  }
}
