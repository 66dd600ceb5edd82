import Synchronization

/// A value that one thread at a time can reach.
///
/// A `Mutex`, whose locking the thread sanitizer does not see, as it happens inside the toolchain's
/// library. A build with `SAE_THREAD_SANITIZER` says it once more with an atomic, which it sees.
package struct Guarded<Value>: ~Copyable, Sendable {
  private let mutex: Mutex<Value>
  #if SAE_THREAD_SANITIZER
    private let order = Atomic<Int>(0)
  #endif

  package init(_ value: sending Value) { mutex = Mutex(value) }

  package func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    #if SAE_THREAD_SANITIZER
      return try mutex.withLock { (value) throws(Failure) in
        _ = order.load(ordering: .acquiring)
        defer { order.store(0, ordering: .releasing) }
        return try body(&value)
      }
    #else
      return try mutex.withLock(body)
    #endif
  }
}
