import ArgumentParser
import SAECore

/// A product to be measured: C = A · B with A m × k and B k × n.
struct GEMMSubject {
  let m: Int
  let n: Int
  let k: Int
  private let a: Matrix
  private let b: Matrix
  private var c: Matrix

  static let shapes = [
    (4096, 16384, 768), (4096, 768, 16384), (2048, 8192, 384), (2048, 2048, 2048),
  ]

  init(m: Int, n: Int, k: Int) {
    (self.m, self.n, self.k) = (m, n, k)
    a = benchmarkMatrix(m, k)
    b = benchmarkMatrix(k, n)
    c = Matrix(rows: m, columns: n)
  }

  var operations: Double { 2 * Double(m) * Double(n) * Double(k) }

  mutating func measure(threads: Int) -> Double {
    Threads.withCount(threads) { seconds { c.setProduct(a.view, b.view) } }
  }
}

/// Numbers between −1 and 1 without a pattern that a kernel could profit from.
func benchmarkMatrix(_ rows: Int, _ columns: Int) -> Matrix {
  var state: UInt32 = 12345
  return Matrix(rows: rows, columns: columns) { _, _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return Float(state >> 8) / Float(1 << 23) - 1
  }
}

/// A product so small that the cost of a call shows, beside three loops over plain arrays.
struct SmallProduct {
  let size: Int

  func measure(rounds: Int) -> (ours: Double, loops: Double) {
    let a = benchmarkMatrix(size, size)
    let b = benchmarkMatrix(size, size)
    var c = Matrix(rows: size, columns: size)
    let (x, y) = (a.array, b.array)
    var z = [Float](repeating: 0, count: size * size)
    let calls = 2000
    var ours: [Double] = []
    var loops: [Double] = []
    for _ in 0...rounds {
      ours.append(seconds { for _ in 0..<calls { c.setProduct(a.view, b.view) } } / Double(calls))
      loops.append(
        seconds { for _ in 0..<calls { multiplyByLoops(x, y, into: &z, size) } } / Double(calls))
    }
    return (median(ours), median(loops))
  }
}

/// C = A · B by three loops, the innermost along rows.
func multiplyByLoops(_ a: [Float], _ b: [Float], into c: inout [Float], _ size: Int) {
  for i in 0..<size {
    for j in 0..<size { c[i * size + j] = 0 }
    for p in 0..<size {
      let factor = a[i * size + p]
      for j in 0..<size { c[i * size + j] += factor * b[p * size + j] }
    }
  }
}

struct GEMMCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm", abstract: "The matrix product, against the peak of a register-only loop.")

  @Option(help: "Rounds; the median counts.") var rounds = 7
  @Option(help: "Numbers of threads, separated by commas.") var threads = "1,2"

  func run() throws {
    let counts = threads.split(separator: ",").compactMap { Int($0) }
    guard !counts.isEmpty, counts.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--threads: expected positive numbers such as 1,2, found \(threads)")
    }
    var rows = [["m × n × k", "threads", "GFLOP/s", "peak", "of peak"]]
    for (m, n, k) in GEMMSubject.shapes {
      var subject = GEMMSubject(m: m, n: n, k: k)
      var times = [[Double]](repeating: [], count: counts.count)
      var peaks = times
      for round in -1..<rounds {
        for (index, count) in counts.enumerated() {
          let time = subject.measure(threads: count)
          let peak = peakGFLOPS(threads: count)
          if round >= 0 {
            times[index].append(time)
            peaks[index].append(peak)
          }
        }
      }
      for (index, count) in counts.enumerated() {
        let rate = subject.operations / median(times[index]) / 1e9
        let peak = median(peaks[index])
        rows.append([
          "\(m) × \(n) × \(k)", "\(count)", short(rate), short(peak),
          "\(short(100 * rate / peak))%",
        ])
      }
    }
    print("kernels: \(kernelName)")
    printTable(rows)
    let small = SmallProduct(size: 64).measure(rounds: rounds)
    print(
      "64 × 64 × 64: \(short(small.ours * 1e6)) µs a call, three loops \(short(small.loops * 1e6)) µs"
    )
  }
}
