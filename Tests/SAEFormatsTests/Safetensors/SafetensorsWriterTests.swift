import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

@Suite struct SafetensorsWriterTests {
  @Test func tensorsMayBeWrittenInPiecesAndInterleaved() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("x.safetensors")
    var writer = try SafetensorsWriter(
      path,
      [
        TensorDeclaration("a", .f32, [4]), TensorDeclaration("i", .i16, [3]),
        TensorDeclaration("d", .f64, [2]), TensorDeclaration("h", .bf16, [200_000]),
      ], metadata: ["note": "é\n\u{1}\"\\"])
    let long = (0..<200_000).map { Float($0 % 256) }
    try writer.append([1, 2] as [Float], to: "a")
    try writer.append([-5, 0, 7] as [Int], to: "i")
    try writer.append(Array(long[..<70_000]), to: "h")
    try writer.append([3, 4] as [Float], to: "a")
    try writer.append([0.1, 1e300] as [Double], to: "d")
    try writer.append(Array(long[70_000...]), to: "h")
    #expect(scratch.names.count == 1 && !scratch.names.contains("x.safetensors"))
    try writer.finish()
    #expect(scratch.names == ["x.safetensors"])
    let file = try SafetensorsFile(path)
    #expect(file.tensors.map(\.name) == ["d", "a", "h", "i"])
    #expect(file.metadata == ["note": "é\n\u{1}\"\\"])
    #expect(try file.tensor("a").floats() == [1, 2, 3, 4])
    #expect(try file.tensor("i").integers() == [-5, 0, 7])
    #expect(try file.tensor("d").doubles() == [0.1, 1e300])
    #expect(try file.tensor("h").floats() == long)
    let size = try #require(
      try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    let data = file.tensors.reduce(0) { $0 + $1.byteCount }
    #expect((size - data) % 8 == 0)
  }

  @Test func whatIsNotFinishedLeavesWhatWasThere() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("x.safetensors")
    try AtomicFile.write(Array("before".utf8), to: path)
    do {
      var writer = try SafetensorsWriter(path, [TensorDeclaration("a", .f32, [4])])
      try writer.append([1] as [Float], to: "a")
    }
    #expect(
      throws: FileError.wrongByteCount(
        file: path, tensor: "a", shape: [4], type: .f32, expected: 16, found: 4)
    ) {
      var writer = try SafetensorsWriter(path, [TensorDeclaration("a", .f32, [4])])
      try writer.append([1] as [Float], to: "a")
      try writer.finish()
    }
    #expect(
      throws: FileError.wrongByteCount(
        file: path, tensor: "a", shape: [1], type: .f32, expected: 4, found: 8)
    ) {
      var writer = try SafetensorsWriter(path, [TensorDeclaration("a", .f32, [1])])
      try writer.append([1, 2] as [Float], to: "a")
    }
    #expect(scratch.names == ["x.safetensors"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "before")
  }

  @Test func declarationsThatCannotBeWritten() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("x.safetensors")
    func begin(_ declarations: [TensorDeclaration]) throws {
      _ = try SafetensorsWriter(path, declarations)
    }
    #expect(throws: FileError.duplicateName(file: path, name: "a")) {
      try begin([TensorDeclaration("a", .f32, [1]), TensorDeclaration("a", .u8, [1])])
    }
    #expect(throws: FileError.duplicateName(file: path, name: "__metadata__")) {
      try begin([TensorDeclaration("__metadata__", .f32, [1])])
    }
    for shape in [[-1], [Int.max, 2], [Int.max / 2]] {
      #expect(
        throws: FileError.sizeOverflow(file: path, tensor: "a", shape: shape, type: .f32)
      ) { try begin([TensorDeclaration("a", .f32, shape)]) }
    }
    // Canonically equivalent, and yet two names.
    try begin([TensorDeclaration("\u{E9}", .f32, [1]), TensorDeclaration("e\u{301}", .f32, [1])])
    #expect(scratch.names == [])
  }

  @Test func valuesThatATypeCannotHold() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("x.safetensors")
    var writer = try SafetensorsWriter(
      path,
      [TensorDeclaration("u8", .u8, [2]), TensorDeclaration("f16", .f16, [2])])
    func failure(_ body: () throws -> Void) -> FileError? {
      do { try body() } catch { return error as? FileError }
      return nil
    }
    #expect(
      failure { try writer.append([255, 256] as [Int], to: "u8") }
        == .valueOutOfRange(file: path, tensor: "u8", value: "256", type: "U8"))
    #expect(
      failure { try writer.append([1] as [Float], to: "u8") }
        == .notConvertible(file: path, tensor: "u8", from: "F32", to: "U8"))
    #expect(
      failure { try writer.append([1] as [Double], to: "f16") }
        == .notConvertible(file: path, tensor: "f16", from: "F64", to: "F16"))
    #expect(
      failure { try writer.append([1] as [Float], to: "f17") }
        == .noSuchTensor(file: path, tensor: "f17", present: ["f16", "u8"]))
  }

  @Test func aFullDiskIsSaidSo() throws {
    for code in [ENOSPC, EDQUOT] {
      errno = code
      #expect(SystemCall.error("x", "write") == .diskFull(file: "x"))
    }
    errno = EACCES
    #expect(
      SystemCall.error("x", "write")
        == .system(file: "x", operation: "write", reason: "Permission denied"))
  }
}
