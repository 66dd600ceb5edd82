import ArgumentParser
import Foundation
import SAECore

/// Streaming activations from files: what training waits for, and what stays in memory.
struct StreamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract:
      "The share of training time spent waiting for files, and memory while they stream by.",
    discussion: """
      Files are written into a temporary folder and removed. Those that are trained on are warm: they \
      have just been written. Those that are streamed for memory's sake are sparse: they have a length \
      and no blocks on the disk.
      """)

  @Option var width = 768
  @Option var latents = 16384
  @Option var k = 64
  @Option var batch = 4096
  @Option(help: "Steps of training that are timed.") var steps = 40
  @Option(help: "Rows that wait to be drawn, at most.") var buffer = 1 << 16
  @Option(help: "Gigabytes (10⁹) of float16 shards that are streamed for memory's sake.")
  var gigabytes = 20.0
  @Option(help: "Where files are written.")
  var folder = NSTemporaryDirectory()

  func run() throws {
    let path = folder + "/sae-stream-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    // Memory first: the peak is that of the process.
    if gigabytes > 0 { printTable(try streamed(path)) }
    if gigabytes > 0, steps > 0 { print("") }
    if steps > 0 { printTable(try trained(path)) }
  }

  /// One epoch of sparse shards, drawn and dropped.
  private func streamed(_ path: String) throws -> [[String]] {
    let rowsPerShard = 1_000_000_000 / (2 * width)
    let shards = Int((gigabytes * 1e9 / Double(2 * width * rowsPerShard)).rounded(.up))
    for shard in 0..<shards {
      try writeSparseShard("\(path)/\(shard + 1000).safetensors", rows: rowsPerShard, width: width)
    }
    let source = try ActivationFiles(path)
    let before = peakResidentBytes()
    var batches = try ReadAheadBatches(
      ShuffledActivations(source, seed: 1, bufferTokens: buffer), batchTokens: batch)
    let count = source.tokens / batch
    let time = try seconds {
      for index in 0..<count { _ = try batches.next(readsAhead: index + 1 < count) }
    }
    let bytes = Double(source.tokens) * Double(2 * width)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return [
      ["streamed GB", "GB/s", "buffer MB", "batch MB", "peak MB", "of that before MB"],
      [
        short(bytes / 1e9), short(bytes / 1e9 / time), "\((buffer * width * 4) >> 20)",
        "\((batch * width * 4) >> 20)", "\(peakResidentBytes() >> 20)", "\(before >> 20)",
      ],
    ]
  }

  /// Training on warm shards of several types, with and without reading ahead.
  private func trained(_ path: String) throws -> [[String]] {
    for (index, type) in [ElementType.f16, .f32, .bf16].enumerated() {
      let rows = benchmarkActivations(tokens: buffer / 2, width: width, seed: UInt64(index + 1))
      var writer = try SafetensorsWriter(
        "\(path)/\(index).safetensors", [TensorDeclaration("x", type, [rows.rows, width])])
      try writer.append(rows, to: "x")
      try writer.finish()
    }
    let source = try ActivationFiles(path)
    var table = [["reading", "tokens/s", "waiting ms per step", "of the time %"]]
    for readsAhead in [false, true] {
      var batches = try ReadAheadBatches(
        ShuffledActivations(source, seed: 1, bufferTokens: buffer), batchTokens: batch)
      var generator = RandomGenerator(seed: 1)
      let parameters = try WeightInitialization.saeLens.parameters(
        inputDimension: width, latentCount: latents, using: &generator)
      var trainer = Trainer(
        try TopKAutoencoder(parameters: parameters, configuration: TopKConfiguration(k: k)),
        schedule: try .constant(1e-4),
        deadLatents: DeadLatents(latentCount: latents, rule: .tokensIncludingBatch(10_000_000)))
      // The first batch fills the buffer.
      _ = try trainer.train(on: batches.next(readsAhead: readsAhead))
      var waiting = 0.0
      let total = try seconds {
        for _ in 0..<steps {
          var next: Matrix?
          waiting += try seconds { next = try batches.next(readsAhead: readsAhead) }
          if let next { _ = try trainer.train(on: next) }
        }
      }
      table.append([
        readsAhead ? "ahead" : "between steps", short(Double(steps * batch) / total),
        short(waiting / Double(steps) * 1e3), short(100 * waiting / total),
      ])
    }
    return table
  }
}

/// A safetensors file of float16 zeros without blocks on the disk.
private func writeSparseShard(_ path: String, rows: Int, width: Int) throws {
  let bytes = 2 * rows * width
  var header =
    "{\"x\":{\"dtype\":\"F16\",\"shape\":[\(rows),\(width)],\"data_offsets\":[0,\(bytes)]}}"
  header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
  let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
  try (length + Data(header.utf8)).write(to: URL(fileURLWithPath: path))
  let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  try handle.truncate(atOffset: UInt64(8 + header.utf8.count + bytes))
  try handle.close()
}
