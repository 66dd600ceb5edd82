/// A source that is read on another thread, before its rows are asked for.
///
/// A reader that follows an order, such as ``ShuffledActivations``, says what it will ask for. A slow
/// source, such as a model, then works during a training step. Rows are the same as without reading ahead.
public final class ReadAheadActivations: HintedActivations {
  /// Where the rows come from; only the background task touches it.
  public let source: any ActivationSource
  /// Rows that are read together, at least.
  public let batchTokens: Int
  private let queue = BackgroundQueue("activations")
  private let batches = Guarded<[Batch]>([])

  public var width: Int { source.width }
  public var tokens: Int { source.tokens }
  public var blocks: RowBlocks { source.blocks }

  /// Rows that are being read together, or wait to be taken.
  private struct Batch: Sendable {
    /// Where ranges that were not taken yet begin in the matrix.
    var places: [Range<Int>: Int]
    let task: BackgroundTask<Matrix>
  }

  /// Batches on their way at a time: one that is read while rows of the other are taken.
  private static let batchesAhead = 2

  /// - Parameters:
  ///   - batchTokens: how many rows are read together; what is ahead takes the memory of twice as
  ///     many.
  ///   - source: where rows come from.
  public init(_ source: any ActivationSource, batchTokens: Int) {
    self.source = source
    self.batchTokens = max(1, batchTokens)
  }

  public func prepare(_ ranges: [Range<Int>]) {
    batches.withLock { batches in
      let wanted = Set(ranges)
      // What somebody was going to read and never did.
      for index in batches.indices {
        batches[index].places = batches[index].places.filter { wanted.contains($0.key) }
      }
      batches.removeAll { $0.places.isEmpty }
      let begun = Set(batches.flatMap(\.places.keys))
      var rest = ranges.filter { !begun.contains($0) && !$0.isEmpty }[...]
      while batches.count < ReadAheadActivations.batchesAhead, !rest.isEmpty {
        var places: [Range<Int>: Int] = [:]
        var order: [Range<Int>] = []
        var rows = 0
        while rows < batchTokens, let range = rest.popFirst() {
          guard places.updateValue(rows, forKey: range) == nil else { continue }
          order.append(range)
          rows += range.count
        }
        let task = queue.begin { [source, order] in
          let rows = try source.matrix(rows: order)
          for range in order { source.release(range) }
          return rows
        }
        batches.append(Batch(places: places, task: task))
      }
    }
  }

  public func release(_ rows: Range<Int>) { source.release(rows) }

  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    source.place(ofRow: row, column: column)
  }

  public func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    let found: (task: BackgroundTask<Matrix>, place: Int)? = batches.withLock { batches in
      for index in batches.indices {
        if let place = batches[index].places.removeValue(forKey: rows) {
          return (batches[index].task, place)
        }
      }
      return nil
    }
    guard let found else { return try source.read(rows, into: &matrix, at: row) }
    let read = try found.task.value()
    matrix.copyRows(found.place..<found.place + rows.count, of: read, to: row)
  }
}
