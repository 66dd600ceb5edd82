public import SAECore

/// How near the rows of one dictionary come to those of another, by cosine; a row of zeros has the
/// cosine 0 with everything.
///
/// Nothing here is one to one: see ``DictionaryMatching``.
///
/// - Complexity: O(rows · rows · width) time; cosines are made a panel at a time.
public struct DictionarySimilarity: Sendable, Equatable, Codable {
  /// Of each row of a, the largest cosine with a row of b; undefined if b has none.
  public let maximumCosines: [Double?]
  /// Of each row of b, the largest cosine with a row of a.
  public let reverseMaximumCosines: [Double?]
  /// Of each row of a, the row of b with the largest |cosine|; the first of equal ones.
  public let nearestRows: [Int?]

  /// Compares two dictionaries.
  ///
  /// - Parameters:
  ///   - a: rows × width.
  ///   - b: rows × width.
  /// - Throws: `ShapeError` if the widths differ.
  public init(_ a: Matrix, _ b: Matrix) throws(ShapeError) {
    try ShapeError.check("second dictionary", "columns", expected: a.columns, found: b.columns)
    let panels = CosinePanels(UnitRows(a), UnitRows(b))
    var rows = [(Best, Best)](repeating: (Best(), Best()), count: a.rows)
    var columns = [Best](repeating: Best(), count: b.rows)
    panels.forEach { cosines, firstRow, firstColumn in
      let before = (rows, columns)
      let scannedRows = Parallel.map(cosines.rows) { index in
        var (best, absolute) = before.0[firstRow + index]
        let row = cosines.row(index)
        for column in row.indices {
          let cosine = Double(row[column])
          best.offer(cosine, firstColumn + column)
          absolute.offer(abs(cosine), firstColumn + column)
        }
        return (best, absolute)
      }
      rows.replaceSubrange(firstRow..<firstRow + cosines.rows, with: scannedRows)
      let strip = 64
      let scannedColumns = Parallel.map((cosines.columns + strip - 1) / strip) { index in
        let range = index * strip..<min((index + 1) * strip, cosines.columns)
        var best = Array(before.1[firstColumn + range.lowerBound..<firstColumn + range.upperBound])
        for row in 0..<cosines.rows {
          let values = cosines.row(row)
          for (place, column) in range.enumerated() {
            best[place].offer(Double(values[column]), firstRow + row)
          }
        }
        return best
      }
      columns.replaceSubrange(
        firstColumn..<firstColumn + cosines.columns, with: scannedColumns.joined())
    }
    maximumCosines = rows.map { b.rows > 0 ? $0.0.value : nil }
    reverseMaximumCosines = columns.map { a.rows > 0 ? $0.value : nil }
    nearestRows = rows.map { $0.1.index < 0 ? nil : $0.1.index }
  }

  /// Mean over the rows of a of the largest cosine: of learned rows against true features a
  /// precision, the other way round a recall.
  public var meanMaximumCosine: Double? { mean(maximumCosines.compactMap { $0 }) }

  /// Mean over the rows of b of the largest cosine.
  public var reverseMeanMaximumCosine: Double? { mean(reverseMaximumCosines.compactMap { $0 }) }

  /// Share of the rows of a with a row of b at a cosine of at least `threshold`.
  public func reachableFraction(threshold: Double = 0.7) -> Double? {
    ratio(
      Double(maximumCosines.count { ($0 ?? -2) >= threshold }), Double(maximumCosines.count))
  }

  /// Different rows of b that are nearest to a row of a, by |cosine|, divided by the rows of a
  /// (SAELens).
  package var uniqueness: Double? {
    ratio(Double(Set(nearestRows.compactMap { $0 }).count), Double(nearestRows.count))
  }
}
