/// How the rows of a source are cut into blocks: rows that cost no more together than one of them, such
/// as those of a sequence that a model runs. Blocks follow one another and cover all rows.
public struct RowBlocks: Sendable, Equatable, RandomAccessCollection {
  private enum Cuts: Sendable, Equatable {
    case every(Int, of: Int)
    /// Ascending.
    case at([Int])
  }

  private let cuts: Cuts

  /// Blocks of equal size; the last one may be shorter.
  ///
  /// - Precondition: a block has a row, and `rows` is not negative.
  public init(of size: Int, rows: Int) {
    precondition(size > 0 && rows >= 0, "cannot cut \(rows) rows into blocks of \(size)")
    cuts = .every(size, of: rows)
  }

  /// Blocks that end before given rows, of which the last is the number of rows.
  ///
  /// - Precondition: the ends ascend from above 0.
  public init(ends: [Int]) {
    precondition(
      zip([0] + ends, ends).allSatisfy { $0 < $1 }, "the ends of blocks do not ascend from above 0")
    cuts = .at(ends)
  }

  public var startIndex: Int { 0 }

  public var endIndex: Int {
    switch cuts {
    case .every(let size, let rows): rows / size + (rows % size == 0 ? 0 : 1)
    case .at(let ends): ends.count
    }
  }

  /// The rows of a block.
  public subscript(index: Int) -> Range<Int> {
    switch cuts {
    case .every(let size, let rows):
      let first = index * size
      return first..<Swift.min(rows - first, size) + first
    case .at(let ends): return (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }
  }

  /// All rows.
  public var rowCount: Int {
    switch cuts {
    case .every(_, let rows): rows
    case .at(let ends): ends.last ?? 0
    }
  }

  /// The size of all blocks but the last; nil where they differ.
  public var size: Int? { if case .every(let size, _) = cuts { size } else { nil } }

  /// The rows of the largest block; 0 if there is none.
  public var largest: Int {
    switch cuts {
    case .every(let size, let rows): Swift.min(size, rows)
    case .at: reduce(0) { Swift.max($0, $1.count) }
    }
  }

  /// Neighbors put together, as many as have at most so many rows; one that has more stays alone.
  public func joined(upTo rows: Int) -> RowBlocks {
    switch cuts {
    case .every(let size, let all):
      return RowBlocks(of: Swift.max(1, rows / size) * size, rows: all)
    case .at(let ends):
      var joined: [Int] = []
      var begin = 0
      for (index, end) in ends.enumerated() {
        let next = index + 1 < ends.count ? ends[index + 1] : Int.max
        if next - begin > rows {
          joined.append(end)
          begin = end
        }
      }
      return RowBlocks(ends: joined)
    }
  }

  /// The blocks of some rows, cut where they begin and end.
  public func within(_ range: Range<Int>) -> [Range<Int>] {
    guard !range.isEmpty else { return [] }
    var ranges: [Range<Int>] = []
    var index = block(of: range.lowerBound)
    while index < endIndex, self[index].lowerBound < range.upperBound {
      ranges.append(self[index].clamped(to: range))
      index += 1
    }
    return ranges
  }

  /// The index of the block that a row lies in.
  private func block(of row: Int) -> Int {
    switch cuts {
    case .every(let size, _): return row / size
    case .at(let ends):
      var (low, high) = (0, ends.count)
      while low < high {
        let middle = (low + high) / 2
        if ends[middle] <= row { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// The blocks of several sources, one after another.
  ///
  /// Where the rows of one source each cost the same and those of another do not, the former gets blocks of
  /// 256.
  static func concatenating(_ parts: [RowBlocks]) -> RowBlocks {
    let parts = parts.filter { $0.rowCount > 0 }
    let rows = parts.reduce(0) { $0 + $1.rowCount }
    if let size = parts.first?.size, parts.allSatisfy({ $0.size == size }),
      parts.dropLast().allSatisfy({ $0.rowCount % size == 0 })
    {
      return RowBlocks(of: size, rows: rows)
    }
    var ends: [Int] = []
    var begin = 0
    for part in parts {
      ends += (part.size == 1 ? part.joined(upTo: 256) : part).map { begin + $0.upperBound }
      begin += part.rowCount
    }
    return ends.isEmpty ? RowBlocks(of: 1, rows: 0) : RowBlocks(ends: ends)
  }

  /// The blocks of what is left where rows are taken out.
  ///
  /// - Parameter ranges: the rows that stay, ascending or not.
  func selecting(_ ranges: [Range<Int>]) -> RowBlocks {
    let rows = ranges.reduce(0) { $0 + $1.count }
    guard size != 1 else { return RowBlocks(of: 1, rows: rows) }
    var ends: [Int] = []
    var last: Int?
    var end = 0
    for range in ranges {
      for part in within(range) {
        let block = block(of: part.lowerBound)
        end += part.count
        // Rows of one block stay together over a gap.
        if block == last { ends[ends.count - 1] = end } else { ends.append(end) }
        last = block
      }
    }
    return ends.isEmpty ? RowBlocks(of: 1, rows: 0) : RowBlocks(ends: ends)
  }
}
