public import SAECore

/// Contexts in which a latent is active, its strongest and a sample over its whole range, collected
/// in one pass with bounded memory.
///
/// Every context is added whole and once. The same examples come out for any order of contexts,
/// batches and merges.
public struct LatentExamples: Sendable {
  /// How many examples are kept, and how long they are.
  public struct Options: Sendable, Equatable {
    /// Strongest examples kept of each latent.
    public var count = 10
    /// Examples sampled from all contexts in which the latent is active.
    public var sampleCount = 40
    /// Tokens of a window on each side of its peak.
    public var radius = 10
    /// Whether peaks whose window does not fit into the context are left out, as SAEBench does; else
    /// windows end where the context does.
    public var leavesOutClippedWindows = false
    /// Whether a context gives one example at most.
    public var onePerContext = false
    /// The seed of the sample.
    public var seed: UInt64 = 0

    /// The settings at their defaults.
    public init() {}
  }

  /// How many examples are kept, and how long they are.
  public let options: Options
  private var strongest: [[Example]]
  private var sampled: [[Sampled]]
  /// Contexts in which each latent is active.
  private var activeContexts: [Int]

  /// A peak of a latent's activation, and what stands around it.
  public struct Example: Sendable, Equatable, Codable {
    /// The context's number in the stream.
    public let context: Int
    /// The firing token's position in its context.
    public let position: Int
    /// The latent's activation there.
    public let activation: Float
    /// Token ids from `firstPosition` on.
    public let tokens: [Int]
    /// The latent's activation on each of them.
    public let activations: [Float]
    /// Position in the context of the example's first token.
    public let firstPosition: Int

    /// Whether this one comes first: the stronger, then the earlier context, then the position.
    func precedes(_ other: Example) -> Bool {
      (other.activation, context, position) < (activation, other.context, other.position)
    }
  }

  private struct Sampled: Sendable {
    let key: UInt64
    let example: Example
  }

  /// Examples for `latentCount` latents.
  public init(latentCount: Int, options: Options = Options()) {
    precondition(options.radius >= 0 && options.count >= 0 && options.sampleCount >= 0)
    self.options = options
    strongest = [[Example]](repeating: [], count: latentCount)
    sampled = [[Sampled]](repeating: [], count: latentCount)
    activeContexts = [Int](repeating: 0, count: latentCount)
  }

  /// Adds one context.
  ///
  /// - Parameters:
  ///   - latents: positions × latents; only activations above 0 are peaks.
  ///   - tokens: token ids.
  ///   - context: a number of the context, different from all others.
  ///   - mask: which positions may be peaks; windows may show the others.
  /// - Throws: `ShapeError` if something does not fit.
  public mutating func update(
    _ latents: SparseLatents, tokens: [Int], context: Int, mask: TokenMask = .all
  ) throws(ShapeError) {
    try ShapeError.check(
      "latent activations", "latents", expected: strongest.count, found: latents.latentCount)
    try ShapeError.check("token ids", "tokens", expected: latents.tokens, found: tokens.count)
    let counted = Set(try mask.rows(of: tokens.count))
    let occurrences = latents.occurrencesByLatent()
    for latent in strongest.indices where !occurrences.occurrences(of: latent).isEmpty {
      let entries = occurrences.occurrences(of: latent).map {
        (
          position: Int(occurrences.tokens[$0]),
          activation: latents.values[Int(occurrences.entries[$0])]
        )
      }
      let peaks = peaks(entries.filter { counted.contains(UInt32($0.position)) }, tokens.count)
      guard let best = peaks.first else { continue }
      activeContexts[latent] += 1
      var row = [Float](repeating: 0, count: tokens.count)
      for entry in entries { row[entry.position] = entry.activation }
      func example(_ position: Int) -> Example {
        window(position, row: row, tokens: tokens, context: context)
      }
      for position in options.onePerContext ? [best] : peaks {
        keep(example(position), latent)
      }
      sample(example(best), latent)
    }
  }

