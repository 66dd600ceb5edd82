import Foundation
import SAECore
import SAETestSupport
import Testing

@Suite struct ActivationFilesTests {
  /// Row i of all shards together holds small whole numbers that say i, exact in every type.
  static func rows(_ range: Range<Int>) -> Matrix {
    Matrix(rows: range.count, columns: 3) { row, column in
      Float((range.lowerBound + row) >> (7 * column) & 127)
    }
  }

  static func write(_ path: String, _ rows: Matrix, _ type: ElementType) throws {
    if path.hasSuffix(".npy") {
      var writer = try NpyWriter(path, TensorDeclaration("array", type, [rows.rows, 3]))
      try append(rows, type, "array", &writer)
      try writer.finish()
    } else {
      var writer = try SafetensorsWriter(path, [TensorDeclaration("x", type, [rows.rows, 3])])
      try append(rows, type, "x", &writer)
      try writer.finish()
    }
  }

  static func append<Writer: TensorWriter & ~Copyable>(
    _ rows: Matrix, _ type: ElementType, _ name: String, _ writer: inout Writer
  ) throws {
    if type == .f64 {
      try writer.append(rows.array.map { Double($0) }, to: name)
    } else {
      try writer.append(rows, to: name)
    }
  }

  /// Shards of all types, formats and lengths, in folders and alone, are one stream.
  @Test func shardsOfAllKindsAreOneStream() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.file("shards")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let lengths: [(name: String, rows: Int, type: ElementType)] = [
      ("shards/00.safetensors", 70, .f16), ("shards/01.npy", 1, .f32),
      ("shards/02.safetensors", 200, .bf16), ("shards/03.npy", 33, .f64),
      ("shards/04.safetensors", 5, .f64), ("last.npy", 90, .f16),
    ]
    var total = 0
    for shard in lengths {
      let rows = Self.rows(total..<total + shard.rows)
      try Self.write(scratch.file(shard.name), rows, shard.type)
      total += shard.rows
    }
    try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(folder)/notes.json"))
    try Data().write(to: URL(fileURLWithPath: "\(folder)/.hidden.npy"))
    let source = try ActivationFiles([folder, scratch.file("last.npy")])
    #expect(source.tokens == total && source.width == 3)
    let all = Self.rows(0..<total)
    #expect(try source.matrix(rows: 0..<total) == all)
    // Every row once an epoch, whatever has been released in between.
    var stream = try ShuffledActivations(source, seed: 1, bufferTokens: 64, blockTokens: 10)
    for _ in 0..<2 {
      let epoch = try stream.next(total)
      let order = (0..<total).map {
        Int(epoch[$0, 0]) + Int(epoch[$0, 1]) << 7 + Int(epoch[$0, 2]) << 14
      }
      #expect(order.sorted() == Array(0..<total))
    }
  }

  /// Bytes of a mapped file that count as this process's memory; nil where the system does not say.
  static func residentBytes(_ path: String) -> Int? {
    // A file that says it has no bytes, and has to be read to its end.
    guard let handle = FileHandle(forReadingAtPath: "/proc/self/smaps"),
      let data = try? handle.readToEnd()
    else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    var (isOurs, kilobytes) = (false, 0)
    for line in text.split(separator: "\n") {
      if line.contains("-"), line.contains(" r") { isOurs = line.hasSuffix(path) }
      if isOurs, line.hasPrefix("Rss:") {
        kilobytes += line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      }
    }
    return kilobytes << 10
  }

  /// What has been streamed through does not stay in memory, in either order of elements.
  @Test(
    .enabled(
      if: FileManager.default.isReadableFile(atPath: "/proc/self/smaps"),
      "the system does not tell a mapping's resident memory"),
    arguments: ["rows.safetensors", "columns.npy"])
  func whatHasBeenReadIsGivenBack(_ name: String) throws {
    let scratch = try ScratchFolder()
    let path = scratch.file(name)
    let (rows, width) = (40_000, 64)
    let isColumnMajor = name.hasSuffix(".npy")
    let text =
      isColumnMajor
      ? "{'descr': '<f2', 'fortran_order': True, 'shape': (\(rows), \(width)), }"
      : "{\"x\":{\"dtype\":\"F16\",\"shape\":[\(rows),\(width)],\"data_offsets\":"
        + "[0,\(rows * width * 2)]}}"
    let length = isColumnMajor ? 118 : text.utf8.count
    let padded = text.utf8 + [UInt8](repeating: 32, count: length - text.utf8.count)
    let prefix: [UInt8] =
      isColumnMajor
      ? [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length), 0]
      : [UInt8(length), 0, 0, 0, 0, 0, 0, 0]
    try Data(prefix + padded).write(to: URL(fileURLWithPath: path))
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: UInt64(prefix.count + length + rows * width * 2))
    try handle.close()
    let source = try ActivationFiles.open(path)
    _ = try source.matrix(rows: 0..<rows)
    let all = try #require(Self.residentBytes(path))
    #expect(all > rows * width * 2 / 2)
    source.release(0..<rows)
    var stream = try ShuffledActivations(source, seed: 1, bufferTokens: 4096, blockTokens: 100)
    for _ in 0..<8 { _ = try stream.next(rows / 8) }
    // Less than a block and what is mapped around it.
    let left = try #require(Self.residentBytes(path))
    #expect(left <= 1 << 18, "\(left) bytes")
  }

  @Test func whatIsNoActivationsIsRefusedByName() throws {
    let scratch = try ScratchFolder()
    func message(_ paths: [String], tensor: String? = nil) -> String {
      do {
        _ = try ActivationFiles(paths, tensor: tensor)
        return "accepted"
      } catch {
        return error.description
      }
    }
    let good = scratch.file("good.safetensors")
    try Self.write(good, Self.rows(0..<5), .f32)
    let wide = scratch.file("wide.npy")
    var npy = try NpyWriter(wide, TensorDeclaration("array", .f32, [2, 4]))
    try npy.append([Float](repeating: 1, count: 8), to: "array")
    try npy.finish()
    let two = scratch.file("two.safetensors")
    var writer = try SafetensorsWriter(
      two, [TensorDeclaration("a", .i32, [2, 3]), TensorDeclaration("b", .f32, [2, 3])])
    try writer.append([Int](repeating: 1, count: 6), to: "a")
    try writer.append([Float](repeating: 1, count: 6), to: "b")
    try writer.finish()
    let empty = scratch.file("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    #expect(message([good, wide]).contains("wide.npy"))
    #expect(message([good, wide]).contains("3 columns"))
    #expect(message([two]).contains("\"b\", \"a\""))
    #expect(message([two], tensor: "a").contains("I32"))
    #expect(message([two], tensor: "b") == "accepted")
    #expect(message([empty]).contains(".safetensors"))
    #expect(message([scratch.file("none")]).contains("none"))
    #expect(message([]).contains("at least one file"))
    let junk = scratch.file("junk.npy")
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: junk))
    #expect(message([junk]).contains("junk.npy"))
  }
}
