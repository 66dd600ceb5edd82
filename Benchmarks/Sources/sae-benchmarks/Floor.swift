import SAECore

/// GFLOP/s of a loop of fused multiply-adds on registers alone, on `threads` threads.
func peakGFLOPS(threads: Int) -> Double {
  let operations = measureFMAPeak(threads: threads, steps: 400_000)
  return operations.operations / operations.seconds / 1e9
}

/// The least time that a training step can take here: one dense encoder product at the FMA peak, and
/// the bytes of the optimizer (parameters and moments read and written, gradients read) at the
/// bandwidth of memory.
func stepFloor(width: Int, latents: Int, batch: Int, threads: Int) -> Double {
  let product =
    2 * Double(batch) * Double(latents) * Double(width) / (peakGFLOPS(threads: threads) * 1e9)
  let parameters = Double(2 * latents * width)
  return product + parameters * 4 * 7 / memoryBandwidth(threads: threads)
}

/// Bytes a second of adding one array to another, both larger than the caches.
func memoryBandwidth(threads: Int) -> Double {
  var target = Matrix(rows: 4096, columns: 8192)
  let source = Matrix(rows: 4096, columns: 8192, repeating: 1)
  return Threads.withCount(threads) {
    let time = median((0..<3).map { _ in seconds { target.add(source) } })
    return Double(target.count) * 4 * 3 / time
  }
}
