public import SAECore

/// The latents that a class depends on, for ablation.
public enum LatentEffects {
  /// max(0, z̄₊ − z̄₋) · (w·dᵢ) of each latent: targeted probe perturbation's choice. Nil without
  /// either class.
  ///
  /// - Parameters:
  ///   - examples: pooled latents, examples × latents.
  ///   - labels: whether each example is of the class.
  ///   - probe: weights w of the class's probe on activations.
  ///   - decoder: latents × width.
  /// - Throws: `ShapeError` if something does not fit.
  public static func targeted(
    examples: Matrix, labels: [Bool], probe: [Double], decoder: Matrix
  ) throws(ShapeError) -> [Double]? {
    try effects(examples, labels, probe, decoder) { max(0, $0) * $1 }
  }

  /// |(z̄₊ − z̄₋) · (w·dᵢ)| of each latent: spurious correlation removal's choice. Parameters as for
  /// ``targeted(examples:labels:probe:decoder:)``.
  ///
  /// - Throws: `ShapeError` if something does not fit.
  public static func spurious(
    examples: Matrix, labels: [Bool], probe: [Double], decoder: Matrix
  ) throws(ShapeError) -> [Double]? {
    try effects(examples, labels, probe, decoder) { abs($0 * $1) }
  }

  /// The `count` latents with the largest effects that are not 0; of equal ones the first.
  public static func largest(_ effects: [Double], count: Int) -> [Int] {
    let order = effects.indices.filter { effects[$0] != 0 }.sorted {
      (effects[$0], $1) > (effects[$1], $0)
    }
    return Array(order.prefix(count))
  }

  private static func effects(
    _ examples: Matrix, _ labels: [Bool], _ probe: [Double], _ decoder: Matrix,
    _ combine: (_ difference: Double, _ product: Double) -> Double
  ) throws(ShapeError) -> [Double]? {
    try ShapeError.check("probe", "weights", expected: decoder.columns, found: probe.count)
    try ShapeError.check("decoder", "rows", expected: examples.columns, found: decoder.rows)
    guard let differences = try SparseProbe.meanDifferences(examples, labels) else { return nil }
    return differences.indices.map { latent in
      let row = decoder.row(latent)
      let product = row.indices.reduce(0.0) { $0 + Double(row[$1]) * probe[$1] }
      return combine(differences[latent], product)
    }
  }
}

/// Targeted probe perturbation: does ablating the latents of one class hurt that class's probe and
/// no other?
///
/// Source: SAEBench, arXiv 2503.09532, section 3.
public struct TargetedPerturbation: Sendable, Equatable, Codable {
  /// clean_i − ablated_ii.
  public let intended: [Double]
  /// Mean over j ≠ i of clean_j − ablated_ij; undefined with one class.
  public let unintended: [Double?]

  /// - Parameters:
  ///   - clean: accuracy of each class's probe.
  ///   - ablated: [i][j] the accuracy of probe j after ablating the latents of class i.
  /// - Precondition: `ablated` is square and as large as `clean`.
  public init(clean: [Double], ablated: [[Double]]) {
    precondition(
      ablated.count == clean.count && ablated.allSatisfy { $0.count == clean.count },
      "there must be an accuracy of every probe for every class")
    intended = clean.indices.map { clean[$0] - ablated[$0][$0] }
    unintended = clean.indices.map { i in
      mean(clean.indices.filter { $0 != i }.map { clean[$0] - ablated[i][$0] })
    }
  }

  /// Mean over classes of intended − unintended; undefined with fewer than two classes.
  public var score: Double? {
    let differences = zip(intended, unintended).compactMap { pair in
      pair.1.map { pair.0 - $0 }
    }
    return mean(differences)
  }
}

/// Scores made of accuracies.
public enum InterventionScores {
  /// Spurious correlation removal: (changed − original) / (clean − original), 0 if the biased probe
  /// leaves less than 0.001 to win. SAEBench, after SHIFT (Marks et al. 2024, arXiv 2403.19647).
  public static func spuriousCorrelationRemoval(
    clean: Double, original: Double, changed: Double
  ) -> Double {
    clean - original < 0.001 ? 0 : (changed - original) / (clean - original)
  }

  /// RAVEL: cause, isolation and their mean. Huang et al. 2024, arXiv 2402.17700.
  ///
  /// - Parameters:
  ///   - cause: how often exchanging attribute i's latents gave it the source's value.
  ///   - isolation: [i][j], j ≠ i: how often attribute j kept its value then.
  /// - Returns: means over attributes; nil with fewer than two.
  package static func disentanglement(
    cause: [Double], isolation: [[Double]]
  ) -> (cause: Double, isolation: Double, score: Double)? {
    guard cause.count > 1, isolation.count == cause.count, let meanCause = mean(cause) else {
      return nil
    }
    let others = isolation.enumerated().compactMap { i, row in
      mean(row.enumerated().filter { $0.offset != i }.map(\.element))
    }
    guard let meanIsolation = mean(others) else { return nil }
    return (meanCause, meanIsolation, (meanCause + meanIsolation) / 2)
  }

  /// Unlearning: 1 − the lowest accuracy on what to forget, among settings that keep the rest at a
  /// relative accuracy of at least `keeping`; nil if none does.
  package static func unlearning(
    _ settings: [(forgotten: Double, kept: Double)], keeping: Double = 0.99
  ) -> Double? {
    settings.filter { $0.kept >= keeping }.map(\.forgotten).min().map { 1 - $0 }
  }
}

extension SparseLatents {
  /// The same latents with some of them set to 0 everywhere.
  public func ablating(_ latents: Set<Int>) -> SparseLatents {
    replacingValues(
      zip(indices, values).map { latents.contains(Int($0)) ? 0 : $1 })
  }
}
