import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

@Suite struct SparseLatentsFileTests {
  private let scratch = try? ScratchFolder()

  /// Latents of some tokens, among them tokens without any.
  private static func sample(tokens: Int, latents: Int, seed: UInt64) -> SparseLatents {
    var generator = SeededGenerator(seed)
    let dense = Matrix(rows: tokens, columns: latents) { _, _ in
      Int.random(in: 0..<4, using: &generator) == 0
        ? Float.random(in: -2...2, using: &generator) : 0
    }
    return SparseLatents(dense: dense)
  }

  @Test(arguments: [1, 7, 64]) func anyBatchesGiveOneFile(_ batch: Int) throws {
    let path = try #require(scratch).file("a.safetensors")
    let latents = Self.sample(tokens: 41, latents: 30, seed: 3)
    var writer = try SparseLatentsWriter(path, tokens: 41, latentCount: 30, metadata: ["a": "b"])
    for first in stride(from: 0, to: 41, by: batch) {
      try writer.append(latents[tokens: first..<min(first + batch, 41)])
    }
    #expect(writer.entryCount == latents.entryCount)
    try writer.finish()
    let file = try SparseLatentsFile(path)
    #expect(file.tokens == 41 && file.latentCount == 30 && file.metadata == ["a": "b"])
    #expect(try file.latents(tokens: 0..<41) == latents)
    for first in [0, 5, 40] {
      #expect(try file.latents(tokens: first..<first + 1) == latents[tokens: first..<first + 1])
    }
    #expect(try file.latents(tokens: 41..<41).tokens == 0)
    #expect(
      throws: FileError.rowsOutOfRange(
        file: path, tensor: "row_offsets", rows: 40..<42, available: 41)
    ) { try file.latents(tokens: 40..<42) }
    #expect(try #require(scratch).names == ["a.safetensors"])
  }

  @Test func noTokensAreAFile() throws {
    let path = try #require(scratch).file("none.safetensors")
    try SparseLatentsWriter(path, tokens: 0, latentCount: 5).finish()
    let file = try SparseLatentsFile(path)
    #expect(file.tokens == 0 && file.entryCount == 0)
    #expect(try file.latents(tokens: 0..<0).tokens == 0)
  }

  @Test func whatWasNotDeclaredIsRefused() throws {
    let path = try #require(scratch).file("b.safetensors")
    let latents = Self.sample(tokens: 3, latents: 4, seed: 1)
    var writer = try SparseLatentsWriter(path, tokens: 2, latentCount: 4)
    #expect(throws: FileError.self) { try writer.append(latents) }
    try writer.append(latents[tokens: 0..<1])
    do {
      try writer.finish()
      Issue.record("a token is missing")
    } catch {
      #expect("\(error)".contains("expected 2 tokens, found 1"))
    }
    #expect(try #require(scratch).names.isEmpty)
    var other = try SparseLatentsWriter(path, tokens: 3, latentCount: 5)
    #expect(throws: FileError.self) { try other.append(latents) }
    #expect(throws: FileError.self) {
      _ = try SparseLatentsWriter(path, tokens: -1, latentCount: 5)
    }
    #expect(throws: FileError.self) {
      _ = try SparseLatentsWriter(
        path, tokens: 1, latentCount: 1, metadata: ["a": String(repeating: "x", count: 4000)])
    }
  }

  /// A file of the four tensors with any contents.
  private func write(
    _ shape: [Int], _ offsets: [Int], _ indices: [Int], _ values: [Float]
  ) throws -> String {
    let path = try #require(scratch).file("made.safetensors")
    var writer = try SafetensorsWriter(
      path,
      [
        TensorDeclaration("shape", .i64, [shape.count]),
        TensorDeclaration("row_offsets", .i64, [offsets.count]),
        TensorDeclaration("indices", .i32, [indices.count]),
        TensorDeclaration("values", .f32, [values.count]),
      ])
    try writer.append(shape, to: "shape")
    try writer.append(offsets, to: "row_offsets")
    try writer.append(indices, to: "indices")
    try writer.append(values, to: "values")
    try writer.finish()
    return path
  }

  @Test func partsThatDoNotFitAreRefused() throws {
    let good = try write([2, 9], [0, 1, 3], [8, 0, 4], [1, 2, 3])
    #expect(try SparseLatentsFile(good).latents(tokens: 0..<2).indices == [8, 0, 4])
    let atOpening: [([Int], [Int], [Int], [Float])] = [
      ([2, 9, 1], [0, 1, 3], [8, 0, 4], [1, 2, 3]),
      ([-2, 9], [0, 1, 3], [8, 0, 4], [1, 2, 3]),
      ([2, Int.max], [0, 1, 3], [8, 0, 4], [1, 2, 3]),
      ([Int.max, 9], [0, 1, 3], [8, 0, 4], [1, 2, 3]),
      ([3, 9], [0, 1, 3], [8, 0, 4], [1, 2, 3]),
      ([2, 9], [0, 1, 3], [8, 0, 4], [1, 2]),
      ([2, 9], [0, 1, 4], [8, 0, 4], [1, 2, 3]),
      ([2, 9], [1, 1, 3], [8, 0, 4], [1, 2, 3]),
      ([0, 9], [], [], []),
    ]
    for (shape, offsets, indices, values) in atOpening {
      let path = try write(shape, offsets, indices, values)
      #expect(throws: FileError.self, "\(shape) \(offsets)") { try SparseLatentsFile(path) }
    }
    let atReading: [([Int], [Int])] = [
      ([0, 4, 3], [8, 0, 4]), ([0, -1, 3], [8, 0, 4]), ([0, 1, 3], [9, 0, 4]),
      ([0, 1, 3], [-1, 0, 4]), ([0, 1, 3], [8, 4, 0]), ([0, 1, 3], [8, 4, 4]),
    ]
    for (offsets, indices) in atReading {
      let file = try SparseLatentsFile(try write([2, 9], offsets, indices, [1, 2, 3]))
      for tokens in [0..<1, 1..<2, 0..<2] where offsets != [0, 1, 3] || tokens == 0..<2 {
        #expect(throws: FileError.self, "\(offsets) \(indices)") {
          try file.latents(tokens: tokens)
        }
      }
    }
  }

  @Test func mutationsGiveTypedErrors() throws {
    let path = try write([3, 9], [0, 1, 1, 3], [8, 0, 4], [1, 2, 3])
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var generator = SeededGenerator(77)
    for _ in 0..<2000 {
      let mutated = mutate(bytes, &generator)
      do {
        let file = try SparseLatentsFile(SafetensorsFile(FileBytes(mutated, name: "x")))
        _ = try file.latents(tokens: 0..<file.tokens)
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
  }
}
