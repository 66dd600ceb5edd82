public import SAECore

/// A probe on few latents: the k whose mean differs most between the classes, and a logistic
/// regression on them.
///
/// Source: Gurnee et al. 2023, arXiv 2305.01610; the choice of latents as in SAEBench.
public struct SparseProbe: Sendable, Equatable, Codable {
  /// The chosen latents, ascending.
  public let latents: [Int]
  /// The classifier on the chosen latents.
  public let regression: LogisticRegression

  /// Fits a probe on training examples.
  ///
  /// - Parameters:
  ///   - examples: examples × latents, pooled over each text's counted tokens (``pool(_:mask:)``).
  ///   - labels: one an example.
  ///   - k: how many latents; all if there are fewer.
  ///   - classWeights: how much examples count.
  /// - Returns: nil if there is one class only, or a chosen latent is not finite.
  /// - Throws: `ShapeError` if there is not one label an example.
  public init?(
    examples: Matrix, labels: [Bool], k: Int,
    classWeights: LogisticRegression.ClassWeights = .equal
  ) throws(ShapeError) {
    guard let differences = try SparseProbe.meanDifferences(examples, labels) else { return nil }
    let order = differences.indices.sorted {
      (abs(differences[$0]), $1) > (abs(differences[$1]), $0)
    }
    let chosen = order.prefix(k).sorted()
    let rows = (0..<examples.rows).map { row in chosen.map { Double(examples[row, $0]) } }
    guard
      let regression = LogisticRegression(rows: rows, labels: labels, classWeights: classWeights)
    else { return nil }
    latents = chosen
    self.regression = regression
  }

  /// Scores on held-out examples.
  ///
  /// - Throws: `ShapeError` if there is not one label an example.
  public func scores(_ examples: Matrix, labels: [Bool]) throws(ShapeError) -> ClassificationScores
  {
    try ShapeError.check("labels", "examples", expected: examples.rows, found: labels.count)
    let scores = (0..<examples.rows).map { row in
      regression.score(latents.map { Double(examples[row, $0]) })
    }
    return ClassificationScores(scores: scores, labels: labels)
  }

  /// Mean over positives minus mean over negatives, of each column; nil without either class.
  ///
  /// - Throws: `ShapeError` if there is not one label an example.
  public static func meanDifferences(
    _ examples: Matrix, _ labels: [Bool]
  ) throws(ShapeError) -> [Double]? {
    try ShapeError.check("labels", "examples", expected: examples.rows, found: labels.count)
    let positives = labels.count { $0 }
    guard positives > 0, positives < labels.count else { return nil }
    var sums = [[Double]](
      repeating: [Double](repeating: 0, count: examples.columns), count: 2)
    for (row, label) in labels.enumerated() {
      let values = examples.row(row)
      for column in values.indices { sums[label ? 1 : 0][column] += Double(values[column]) }
    }
    return (0..<examples.columns).map {
      sums[1][$0] / Double(positives) - sums[0][$0] / Double(labels.count - positives)
    }
  }

  /// The mean of each latent over the counted tokens of each context, contexts × latents; zeros
  /// where a context has none.
  ///
  /// - Parameters:
  ///   - latents: tokens × latents.
  ///   - mask: which tokens count, and for each token the number of its context, from 0.
  /// - Returns: as many rows as the largest number of a context says.
  /// - Throws: `ShapeError` if a length differs, or contexts are not given.
  public static func pool(_ latents: SparseLatents, mask: TokenMask) throws(ShapeError) -> Matrix {
    guard let contexts = mask.contexts else {
      throw ShapeError("contexts", "tokens", expected: latents.tokens, found: 0)
    }
    let rows = try mask.rows(of: latents.tokens)
    precondition(contexts.allSatisfy { $0 >= 0 }, "contexts are numbered from 0")
    let count = (contexts.max() ?? -1) + 1
    var byContext = [[Int]](repeating: [], count: count)
    for row in rows { byContext[contexts[Int(row)]].append(Int(row)) }
    let tokens = byContext
    var pooled = Matrix(rows: count, columns: latents.latentCount)
    pooled.fillRows { context, values in
      var sums: [UInt32: Double] = [:]
      for token in tokens[context] {
        for entry in latents.entries(of: token) {
          sums[latents.indices[entry], default: 0] += Double(latents.values[entry])
        }
      }
      for (latent, sum) in sums { values[Int(latent)] = Float(sum / Double(tokens[context].count)) }
    }
    return pooled
  }
}
