public import SAECore

/// Makes a reconstruction of activations, tokens × width, to stand in their place.
public typealias Splice = (_ activations: Matrix) throws -> Matrix

/// Measures the loss that reconstructions recover, on a stream of tokens.
///
/// At every token of the stream the activations are replaced: by a reconstruction, by zeros, by their
/// mean. The prefix of a sequence keeps its own in all three, unless ``PieceOptions/keepsPrefix``
/// counts it among the tokens; tokens that are left out (``PieceOptions/skippedTokens``) keep theirs as
/// well, and predictions at them and of them do not count. Layers before the place run once for all,
/// layers after it once for each.
///
/// Source: Bricken et al. 2023, "Towards Monosemanticity", section on automated evaluation; the score
/// as the quotient of means.
public struct LossRecoveredRun: Sendable {
  /// The model.
  public let model: LanguageModel
  /// Where activations are replaced.
  public let hook: HookPoint
  /// Where reconstructions are made from: the same place, or for transcoders one before it.
  public let source: HookPoint
  private let pieces: TokenPieces
  private let mean: [Float]

  /// - Parameters:
  ///   - model: the model.
  ///   - hook: where activations are replaced.
  ///   - source: where reconstructions are made from; nil: there.
  ///   - tokens: evaluated from the first to the last.
  ///   - mean: the mean activation at the place, from other tokens than these.
  ///   - options: how the stream is cut into sequences.
  /// - Throws: ``ModelError`` if an option, the place or the mean does not fit the model; where tokens
  ///   are left out, the errors of reading them.
  public init(
    _ model: LanguageModel, at hook: HookPoint, from source: HookPoint? = nil,
    tokens: TokenStream, mean: [Float],
    options: PieceOptions = PieceOptions()
  ) throws {
    guard hook.layer < model.layerCount, model.loadedLayers == model.layerCount else {
      throw ModelError.layerOutOfRange(hook: hook.name, layers: model.loadedLayers)
    }
    let width = try model.width(at: hook)
    guard mean.count == width else {
      throw ModelError.invalidOption(
        name: "mean", expected: "\(width) numbers", found: "\(mean.count)")
    }
    if let source {
      try model.check(source)
      guard source <= hook else {
        throw ModelError.hookBehindStart(hook: hook.name, start: source.name)
      }
    }
    self.source = source ?? hook
    self.model = model
    self.hook = hook
    self.mean = mean
    pieces = try TokenPieces(tokens, options: options, model: model)
    guard tokens.count > 0, pieces.context + pieces.prefixLength > 1 else {
      throw ModelError.wrongTokens(
        file: tokens.name, expected: "sequences with a token to predict",
        found: "\(tokens.count) tokens")
    }
  }

  /// Sequences that will be run.
  public var sequences: Int { pieces.count }

  /// Runs all tokens.
  ///
  /// - Parameters:
  ///   - splices: functions that make reconstructions; each gets activations of some thousand tokens.
  ///   - progress: called with the number of sequences done; an error from it ends the run.
  /// - Returns: a result for each splice.
  /// - Throws: ``ModelError``, or the error of a splice.
  public func evaluate(
    _ splices: [Splice], progress: (_ sequences: Int) throws -> Void = { _ in }
  ) throws -> [LossRecovered] {
    var metrics = [LossRecoveredMetrics](repeating: LossRecoveredMetrics(), count: splices.count)
    var predictions = 0
    for begin in stride(from: 0, to: pieces.count, by: pieces.piecesPerBatch) {
      let some = begin..<min(begin + pieces.piecesPerBatch, pieces.count)
      let batch = try pieces.batch(some)
      let counts = pieces.countsPrediction(batch)
      predictions += counts.count { $0 }
      // Clean, zero and mean, then the splices.
      let losses = try losses(of: batch, splices)
      for sequence in batch.predictionRanges {
        func own(_ run: Int) -> TokenLosses { losses[run].counted(sequence, where: counts) }
        let (clean, zero, mean) = (own(0), own(1), own(2))
        for index in metrics.indices {
          metrics[index].update(
            clean: clean, spliced: own(3 + index), zeroAblated: zero, meanAblated: mean)
        }
      }
      try progress(some.upperBound)
    }
    guard predictions > 0 else {
      throw ModelError.wrongTokens(
        file: pieces.stream.name, expected: "predictions between tokens that are not left out",
        found: "none")
    }
    return metrics.map(\.value)
  }

  private func losses(of batch: TokenBatch, _ splices: [Splice]) throws -> [TokenLosses] {
    var pass = try ForwardPass(model, batch)
    try pass.advance(to: source)
    let rows = pieces.ownRows(batch).flatMap { $0 }
    let seen = pass.activations.rows(of: rows)
    try pass.advance(to: hook)
    let activations = pass.activations
    let own = activations.rows(of: rows)
    let mean = Matrix(rows: own.rows, columns: own.columns) { self.mean[$1] }
    var replacements = [Matrix(rows: own.rows, columns: own.columns), mean]
    for splice in splices {
      let reconstruction = try splice(seen)
      guard reconstruction.rows == own.rows, reconstruction.columns == own.columns else {
        throw ModelError.wrongActivations(
          hook: hook.name, expected: "\(own.shape)", found: "\(reconstruction.shape)")
      }
      replacements.append(reconstruction)
    }
    func last(_ pass: ForwardPass) throws -> Matrix {
      var pass = pass
      try pass.advance(to: model.end)
      return pass.activations
    }
    var streams = [try last(pass)]
    for replacement in replacements {
      var changed = activations
      changed.replaceRows(of: rows, with: replacement)
      var spliced = pass
      try spliced.replace(with: changed)
      streams.append(try last(spliced))
    }
    return try model.losses(streams, of: batch)
  }
}

extension TokenLosses {
  /// The losses of the predictions in a range that count.
  fileprivate func counted(_ range: Range<Int>, where counts: [Bool]) -> TokenLosses {
    let counted = range.filter { counts[$0] }
    return TokenLosses(
      crossEntropies: counted.map { crossEntropies[$0] },
      divergences: divergences.isEmpty ? [] : counted.map { divergences[$0] })
  }
}

extension TokenBatch {
  /// The predictions of each sequence, among those of the batch.
  fileprivate var predictionRanges: [Range<Int>] {
    var end = 0
    return sequences.map { sequence in
      let begin = end
      end += max(0, sequence.count - 1)
      return begin..<end
    }
  }
}

extension Matrix {
  /// The rows of several ranges, one range after another.
  func rows(of ranges: [Range<Int>]) -> Matrix {
    var picked = Matrix(rows: ranges.reduce(0) { $0 + $1.count }, columns: columns)
    var row = 0
    for range in ranges {
      picked.copyRows(range, of: self, to: row)
      row += range.count
    }
    return picked
  }

  /// Overwrites the rows of several ranges with another matrix's, one after another.
  mutating func replaceRows(of ranges: [Range<Int>], with other: Matrix) {
    var row = 0
    for range in ranges {
      copyRows(row..<row + range.count, of: other, to: range.lowerBound)
      row += range.count
    }
  }
}
