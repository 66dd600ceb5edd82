import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

@Suite struct NumPyRoundTripTests {
  private let types = ElementType.allCases.filter {
    ![.bf16, .f8E4M3, .f8E5M2].contains($0)
  }

  private func values(_ type: ElementType) -> [Double] {
    switch type {
    case .bool: [0, 1, 1, 0, 1, 0]
    case .u8, .u16, .u32, .u64: [0, 1, 2, 100, 200, 255]
    case .i8, .i16, .i32, .i64: [0, -1, 2, -128, 127, 5]
    default: [0.5, -1.25, 1024, 0, -0.0078125, 3]
    }
  }

  private func append(
    _ type: ElementType, _ name: String, to writer: inout some TensorWriter & ~Copyable
  ) throws {
    if type.isInteger {
      try writer.append(values(type).map { Int($0) }, to: name)
    } else {
      try writer.append(values(type).map { Float($0) }, to: name)
    }
  }

  @Test func arraysOfEveryType() throws {
    let scratch = try ScratchFolder()
    for type in types {
      let path = scratch.file("\(type).npy")
      var writer = try NpyWriter(path, TensorDeclaration("x", type, [2, 3]))
      try append(type, "x", to: &writer)
      try writer.finish()
      let tensor = try NpyFile(path).tensor
      #expect(tensor.name == type.rawValue)
      #expect(tensor.type == type && tensor.shape == [2, 3])
      #expect(tensor.doubles() == values(type))
    }
  }

  @Test func shapesOfEveryRank() throws {
    let scratch = try ScratchFolder()
    for shape in [[], [6], [6, 1], [1, 2, 3], [0], [3, 0]] {
      let path = scratch.file("x.npy")
      var writer = try NpyWriter(path, TensorDeclaration("x", .f32, shape))
      let count = shape.reduce(1, *)
      try writer.append((0..<count).map { Float($0) }, to: "x")
      try writer.finish()
      #expect(try NpyFile(path).tensor.shape == shape)
      #expect(try NpyFile(path).tensor.floats() == (0..<count).map { Float($0) })
      let size = try #require(
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
      #expect((size - 4 * count) % 64 == 0)
    }
  }

  @Test func archivesHoldWhatWasPutIn() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("x.npz")
    var writer = try NpzWriter(
      path, types.map { TensorDeclaration("a \($0) é", $0, [3, 2]) })
    for type in types.reversed() { try append(type, "a \(type) é", to: &writer) }
    try writer.finish()
    #expect(scratch.names == ["x.npz"])
    let file = try NpzFile(path)
    #expect(file.names == types.map { "a \($0) é" })
    for type in types {
      #expect(try file.tensor("a \(type) é").doubles() == values(type))
    }
    let empty = try NpzWriter(path, [])
    try empty.finish()
    #expect(try NpzFile(path).names == [])
  }

  @Test func whatNumPyHasNoTypeForIsRefused() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("x")
    let error = FileError.notConvertible(
      file: path, tensor: "x", from: "BF16", to: "a type of npy files")
    #expect(throws: error) { _ = try NpyWriter(path, TensorDeclaration("x", .bf16, [1])) }
    #expect(throws: error) { _ = try NpzWriter(path, [TensorDeclaration("x", .bf16, [1])]) }
    #expect(throws: FileError.duplicateName(file: path, name: "x")) {
      _ = try NpzWriter(
        path, [TensorDeclaration("x", .f32, [1]), TensorDeclaration("x", .f32, [1])])
    }
    #expect(
      throws: FileError.wrongByteCount(
        file: path, tensor: "x", shape: [1], type: .f32, expected: 4, found: 0)
    ) { try NpzWriter(path, [TensorDeclaration("x", .f32, [1])]).finish() }
    #expect(scratch.names == [])
  }

  @Test func mutationsOfAnArrayNeverCrash() throws {
    let scratch = try ScratchFolder()
    var writer = try NpyWriter(scratch.file("x"), TensorDeclaration("x", .f32, [2, 3]))
    try append(.f32, "x", to: &writer)
    try writer.finish()
    let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch.file("x"))))
    let refused = try MalformedFiles.openMutations(of: good, seed: 5) { bytes in
      let tensor = try NpyFile(bytes).tensor
      #expect(tensor.doubles().count == tensor.count)
      _ = try tensor.matrix()
    }
    #expect(refused > 300 && refused < 1000)
  }

  @Test func mutationsOfArchivesNeverCrash() throws {
    let scratch = try ScratchFolder()
    var writer = try NpzWriter(
      scratch.file("x"), [TensorDeclaration("a", .f32, [6]), TensorDeclaration("b", .i16, [6])])
    try append(.f32, "a", to: &writer)
    try append(.i16, "b", to: &writer)
    try writer.finish()
    let stored = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch.file("x"))))
    let deflated = [UInt8](try #require(Data(base64Encoded: deflatedArchive)))
    for (seed, good) in [(6, stored), (7, deflated)] {
      let refused = try MalformedFiles.openMutations(of: good, seed: UInt64(seed)) { bytes in
        let file = try NpzFile(bytes)
        for name in file.names { _ = try file.tensor(name).floats() }
      }
      #expect(refused > 300 && refused < 1000)
    }
  }

  /// NumPy's `savez_compressed` of a 3 × 4 array of float32 and a 2 × 3 array of int64.
  private let deflatedArchive = """
    UEsDBC0AAAAIAAAAIQADLewn//////////8FABQAYS5ucHkBABAAsAAAAAAAAAB5AAAAAAAAAJvsF+obEMnIUMZQrZ6S\
    WpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CiaaOgq1CmQDLjG/37Y8FZb2Gz4v399q\
    wLSfJUnS3u9ozD7F07P3XQwv3+f/RW5/zSLx/Z92aNgHNtjaAwBQSwMELQAAAAgAAAAhAFmb2n3//////////wUAFABi\
    Lm5weQEAEACwAAAAAAAAAFYAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vM\
    KU4FihdnJBakAvkaRjoKxpo6CrUKZAMuBihghNJMUJoZSrNAaVYoDQBQSwECLQMtAAAACAAAACEAAy3sJ3kAAACwAAAA\
    BQAAAAAAAAAAAAAAgAEAAAAAYS5ucHlQSwECLQMtAAAACAAAACEAWZvafVYAAACwAAAABQAAAAAAAAAAAAAAgAGwAAAA\
    Yi5ucHlQSwUGAAAAAAIAAgBmAAAAPQEAAAAA
    """
}
