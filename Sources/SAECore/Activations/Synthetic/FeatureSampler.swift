#if canImport(Darwin)
  import Darwin
#else
  import Foundation
#endif

/// Draws which features are active on a token, and how much.
struct FeatureSampler: Sendable {
  let options: SyntheticOptions
  /// Of each feature, parents first.
  let frequencies: [Double]
  /// Parents of each topic, the most frequent first: parent k is of topic k mod topics.
  private let topics: [[Int]]

  init(_ options: SyntheticOptions) {
    self.options = options
    let parents = options.parentProbabilities()
    let children = parents.flatMap {
      [Double](repeating: $0 * options.childProbability, count: options.childrenPerParent)
    }
    frequencies = parents + children
    topics = (0..<options.topicCount).map { topic in
      Array(stride(from: topic, to: parents.count, by: options.topicCount))
    }
  }

  /// The features of a range of tokens.
  func draw(_ tokens: Range<Int>, seed: UInt64) -> SparseLatents {
    let block = 64
    let blocks = (tokens.count + block - 1) / block
    let drawn = Parallel.map(blocks) { index in
      let begin = tokens.lowerBound + index * block
      return (begin..<min(begin + block, tokens.upperBound)).map { draw($0, seed: seed) }
    }
    var offsets = [0]
    var indices: [UInt32] = []
    var values: [Float] = []
    for token in drawn.joined() {
      indices.append(contentsOf: token.map(\.feature))
      values.append(contentsOf: token.map(\.size))
      offsets.append(indices.count)
    }
    return SparseLatents(
      unchecked: options.featureCount, rowOffsets: offsets, indices: indices, values: values)
  }

  private struct Firing {
    let feature: UInt32
    let size: Float
  }

  private func draw(_ token: Int, seed: UInt64) -> [Firing] {
    var generator = RandomGenerator.token(token, seed)
    var context = RandomGenerator.token(token / options.contextLength, ~seed)
    let current = context.index(below: options.topicCount)
    var active: [Int] = []
    for topic in topics.indices {
      let factor = topic == current ? options.topicBoost : 1 - options.correlation
      if options.topicCount == 1 {
        appendActive(topics[topic], factor: 1, &active, &generator)
      } else if factor > 0 {
        appendActive(topics[topic], factor: factor, &active, &generator)
      }
    }
    let perParent = options.childrenPerParent
    for parent in active {
      for child in 0..<perParent where generator.uniform() < options.childProbability {
        active.append(options.parentCount + parent * perParent + child)
      }
    }
    active.sort()
    return active.map {
      let size = abs(1 + options.magnitudeDeviation * generator.gaussian())
      return Firing(feature: UInt32($0), size: Float(max(size, 1e-6)))
    }
  }

  /// Walks down falling probabilities, jumping over the features that a constant probability would
  /// leave out: the work is that of the active ones.
  private func appendActive(
    _ features: [Int], factor: Double, _ active: inout [Int], _ generator: inout RandomGenerator
  ) {
    guard let first = features.first else { return }
    var bound = min(1, frequencies[first] * factor)
    var position = 0
    while position < features.count, bound > 0 {
      if bound < 1 {
        let jump = log(1 - generator.uniform()) / log(1 - bound)
        guard jump < Double(features.count - position) else { return }
        position += Int(jump)
        guard position < features.count else { return }
      }
      let feature = features[position]
      let probability = min(1, frequencies[feature] * factor)
      if generator.uniform() * bound < probability { active.append(feature) }
      bound = probability
      position += 1
    }
  }
}

/// base^exponent.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
