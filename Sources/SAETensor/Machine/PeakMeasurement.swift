import SAEKernels

/// Measures the rate of fused multiply-adds on registers alone, which bounds every dense product.
///
/// - Parameters:
///   - threads: how many threads run the loop at the same time.
///   - steps: of the loop on each thread.
/// - Returns: floating-point operations of all threads together, and the seconds they took.
public func measureFMAPeak(threads: Int, steps: Int) -> (operations: Double, seconds: Double) {
  let table = Kernels.table
  let sink = Guarded<Float>(0)
  let clock = ContinuousClock()
  let start = clock.now
  Threads.withCount(threads) {
    Parallel.forEach(threads) { _ in
      let sum = table.peak(steps, 1)
      sink.withLock { $0 += sum }
    }
  }
  let elapsed = clock.now - start
  let seconds =
    Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
  let operations = 2 * Double(table.peakWidth) * Double(steps) * Double(threads)
  return (operations, sink.withLock { $0.isNaN ? .nan : seconds })
}