  /// Peaks in falling order, none within another's window.
  private func peaks(_ entries: [(position: Int, activation: Float)], _ length: Int) -> [Int] {
    let fitting = entries.filter { entry in
      entry.activation > 0
        && (!options.leavesOutClippedWindows
          || (entry.position >= options.radius && entry.position + options.radius < length))
    }
    let order = fitting.sorted { ($1.activation, $0.position) < ($0.activation, $1.position) }
    var chosen: [Int] = []
    for entry in order {
      guard chosen.count < max(1, options.count) else { break }
      if chosen.allSatisfy({ abs($0 - entry.position) > options.radius }) {
        chosen.append(entry.position)
      }
    }
    return chosen
  }

  private func window(_ position: Int, row: [Float], tokens: [Int], context: Int) -> Example {
    let range =
      max(0, position - options.radius)..<min(tokens.count, position + options.radius + 1)
    return Example(
      context: context, position: position, activation: row[position],
      tokens: Array(tokens[range]), activations: Array(row[range]),
      firstPosition: range.lowerBound)
  }

  private mutating func keep(_ example: Example, _ latent: Int) {
    let place = strongest[latent].firstIndex { example.precedes($0) } ?? strongest[latent].count
    guard place < options.count else { return }
    strongest[latent].insert(example, at: place)
    if strongest[latent].count > options.count { strongest[latent].removeLast() }
  }

  /// Keeps the contexts with the smallest keys. Keys are pseudorandom, so that each active context is
  /// equally likely to be kept, whatever comes before or after it.
  private mutating func sample(_ example: Example, _ latent: Int) {
    var generator = RandomGenerator(
      seed: options.seed ^ (UInt64(latent) << 40) ^ UInt64(truncatingIfNeeded: example.context))
    keep(Sampled(key: generator.next(), example: example), latent)
  }

  private mutating func keep(_ new: Sampled, _ latent: Int) {
    let place = sampled[latent].firstIndex { new.key < $0.key } ?? sampled[latent].count
    guard place < options.sampleCount else { return }
    sampled[latent].insert(new, at: place)
    if sampled[latent].count > options.sampleCount { sampled[latent].removeLast() }
  }

  /// Adds what another accumulator has found in other contexts.
  ///
  /// - Throws: `ShapeError` if its number of latents is another.
  /// - Precondition: it has the same options.
  public mutating func merge(_ other: LatentExamples) throws(ShapeError) {
    try ShapeError.check(
      "merged examples", "latents", expected: strongest.count, found: other.strongest.count)
    precondition(options == other.options, "the examples were kept by other options")
    for latent in strongest.indices {
      activeContexts[latent] += other.activeContexts[latent]
      for example in other.strongest[latent] { keep(example, latent) }
      for sample in other.sampled[latent] { keep(sample, latent) }
    }
  }

  /// The strongest examples of a latent, falling; ties go to the earlier context, then position.
  public func strongestExamples(of latent: Int) -> [Example] { strongest[latent] }

  /// Contexts in which a latent is active.
  package func activeContextCount(of latent: Int) -> Int { activeContexts[latent] }

  /// The sampled examples of a latent, cut by strength into parts of equal count, the weakest part
  /// first; of each as many as the smallest holds.
  ///
  /// - Parameters:
  ///   - latent: which.
  ///   - parts: how many, 10 in Delphi.
  /// - Returns: fewer parts if there are fewer examples than parts.
  public func quantileExamples(of latent: Int, parts: Int = 10) -> [[Example]] {
    precondition(parts > 0, "examples cannot be cut into \(parts) parts")
    let ordered = sampled[latent].map(\.example).sorted { $1.precedes($0) }
    let parts = min(parts, ordered.count)
    guard parts > 0 else { return [] }
    let size = ordered.count / parts
    // Of larger parts the sample's own order, which is random, would say which to leave out; the
    // first are as good as any.
    return (0..<parts).map { part in
      let begin = part * ordered.count / parts
      return Array(ordered[begin..<begin + size])
    }
  }
}
