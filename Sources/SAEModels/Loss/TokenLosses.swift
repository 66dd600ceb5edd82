public import SAECore

/// How well a model predicts next tokens, prediction by prediction.
public struct TokenLosses: Sendable, Equatable {
  /// −log p(next token) in nats, for every token that has a next one in its sequence, in the order of the
  /// batch: tokens − sequences numbers.
  public private(set) var crossEntropies: [Double]
  /// KL(reference ‖ this one) in nats of the same predictions; empty for the reference itself.
  public private(set) var divergences: [Double]

  /// Losses that are known.
  public init(crossEntropies: [Double] = [], divergences: [Double] = []) {
    self.crossEntropies = crossEntropies
    self.divergences = divergences
  }

  /// The losses of logits.
  ///
  /// - Parameters:
  ///   - logits: tokens × vocabulary.
  ///   - reference: logits that divergences are taken from, of the same shape; nil for those themselves.
  ///   - nextTokens: the id after each token; nil where there is none, or it does not count.
  /// - Throws: `ShapeError` if sizes differ, or an id lies outside the vocabulary.
  public init(
    logits: Matrix, reference: Matrix? = nil, nextTokens: [UInt32?]
  ) throws(ShapeError) {
    try ShapeError.check("logits", "rows", expected: nextTokens.count, found: logits.rows)
    if let reference {
      try ShapeError.check("logits", "rows", expected: reference.rows, found: logits.rows)
      try ShapeError.check("logits", "columns", expected: reference.columns, found: logits.columns)
    }
    if let outside = nextTokens.lazy.compactMap({ $0 }).first(where: { $0 >= logits.columns }) {
      throw ShapeError(
        "token \(outside)", "columns or more", expected: Int(outside) + 1, found: logits.columns)
    }
    self.init()
    add(logits, reference, nextTokens[...])
  }

  /// Adds the losses of logits that fit.
  fileprivate mutating func add(
    _ logits: Matrix, _ reference: Matrix?, _ nextTokens: ArraySlice<UInt32?>
  ) {
    let normalizers = logits.logNormalizers()
    for (row, token) in nextTokens.enumerated() {
      guard let token else { continue }
      crossEntropies.append(normalizers[row] - Double(logits[row, Int(token)]))
    }
    guard let reference else { return }
    let all = reference.divergences(to: logits)
    divergences += zip(all, nextTokens).compactMap { $1 == nil ? nil : $0 }
  }
}

extension LanguageModel {
  /// Tokens whose logits are held at a time: 128 MB of a stream's logits, but no more than 1024.
  private var lossRows: Int { min(1024, max(16, (1 << 25) / vocabularySize)) }

  /// The losses of residual streams as they leave the last layer.
  ///
  /// Logits exist for some hundred tokens of two streams at a time.
  ///
  /// - Parameters:
  ///   - streams: tokens × width each; the first is the reference that divergences are taken from.
  ///   - batch: the tokens they belong to.
  /// - Throws: ``ModelError`` if a stream's shape is not the batch's, or layers are missing.
  public func losses(_ streams: [Matrix], of batch: TokenBatch) throws -> [TokenLosses] {
    try check(batch)
    guard loadedLayers == layerCount else {
      throw ModelError.layerOutOfRange(hook: end.name, layers: loadedLayers)
    }
    for stream in streams where stream.rows != batch.count || stream.columns != width {
      throw ModelError.wrongActivations(
        hook: end.name, expected: "\(batch.count) × \(width)", found: "\(stream.shape)")
    }
    let targets = batch.nextTokens
    var losses = streams.map { _ in TokenLosses() }
    for begin in stride(from: 0, to: batch.count, by: lossRows) {
      let rows = begin..<min(begin + lossRows, batch.count)
      var reference: Matrix?
      for (index, stream) in streams.enumerated() {
        let logits = self.logits(stream[rows: rows])
        losses[index].add(logits, reference, targets[rows])
        reference = reference ?? logits
      }
    }
    return losses
  }

  /// The losses of a batch, run from its tokens on.
  ///
  /// - Throws: ``ModelError`` if an id or a sequence's length is not the model's.
  public func losses(of batch: TokenBatch) throws -> TokenLosses {
    let all = try losses([run(batch)], of: batch)
    return all[0]
  }
}

extension TokenBatch {
  /// The token after each token, nil at the end of a sequence.
  var nextTokens: [UInt32?] {
    var next: [UInt32?] = []
    next.reserveCapacity(count)
    for sequence in sequences where !sequence.isEmpty {
      next += tokens[sequence.dropFirst()].map { $0 }
      next.append(nil)
    }
    return next
  }
}
