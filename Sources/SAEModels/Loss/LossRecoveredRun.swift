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
  public let model: any LanguageModel
  /// Where activations are replaced.
  public let hook: HookPoint
  private let pieces: TokenPieces
  private let mean: [Float]

  /// - Parameters:
  ///   - model: the model.
  ///   - hook: where activations are replaced.
  ///   - tokens: evaluated from the first to the last.
  ///   - mean: the mean activation at the place, from other tokens than these.
  ///   - options: how the stream is cut into sequences.
  /// - Throws: ``ModelError`` if an option, the place or the mean does not fit the model; where tokens
  ///   are left out, the errors of reading them.
  public init(
    _ model: any LanguageModel, at hook: HookPoint, tokens: TokenStream, mean: [Float],
    options: PieceOptions = PieceOptions()
  ) throws {
    guard hook.layer < model.layerCount, model.loadedLayers == model.layerCount else {
      throw ModelError.layerOutOfRange(hook: hook.name, layers: model.loadedLayers)
    }
    guard mean.count == model.width else {
      throw ModelError.invalidOption(
        name: "mean", expected: "\(model.width) numbers", found: "\(mean.count)")
    }
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
    // Clean, zero and mean, then the splices.
    var sums = [LossSum](repeating: LossSum(), count: 3 + splices.count)
    for begin in stride(from: 0, to: pieces.count, by: pieces.piecesPerBatch) {
      let some = begin..<min(begin + pieces.piecesPerBatch, pieces.count)
      let batch = try pieces.batch(some)
      let counts = pieces.countsPrediction(batch)
      for (index, part) in try losses(of: batch, splices).enumerated() {
        sums[index].add(part, where: counts)
      }
      try progress(some.upperBound)
    }
    guard sums[0].predictions > 0 else {
      throw ModelError.wrongTokens(
        file: pieces.stream.name, expected: "predictions between tokens that are not left out",
        found: "none")
    }
    return sums.dropFirst(3).map { spliced in
      LossRecovered(
        sequences: pieces.count, predictions: sums[0].predictions, clean: sums[0].loss,
        spliced: spliced.loss, zeroAblated: sums[1].loss, meanAblated: sums[2].loss,
        splicedDivergence: spliced.divergence, zeroDivergence: sums[1].divergence,
        meanDivergence: sums[2].divergence)
    }
  }

  private func losses(of batch: TokenBatch, _ splices: [Splice]) throws -> [TokenLosses] {
    let activations = try model.activations(at: hook, of: batch)
    let rows = pieces.ownRows(batch).flatMap { $0 }
    let own = activations.rows(of: rows)
    let mean = Matrix(rows: own.rows, columns: own.columns) { self.mean[$1] }
    var replacements = [Matrix(rows: own.rows, columns: own.columns), mean]
    for splice in splices {
      let reconstruction = try splice(own)
      guard reconstruction.rows == own.rows, reconstruction.columns == own.columns else {
        throw ModelError.wrongActivations(
          hook: hook.name, expected: own.shape, found: reconstruction.shape)
      }
      replacements.append(reconstruction)
    }
    var streams = [try model.resume(activations, at: hook, of: batch)]
    for replacement in replacements {
      var changed = activations
      changed.replaceRows(of: rows, with: replacement)
      streams.append(try model.resume(changed, at: hook, of: batch))
    }
    return try model.losses(streams, of: batch)
  }
}

/// Sums over the predictions of all batches, added in their order.
private struct LossSum {
  var predictions = 0
  var crossEntropy = 0.0
  var divergenceSum = 0.0

  var loss: Double { crossEntropy / Double(predictions) }
  var divergence: Double { divergenceSum / Double(predictions) }

  mutating func add(_ losses: TokenLosses, where counts: [Bool]) {
    for (value, counts) in zip(losses.crossEntropies, counts) where counts {
      crossEntropy += value
      predictions += 1
    }
    for (value, counts) in zip(losses.divergences, counts) where counts { divergenceSum += value }
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
