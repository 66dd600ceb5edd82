import Foundation
import SAECore

/// Chooses tokens by their logits.
struct TokenChooser {
  private let sampling: Sampling
  private var generator: RandomGenerator

  init(_ sampling: Sampling) {
    self.sampling = sampling
    if case .random(_, _, let seed) = sampling {
      generator = RandomGenerator(seed: seed)
    } else {
      generator = RandomGenerator(seed: 0)
    }
  }

  /// The next token; a logit that is NaN is no token's.
  mutating func choose(_ logits: [Float]) -> UInt32 {
    switch sampling {
    case .greedy:
      var best = 0
      for (index, logit) in logits.enumerated() where logit > logits[best] || logits[best].isNaN {
        best = index
      }
      return UInt32(best)
    case .random(let temperature, let topP, _):
      let order = logits.indices.filter { !logits[$0].isNaN }.sorted {
        (logits[$1], $0) < (logits[$0], $1)
      }
      guard let first = order.first else { return 0 }
      let weights = order.map { exp((Double(logits[$0]) - Double(logits[first])) / temperature) }
      let limit = topP * weights.reduce(0, +)
      var (kept, sum) = (0, 0.0)
      while kept < weights.count, kept == 0 || sum < limit {
        sum += weights[kept]
        kept += 1
      }
      var rest = Double(generator.next() >> 11) * 0x1p-53 * sum
      for place in 0..<kept {
        rest -= weights[place]
        if rest < 0 { return UInt32(order[place]) }
      }
      return UInt32(order[kept - 1])
    }
  }
}
