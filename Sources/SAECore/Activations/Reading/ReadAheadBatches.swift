import Synchronization

/// Shuffled batches of one size, the next of which is drawn on another thread while the caller works
/// on the last.
///
/// Rows, their order and ``position`` are those of ``ShuffledActivations``: what has been drawn ahead
/// does not count until it is asked for.
public struct ReadAheadBatches: Sendable {
  /// What is read.
  public let source: any ActivationSource
  /// Tokens of a batch.
  public let batchTokens: Int
  /// After the last batch that was taken.
  public private(set) var position: ShuffledActivations.Position

  private var reader: Reader
  /// Batches that this value has taken from its reader.
  private var taken = 0

  /// Batches of a reading, from where it stands.
  ///
  /// - Throws: ``OptionError`` if a batch has no tokens.
  public init(_ stream: ShuffledActivations, batchTokens: Int) throws(OptionError) {
    try OptionError.check("batchTokens", batchTokens, in: 1...Int.max)
    source = stream.source
    self.batchTokens = batchTokens
    position = stream.position
    reader = Reader(stream, batchTokens: batchTokens)
  }

  /// The next batch.
  ///
  /// - Parameter readsAhead: whether the one after it will be wanted.
  /// - Throws: what keeps rows from being read; the position is then as it was.
  public mutating func next(readsAhead: Bool = true) throws -> Matrix {
    do {
      let drawn = try reader.next(after: taken, readsAhead: readsAhead) ?? restart(readsAhead)
      taken += 1
      position = drawn.position
      return drawn.batch
    } catch {
      // Some rows of the batch may have been drawn before it failed: the reader is of no use.
      taken = Reader.never
      throw error
    }
  }

  /// Goes on with a reader of its own: a copy of this value has taken what would be next here.
  private mutating func restart(_ readsAhead: Bool) throws -> Reader.Drawn {
    reader = Reader(try ShuffledActivations(source, from: position), batchTokens: batchTokens)
    taken = 0
    return try reader.next(readsAhead: readsAhead)
  }
}

/// Draws batches on a thread of its own.
private final class Reader: Sendable {
  struct Drawn: Sendable {
    let batch: Matrix
    /// After it.
    let position: ShuffledActivations.Position
  }

  private struct State: Sendable {
    var given = 0
    var ahead: BackgroundTask<Drawn>?
  }

  private let batchTokens: Int
  private let stream: Mutex<ShuffledActivations>
  private let state = Mutex(State())
  private let queue = BackgroundQueue("batches")

  init(_ stream: ShuffledActivations, batchTokens: Int) {
    self.batchTokens = batchTokens
    self.stream = Mutex(stream)
  }

  /// A number of batches that are never given.
  static let never = -1

  /// The next batch; nil unless so many have been given before.
  func next(after count: Int, readsAhead: Bool) throws -> Drawn? {
    let task: BackgroundTask<Drawn>? = state.withLock { state in
      guard state.given == count else { return nil }
      return take(&state)
    }
    guard let task else { return nil }
    return try value(of: task, readsAhead)
  }

  /// The next batch, whatever has been given.
  func next(readsAhead: Bool) throws -> Drawn {
    try value(of: state.withLock { take(&$0) }, readsAhead)
  }

  private func take(_ state: inout State) -> BackgroundTask<Drawn> {
    defer { state.ahead = nil }
    state.given += 1
    return state.ahead ?? draw()
  }

  private func value(of task: BackgroundTask<Drawn>, _ readsAhead: Bool) throws -> Drawn {
    let drawn = try task.value()
    if readsAhead { state.withLock { $0.ahead = $0.ahead ?? draw() } }
    return drawn
  }

  private func draw() -> BackgroundTask<Drawn> {
    queue.begin { [self] in
      try stream.withLock { stream in
        let batch = try stream.next(batchTokens)
        return Drawn(batch: batch, position: stream.position)
      }
    }
  }
}
