public import SAECore

/// How well residual streams predict a batch's next tokens.
public struct TokenLosses: Sendable, Equatable {
  /// −log p(next token) in nats, for every token that has a next one in its sequence, in the order of the
  /// batch: tokens − sequences numbers.
  public let crossEntropies: [Double]
  /// KL(reference ‖ this one) in nats of the same predictions; empty for the reference itself.
  public let divergences: [Double]
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
        hook: end.name, expected: "\(batch.count) × \(width)", found: stream.shape)
    }
    let targets = batch.nextTokens
    var crossEntropies = streams.map { _ in [Double]() }
    var divergences = streams.map { _ in [Double]() }
    for begin in stride(from: 0, to: batch.count, by: lossRows) {
      let rows = begin..<min(begin + lossRows, batch.count)
      var reference: Matrix?
      for (index, stream) in streams.enumerated() {
        let logits = self.logits(stream[rows: rows])
        let normalizers = logits.logNormalizers()
        for row in rows {
          guard let target = targets[row] else { continue }
          crossEntropies[index].append(
            normalizers[row - begin] - Double(logits[row - begin, Int(target)]))
        }
        if let reference {
          let all = reference.divergences(to: logits)
          divergences[index] += rows.filter { targets[$0] != nil }.map { all[$0 - begin] }
        } else {
          reference = logits
        }
      }
    }
    return zip(crossEntropies, divergences).map {
      TokenLosses(crossEntropies: $0, divergences: $1)
    }
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
