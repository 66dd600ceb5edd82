/// A number for each element of a training step: for each entry of a batch whose latents are few, or for
/// each place of a panel, tokens × some of the latents, of a batch whose latents are many.
///
/// A thresholding autoencoder defines its function of latents once, on these elements. Among entries, a
/// missing element counts as 0.
public struct LatentElements: Sendable {
  /// Which entries there are; nil on a panel.
  let entries: SparseLatents?
  /// One per entry.
  var values: [Float] = []
  /// Tokens × latents of a panel.
  var panel = Matrix(rows: 0, columns: 0)
  /// The latents whose elements these are; sums over tokens have a number for each.
  public internal(set) var latents: Range<Int>

  /// The values of entries.
  init(_ entries: SparseLatents) {
    self.entries = entries
    values = entries.values
    latents = 0..<entries.latentCount
  }

  /// Elements that have yet to be written, of the same entries or on panels.
  init(like other: LatentElements) {
    entries = other.entries
    latents = other.latents
  }

  /// Panels that have yet to be written.
  init() {
    entries = nil
    latents = 0..<0
  }

  /// Whether the elements are those of a panel.
  var isPanel: Bool { entries == nil }

  /// Overwrites every element with a function of another's at its place.
  ///
  /// - Parameters:
  ///   - other: elements of the same latents and tokens.
  ///   - body: called by all threads.
  @inline(__always)
  public mutating func set(
    _ other: LatentElements,
    _ body: @Sendable (_ token: Int, _ latent: Int, _ other: Float) -> Float
  ) {
    if let entries {
      let others = other.values
      values = entries.mapEntries { entry, token, latent in body(token, latent, others[entry]) }
    } else {
      takeShape(of: other)
      panel.combine(other.panel, firstColumn: latents.lowerBound) { token, latent, _, other in
        body(token, latent, other)
      }
    }
  }

  /// Changes every element by another's at its place.
  ///
  /// - Parameters:
  ///   - other: elements of the same latents and tokens.
  ///   - body: called by all threads.
  @inline(__always)
  public mutating func combine(
    _ other: LatentElements,
    _ body: @Sendable (_ token: Int, _ latent: Int, _ element: Float, _ other: Float) -> Float
  ) {
    if let entries {
      let (mine, others) = (values, other.values)
      values = entries.mapEntries { entry, token, latent in
        body(token, latent, mine[entry], others[entry])
      }
    } else {
      panel.combine(other.panel, firstColumn: latents.lowerBound, body)
    }
  }

  /// Adds another's elements.
  public mutating func add(_ other: LatentElements) {
    if isPanel { panel.add(other.panel) } else { combine(other) { $2 + $3 } }
  }

  /// Overwrites every element with another's where that is above its latent's threshold, with 0
  /// elsewhere.
  ///
  /// - Parameters:
  ///   - other: elements of the same latents and tokens.
  ///   - thresholds: one for each of all latents.
  public mutating func set(_ other: LatentElements, above thresholds: [Float]) {
    if isPanel {
      latents = other.latents
      panel.setJumpReLU(of: other.panel, thresholds: Array(thresholds[latents]))
    } else {
      set(other) { _, latent, h in h > thresholds[latent] ? h : 0 }
    }
  }

  /// Σ over tokens, a number for each of ``latents``, in double.
  public func sumsByLatent() -> [Double] { entries?.sumByLatent(values) ?? panel.columnSums() }

  /// Σ over each token's elements of a function of them, added in their order.
  ///
  /// - Parameter body: called by all threads.
  @inline(__always)
  public func sumsByToken(
    _ body: @Sendable (_ latent: Int, _ element: Float) -> Double
  ) -> [Double] {
    guard let entries else { return panel.sumsByRow(firstColumn: latents.lowerBound, body) }
    let (values, indices) = (values, entries.indices)
    return entries.sumByToken { body(Int(indices[$0]), values[$0]) }
  }
}

extension LatentElements {
  /// Makes products with encoder rows pre-activations; entries are these from the beginning.
  ///
  /// - Parameter bias: one for each of all latents.
  mutating func addBias(_ bias: [Float]) {
    if isPanel { panel.addToRows(Array(bias[latents])) }
  }

  /// The same, and then the larger of each and 0: as entries above a bound of 0 are.
  mutating func rectify(addingBias bias: [Float]) {
    if isPanel { panel.applyBiasedReLU(Array(bias[latents])) }
  }

  /// Multiplies every element.
  mutating func scale(by factor: Float) {
    guard let entries else { return panel.scale(by: factor) }
    let mine = values
    values = entries.mapEntries { entry, _, _ in factor * mine[entry] }
  }

  /// Σ over all elements of a function of them and another's; leaves arbitrary numbers behind.
  @inline(__always)
  mutating func consumingSum(
    _ other: LatentElements,
    _ body: @Sendable (_ latent: Int, _ element: Float, _ other: Float) -> Double
  ) -> Double {
    guard let entries else {
      combine(other) { _, latent, element, other in Float(body(latent, element, other)) }
      return panel.columnSums().reduce(0, +)
    }
    let (values, others, indices) = (values, other.values, entries.indices)
    return entries.sumByToken { body(Int(indices[$0]), values[$0], others[$0]) }.reduce(0, +)
  }

  /// For each token, the number of elements with a property; for latents without an entry another
  /// property counts.
  ///
  /// - Parameters:
  ///   - matches: whether an element counts.
  ///   - absentMatches: whether an element counts that is no entry.
  @inline(__always)
  func countsByToken(
    _ matches: @Sendable (_ latent: Int, _ element: Float) -> Bool,
    absentMatches: @Sendable (_ latent: Int) -> Bool
  ) -> [Double] {
    let counts = sumsByToken { matches($0, $1) ? 1 : 0 }
    guard !isPanel else { return counts }
    let all = Double(latents.count(where: absentMatches))
    guard all > 0 else { return counts }
    let present = sumsByToken { latent, _ in absentMatches(latent) ? 1 : 0 }
    return zip(counts, present).map { $0 + (all - $1) }
  }

  /// Gives a panel another's latents and shape; its elements are then arbitrary.
  mutating func takeShape(of other: LatentElements) {
    latents = other.latents
    panel.resizeDiscardingElements(rows: other.panel.rows, columns: other.panel.columns)
  }
}
