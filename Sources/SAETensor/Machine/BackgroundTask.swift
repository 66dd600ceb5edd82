import Dispatch

/// Work for one thread that goes on beside the caller's, piece by piece in order.
package final class BackgroundQueue: Sendable {
  private let queue: DispatchQueue

  package init(_ label: String) { queue = DispatchQueue(label: label) }

  /// Begins a piece when those before it are done.
  package func begin<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) -> BackgroundTask<Value> {
    let task = BackgroundTask<Value>()
    let threads = Threads.count
    queue.async { task.finish(Result { try Threads.withCount(threads, body) }) }
    return task
  }
}

/// A value that another thread is computing.
package final class BackgroundTask<Value: Sendable>: Sendable {
  private let result = Guarded<Result<Value, any Error>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  fileprivate init() {}

  fileprivate func finish(_ value: sending Result<Value, any Error>) {
    result.withLock { $0 = value }
    isDone.signal()
  }

  /// Waits for the value.
  ///
  /// - Throws: the error of the work.
  package func value() throws -> Value {
    isDone.wait()
    // For the next caller.
    isDone.signal()
    guard let result = result.withLock({ $0 }) else {
      preconditionFailure("a task was done without a result")
    }
    return try result.get()
  }
}
