import SAECore

/// One-to-one assignment of rows to columns with the largest sum of values.
///
/// Shortest augmenting paths over reduced costs in double, after an auction-like start in which
/// each row in turn takes its best column at the price of its second best. Rows are not more than
/// columns; a column without a row keeps the price 0, which makes the result optimal for
/// rectangular matrices as well.
///
/// Source: Jonker and Volgenant 1987, Computing 38, 325–340; Crouse 2016, IEEE Transactions on
/// Aerospace and Electronic Systems 52, 1679–1696, for rectangular matrices.
struct Assignment {
  /// Values, rows × columns.
  private let values: Matrix
  /// v: what each column costs beyond its value; never below 0.
  private var prices: [Double]
  private var rowOfColumn: [Int]
  private(set) var columnOfRow: [Int]

  /// - Precondition: rows are not more than columns, and all values are finite.
  /// - Complexity: O(rows² · columns) at worst.
  init(maximizing values: Matrix) {
    precondition(values.rows <= values.columns, "\(values.shape): more rows than columns")
    self.values = values
    prices = [Double](repeating: 0, count: values.columns)
    rowOfColumn = [Int](repeating: -1, count: values.columns)
    columnOfRow = [Int](repeating: -1, count: values.rows)
    let free = bid()
    var search = PathSearch(columns: values.columns)
    for row in free { augment(from: row, &search) }
  }

  /// Σ of the values of assigned pairs.
  var total: Double {
    columnOfRow.indices.reduce(0) { $0 + Double(values[$1, columnOfRow[$1]]) }
  }

  /// The start; returns the rows that it left free.
  private mutating func bid() -> [Int] {
    var free = Array((0..<values.rows).reversed())
    var left: [Int] = []
    // Most rows find their column at once; where many want one, prices rise in small steps.
    var bids = 8 * values.rows
    while let row = free.popLast() {
      guard bids > 0 else {
        left.append(row)
        continue
      }
      bids -= 1
      let (best, second, column, otherColumn) = twoBest(row)
      var taken = column
      if best > second {
        prices[column] += best - second
      } else if rowOfColumn[column] >= 0, otherColumn >= 0, rowOfColumn[otherColumn] < 0 {
        taken = otherColumn
      }
      let former = rowOfColumn[taken]
      if former >= 0 {
        columnOfRow[former] = -1
        // A tie would be handed to and fro.
        if best > second { free.append(former) } else { left.append(former) }
      }
      rowOfColumn[taken] = row
      columnOfRow[row] = taken
    }
    return left
  }

  /// The largest and second largest value less price of a row, and where.
  private func twoBest(_ row: Int) -> (Double, Double, Int, Int) {
    let values = self.values.row(row)
    var (best, second) = (-Double.infinity, -Double.infinity)
    var (column, otherColumn) = (-1, -1)
    for index in values.indices {
      let gain = Double(values[index]) - prices[index]
      if gain > second {
        if gain > best {
          (second, otherColumn) = (best, column)
          (best, column) = (gain, index)
        } else {
          (second, otherColumn) = (gain, index)
        }
      }
    }
    // Without a second column there is nothing to outbid.
    return (best, otherColumn < 0 ? best : second, column, otherColumn)
  }

  /// Working memory of the search for a path.
  private struct PathSearch {
    var distances: [Double]
    var predecessors: [Int]
    /// Columns not yet reached for good, those that are, in that order.
    var open: [Int]
    var closed: [Int] = []

    init(columns: Int) {
      distances = [Double](repeating: 0, count: columns)
      predecessors = [Int](repeating: 0, count: columns)
      open = Array(0..<columns)
    }
  }

  /// Finds the cheapest chain of exchanges that gives a row a column, and makes it (Dijkstra).
  private mutating func augment(from start: Int, _ search: inout PathSearch) {
    let columns = values.columns
    search.closed.removeAll(keepingCapacity: true)
    search.open.removeAll(keepingCapacity: true)
    search.open.append(contentsOf: 0..<columns)
    for column in 0..<columns { search.distances[column] = .infinity }
    var row = start
    var reached = 0.0
    var end = -1
    while end < 0 {
      let (distance, position) = relax(row, reached, &search)
      reached = distance
      let column = search.open[position]
      search.open.swapAt(position, search.open.count - 1)
      search.open.removeLast()
      if rowOfColumn[column] < 0 {
        end = column
      } else {
        search.closed.append(column)
        row = rowOfColumn[column]
      }
    }
    for column in search.closed { prices[column] += reached - search.distances[column] }
    var column = end
    while true {
      let row = search.predecessors[column]
      rowOfColumn[column] = row
      swap(&columnOfRow[row], &column)
      if row == start { return }
    }
  }

  /// Distances by way of a row that is `reached` away; returns the smallest among open columns.
  private func relax(
    _ row: Int, _ reached: Double, _ search: inout PathSearch
  ) -> (Double, Int) {
    let values = self.values.row(row)
    let own = columnOfRow[row]
    // The row's own column, if it has one, is at distance `reached`.
    let base = own < 0 ? bestGain(values) : Double(values[own]) - prices[own]
    var (smallest, place) = (Double.infinity, 0)
    var isFree = false
    for position in search.open.indices {
      let column = search.open[position]
      let distance = reached + (base - (Double(values[column]) - prices[column]))
      if distance < search.distances[column] {
        search.distances[column] = distance
        search.predecessors[column] = row
      }
      let shortest = search.distances[column]
      // Among equal ones a free column ends the search.
      if shortest < smallest || (shortest == smallest && !isFree && rowOfColumn[column] < 0) {
        smallest = shortest
        place = position
        isFree = rowOfColumn[column] < 0
      }
    }
    return (smallest, place)
  }

  private func bestGain(_ values: Span<Float>) -> Double {
    var best = -Double.infinity
    for column in values.indices { best = max(best, Double(values[column]) - prices[column]) }
    return best
  }
}
