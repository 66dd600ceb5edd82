public import SAECore

/// The matching of two large dictionaries, from each row's nearest candidates only.
///
/// It is exact on the graph of the candidates, in which a row may also stay alone, at the value 0, and
/// comes with a bound on what a matching of all rows with all rows could reach. Where ``cosineSum`` equals
/// ``cosineSumBound`` it is that matching.
///
/// - Complexity: all cosines are made, a panel at a time; rows × candidates of them are held.
public struct CandidateMatching: Sendable, Equatable, Codable {
  /// Candidates of each row of a.
  public let candidates: Int
  /// Of each row of a, the matched row of b.
  public let matches: [Int?]
  /// The cosine of each pair.
  public let cosines: [Double?]
  /// Sum of the cosines of all pairs.
  public let cosineSum: Double
  /// No one-to-one matching has a larger sum of cosines.
  public let cosineSumBound: Double

  /// Matches two dictionaries.
  ///
  /// - Parameters:
  ///   - a: rows × width.
  ///   - b: rows × width.
  ///   - candidates: how many of the nearest rows of b each row of a may be matched with.
  /// - Returns: nil if a cosine is not finite.
  /// - Throws: `ShapeError` if the widths differ.
  public init?(_ a: Matrix, _ b: Matrix, candidates: Int = 32) throws(ShapeError) {
    precondition(candidates > 0, "\(candidates) candidates match nothing")
    try ShapeError.check("second dictionary", "columns", expected: a.columns, found: b.columns)
    let lists = CandidateMatching.nearest(
      CosinePanels(UnitRows(a), UnitRows(b)), count: min(candidates, b.rows))
    guard lists.allSatisfy({ $0.allSatisfy(\.value.isFinite) }) else { return nil }
    let assignment = CandidateAssignment(maximizing: lists, columns: b.rows)
    self.candidates = candidates
    matches = assignment.columnOfRow.map { $0 < 0 ? nil : $0 }
    cosines = lists.indices.map { row in
      lists[row].first { $0.index == assignment.columnOfRow[row] }?.value
    }
    cosineSum = cosines.reduce(0) { $0 + ($1 ?? 0) }
    // Prices of all columns, and for each row the most that it can gain: over its candidates as
    // solved, over the others at most its last candidate's value.
    let rowGains = lists.indices.map { row in
      lists[row].count < b.rows
        ? max(assignment.gain(row), lists[row].last?.value ?? 0) : assignment.gain(row)
    }
    let ownBest = lists.reduce(0) { $0 + max(0, $1.first?.value ?? 0) }
    cosineSumBound = min(ownBest, rowGains.reduce(0, +) + assignment.prices.reduce(0, +))
  }

  /// Pairs with a cosine of at least `threshold`, divided by the rows of a.
  public func matchedFraction(threshold: Double = 0.7) -> Double? {
    ratio(Double(cosines.count { ($0 ?? -2) >= threshold }), Double(cosines.count))
  }

  /// The largest cosines of each row, falling; of equal ones the first.
  private static func nearest(_ panels: CosinePanels, count: Int) -> [[Best]] {
    var lists = [[Best]](repeating: [], count: panels.count)
    panels.forEach { cosines, firstRow, firstColumn in
      let before = lists
      let scanned = Parallel.map(cosines.rows) { index in
        var list = before[firstRow + index]
        let row = cosines.row(index)
        var least = list.count < count ? -Double.infinity : list[count - 1].value
        for column in row.indices {
          let value = Double(row[column])
          guard !(value <= least) else { continue }
          let place = list.firstIndex { value > $0.value } ?? list.count
          list.insert(Best(value: value, index: firstColumn + column), at: place)
          if list.count > count { list.removeLast() }
          if list.count == count { least = list[count - 1].value }
        }
        return list
      }
      lists.replaceSubrange(firstRow..<firstRow + cosines.rows, with: scanned)
    }
    return lists
  }
}

/// Assignment on a sparse graph, where a row may stay alone at the value 0: shortest augmenting
/// paths with a heap.
struct CandidateAssignment {
  private let lists: [[Best]]
  private(set) var prices: [Double]
  private var rowOfColumn: [Int]
  private(set) var columnOfRow: [Int]

  /// - Precondition: values are finite, indices below `columns`.
  init(maximizing lists: [[Best]], columns: Int) {
    self.lists = lists
    prices = [Double](repeating: 0, count: columns)
    rowOfColumn = [Int](repeating: -1, count: columns)
    columnOfRow = [Int](repeating: -1, count: lists.count)
    var distances = [Double](repeating: .infinity, count: columns)
    var predecessors = [Int](repeating: -1, count: columns)
    for row in lists.indices { augment(from: row, &distances, &predecessors) }
  }

  /// The most that a row can gain: over its candidates at their prices, or alone.
  func gain(_ row: Int) -> Double {
    lists[row].reduce(0) { max($0, $1.value - prices[$1.index]) }
  }

  /// How a cheapest chain of exchanges ends: at a column nobody has, or with a row that stays alone.
  private enum End {
    case column(Int)
    case alone(Int)
  }

  private mutating func augment(
    from start: Int, _ distances: inout [Double], _ predecessors: inout [Int]
  ) {
    var heap = MinimumHeap()
    var touched: [Int] = []
    var closed: [Int] = []
    var row = start
    var reached = 0.0
    // The cheapest way to leave a row of the chain alone.
    var (aloneDistance, aloneRow) = (Double.infinity, start)
    var end: End?
    while end == nil {
      let base = gain(row)
      if reached + base < aloneDistance { (aloneDistance, aloneRow) = (reached + base, row) }
      for candidate in lists[row] {
        let distance = reached + (base - (candidate.value - prices[candidate.index]))
        guard distance < distances[candidate.index] else { continue }
        if distances[candidate.index] == .infinity { touched.append(candidate.index) }
        distances[candidate.index] = distance
        predecessors[candidate.index] = row
        heap.insert(distance, candidate.index)
      }
      while end == nil {
        guard let (distance, column) = heap.popFirst(), distance < aloneDistance else {
          reached = aloneDistance
          end = .alone(aloneRow)
          break
        }
        guard distance == distances[column], !closed.contains(column) else { continue }
        reached = distance
        if rowOfColumn[column] < 0 {
          end = .column(column)
        } else {
          closed.append(column)
          row = rowOfColumn[column]
          break
        }
      }
    }
    for column in closed { prices[column] += reached - distances[column] }
    if let end { exchange(end, start, predecessors) }
    for column in touched { distances[column] = .infinity }
  }

  private mutating func exchange(_ end: End, _ start: Int, _ predecessors: [Int]) {
    var column: Int
    switch end {
    case .column(let free): column = free
    case .alone(let row):
      column = columnOfRow[row]
      columnOfRow[row] = -1
      if row == start { return }
    }
    while true {
      let row = predecessors[column]
      rowOfColumn[column] = row
      swap(&columnOfRow[row], &column)
      if row == start { return }
    }
  }
}

/// Columns by distance.
private struct MinimumHeap {
  private var items: [(distance: Double, column: Int)] = []

  mutating func insert(_ distance: Double, _ column: Int) {
    items.append((distance, column))
    var child = items.count - 1
    while child > 0, items[child].distance < items[(child - 1) / 2].distance {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popFirst() -> (Double, Int)? {
    guard let first = items.first else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return (first.distance, first.column) }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < items.count && items[child].distance < items[least].distance { least = child }
      guard least != parent else { return (first.distance, first.column) }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
