public import SAECore

/// The one-to-one pairs of two dictionaries' rows with the largest sum of cosines.
///
/// As many pairs as the smaller dictionary has rows. Where several matchings have the same sum, one
/// of them.
///
/// - Complexity: the matrix of all cosines is held, 4 bytes each, and O(rows³) time at worst: a few
///   thousand latents. For more see ``DictionarySimilarity``.
public struct DictionaryMatching: Sendable, Equatable, Codable {
  /// Of each row of a, the matched row of b.
  public let matches: [Int?]
  /// The cosine of each pair, undefined where a row of a has none; of decoder rows if encoders took
  /// part.
  public let cosines: [Double?]
  /// The cosine of each pair's encoder rows, if encoders took part.
  public let encoderCosines: [Double?]?

  /// What is compared of two rows.
  public enum Measure: Sendable, Codable {
    /// The cosine: a latent has one side.
    case cosine
    /// |cosine|: for signed latents, and for the mean correlation coefficient.
    case absoluteCosine
  }

  /// Matches two dictionaries.
  ///
  /// - Parameters:
  ///   - a: rows × width.
  ///   - b: rows × width.
  ///   - measure: what to sum.
  /// - Throws: `ShapeError` if the widths differ.
  public init(_ a: Matrix, _ b: Matrix, measure: Measure = .cosine) throws(ShapeError) {
    try ShapeError.check("second dictionary", "columns", expected: a.columns, found: b.columns)
    var values = CosinePanels(UnitRows(a), UnitRows(b)).matrix()
    if measure == .absoluteCosine { values.apply { abs($0) } }
    let found = DictionaryMatching.match(values)
    matches = found
    cosines = DictionaryMatching.pick(values, found)
    encoderCosines = nil
  }

  /// Matches two autoencoders by the mean of the cosines of encoder and decoder rows.
  ///
  /// - Parameters:
  ///   - a: encoder and decoder, each latents × width.
  ///   - b: encoder and decoder, each latents × width.
  /// - Throws: `ShapeError` if widths or numbers of latents differ.
  public init(
    a: (encoder: Matrix, decoder: Matrix), b: (encoder: Matrix, decoder: Matrix)
  ) throws(ShapeError) {
    for (encoder, decoder) in [a, b] {
      try ShapeError.check("encoder", "rows", expected: decoder.rows, found: encoder.rows)
      try ShapeError.check(
        "dictionary", "columns", expected: a.decoder.columns, found: decoder.columns)
      try ShapeError.check(
        "encoder", "columns", expected: a.encoder.columns, found: encoder.columns)
    }
    let decoders = CosinePanels(UnitRows(a.decoder), UnitRows(b.decoder)).matrix()
    let encoders = CosinePanels(UnitRows(a.encoder), UnitRows(b.encoder)).matrix()
    var sum = decoders
    sum.add(encoders)
    let found = DictionaryMatching.match(sum)
    matches = found
    cosines = DictionaryMatching.pick(decoders, found)
    encoderCosines = DictionaryMatching.pick(encoders, found)
  }

  private static func match(_ values: Matrix) -> [Int?] {
    guard values.isFinite() else { return [Int?](repeating: nil, count: values.rows) }
    guard values.rows > values.columns else {
      return Assignment(maximizing: values).columnOfRow.map { $0 }
    }
    var matches = [Int?](repeating: nil, count: values.rows)
    let reverse = Assignment(maximizing: Matrix(values.transposed)).columnOfRow
    for (column, row) in reverse.enumerated() { matches[row] = column }
    return matches
  }

  private static func pick(_ values: Matrix, _ matches: [Int?]) -> [Double?] {
    matches.enumerated().map { row, column in column.map { Double(values[row, $0]) } }
  }

  /// Mean cosine over the pairs; undefined without pairs, or where a dictionary is not finite. With
  /// ``Measure/absoluteCosine`` the mean correlation coefficient.
  public var meanCosine: Double? { mean(cosines.compactMap { $0 }) }

  /// Pairs with a cosine of at least `threshold`, divided by the rows of a.
  public func matchedFraction(threshold: Double = 0.7) -> Double? {
    ratio(Double(cosines.count { ($0 ?? -2) >= threshold }), Double(cosines.count))
  }

  /// Pairs with both cosines at least `threshold`, divided by the rows of a; undefined if encoders
  /// took no part.
  ///
  /// Source: Paulo and Belrose 2025, arXiv 2501.16615.
  public func sharedFraction(threshold: Double = 0.7) -> Double? {
    guard let encoderCosines else { return nil }
    let shared = zip(cosines, encoderCosines).count {
      ($0.0 ?? -2) >= threshold && ($0.1 ?? -2) >= threshold
    }
    return ratio(Double(shared), Double(cosines.count))
  }
}

/// How alike dictionaries trained from several seeds are: means over all pairs of them.
public struct SeedStability: Sendable, Equatable, Codable {
  /// Mean over pairs of the matched mean cosine; undefined with fewer than two dictionaries.
  public let meanCosine: Double?
  /// Mean over pairs of the matched fraction.
  public let matchedFraction: Double?

  /// Matches every pair of dictionaries.
  ///
  /// - Parameters:
  ///   - dictionaries: one a seed, rows × width.
  ///   - threshold: from which cosine on a pair counts as matched.
  /// - Throws: `ShapeError` if the widths differ.
  public init(_ dictionaries: [Matrix], threshold: Double = 0.7) throws(ShapeError) {
    var cosines: [Double] = []
    var fractions: [Double] = []
    for (index, first) in dictionaries.enumerated() {
      for second in dictionaries[(index + 1)...] {
        let matching = try DictionaryMatching(first, second)
        if let value = matching.meanCosine { cosines.append(value) }
        if let value = matching.matchedFraction(threshold: threshold) { fractions.append(value) }
      }
    }
    meanCosine = mean(cosines)
    matchedFraction = mean(fractions)
  }
}

extension Matrix {
  /// Replaces every element.
  mutating func apply(_ change: @Sendable (Float) -> Float) {
    fillRows { _, row in for column in row.indices { row[column] = change(row[column]) } }
  }
}
