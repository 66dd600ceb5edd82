import SAECore
import Synchronization

/// A source of numbered rows in blocks that keeps what it was asked for and told.
final class RecordingActivations: HintedActivations {
  struct Record: Equatable {
    var reads: [Range<Int>] = []
    var prepared: [[Range<Int>]] = []
    var released: [Range<Int>] = []
  }

  let width = 2
  let tokens: Int
  let blocks: RowBlocks
  private let name: String
  private let first: Int
  private let state = Mutex(Record())

  var record: Record { state.withLock { $0 } }

  /// - Parameter first: the number of its first row.
  init(_ name: String = "rows", blocks: RowBlocks, first: Int = 0) {
    self.name = name
    self.blocks = blocks
    self.first = first
    tokens = blocks.rowCount
  }

  func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) {
    state.withLock { $0.reads.append(rows) }
    for index in rows {
      for column in 0..<width {
        matrix[row + index - rows.lowerBound, column] = Float(first + index)
      }
    }
  }

  func prepare(_ ranges: [Range<Int>]) { state.withLock { $0.prepared.append(ranges) } }

  func release(_ rows: Range<Int>) { state.withLock { $0.released.append(rows) } }

  func place(ofRow row: Int, column: Int) -> ElementPlace {
    ElementPlace(name, row: row, column: column)
  }
}
