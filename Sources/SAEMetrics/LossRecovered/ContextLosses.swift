import Foundation
import SAECore

/// Log-probabilities of one position, from its logits, in double.
struct Softmax {
  let logits: [Double]
  /// log Σ exp(logit).
  let logSum: Double

  init(_ row: Span<Float>) {
    var values = [Double](repeating: 0, count: row.count)
    var largest = -Double.infinity
    for index in row.indices {
      let value = Double(row[index])
      values[index] = value
      // NaN wins and stays.
      if !(value <= largest) { largest = largest.isNaN ? largest : value }
    }
    var sum = 0.0
    for value in values { sum += exp(value - largest) }
    logits = values
    logSum = largest + log(sum)
  }

  /// log p(token).
  func logProbability(_ token: Int) -> Double { logits[token] - logSum }

  /// KL(self ‖ other) = Σ p (log p − log q); tokens that self gives no probability add nothing.
  func divergence(from other: Softmax) -> Double {
    var sum = 0.0
    for token in logits.indices {
      let own = logProbability(token)
      let probability = exp(own)
      if probability != 0 { sum += probability * (own - other.logProbability(token)) }
    }
    return sum
  }
}

/// Losses of one context, position by position.
struct ContextLosses: Sendable {
  /// −log p(next token) of every position but the last.
  var crossEntropy: [Double]
  /// KL(clean ‖ this) of every position; empty for the clean run.
  var divergence: [Double]

  /// - Parameters:
  ///   - logits: positions × vocabulary.
  ///   - clean: the same of the run that nothing was changed in.
  ///   - tokens: token ids.
  init(_ logits: Matrix, clean: Matrix?, tokens: [Int]) {
    let positions = Parallel.map(tokens.count) { position -> (Double?, Double?) in
      let softmax = Softmax(logits.row(position))
      let next = position + 1 < tokens.count ? tokens[position + 1] : nil
      return (
        next.map { -softmax.logProbability($0) },
        clean.map { Softmax($0.row(position)).divergence(from: softmax) }
      )
    }
    crossEntropy = positions.compactMap(\.0)
    divergence = positions.compactMap(\.1)
  }
}
