import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

@Suite struct SafetensorsFileTests {
  @Test func readsEveryElementType() throws {
    let file = try SafetensorsFile(Fixtures.path("formats/safetensors/all_dtypes.safetensors"))
    let expected = try Fixtures.json(
      [String: ExpectedArray].self, "formats/safetensors/all_dtypes.expected.json")
    #expect(Set(file.tensors.map(\.name)) == Set(expected.keys))
    #expect(file.metadata["format"] == "pt")
    for tensor in file.tensors {
      print("safetensors:", tensor.name, tensor.type, tensor.shape)
      let entry = try #require(expected[tensor.name])
      let values = entry.valuesRowMajor
      #expect(tensor.shape == entry.shape)
      #expect(tensor.floats() == values.map(Float.init))
      #expect(tensor.doubles() == values)
      if tensor.type.isInteger {
        #expect(try tensor.integers() == values.map { Int($0) })
      } else {
        #expect(throws: FileError.self) { try tensor.integers() }
      }
    }
  }

  @Test func readsLegalButUnusualFiles() throws {
    func open(_ name: String) throws -> SafetensorsFile {
      try SafetensorsFile(Fixtures.path("formats/safetensors/\(name).safetensors"))
    }
    #expect(try open("metadata_only").tensors.isEmpty)
    #expect(try open("no_padding").tensor("a").shape == [3])
    let unordered = try open("unordered_header")
    #expect(unordered.tensors.map(\.name) == ["first", "second"])
    #expect(try unordered.tensor("second").floats() == [1, 2])
    #expect(try unordered.tensor("first").floats() == [0])
    let misaligned = try open("misaligned_data")
    #expect(try misaligned.tensor("f").matrix() == Matrix(rows: 1, columns: 2, values: [0, 1]))
    #expect(try misaligned.tensor("b").integers() == [1, 2, 3])
    #expect(try open("escaped_names").tensors.map(\.name) == ["wé\n\"q\"", "😀"])
  }

  /// The reference implementation's file, written again, comes out byte for byte.
  @Test func writesWhatTheReferenceWrites() throws {
    let path = try Fixtures.path("formats/safetensors/all_dtypes.safetensors")
    let file = try SafetensorsFile(path)
    let scratch = try ScratchFolder()
    var writer = try SafetensorsWriter(
      scratch.file("copy.safetensors"),
      file.tensors.reversed().map { TensorDeclaration($0.name, $0.type, $0.shape) },
      metadata: file.metadata)
    for tensor in file.tensors { try writer.append(tensor, to: tensor.name) }
    try writer.finish()
    let copy = try Data(contentsOf: URL(fileURLWithPath: scratch.file("copy.safetensors")))
    #expect(copy == (try Data(contentsOf: URL(fileURLWithPath: path))))
  }

  @Test func rowRangesAgreeWithTheWhole() throws {
    let scratch = try ScratchFolder()
    var generator = SeededGenerator(1)
    let whole = Matrix(rows: 37, columns: 5) { _, _ in Float.random(in: -9...9, using: &generator) }
    let types: [ElementType] = [.f32, .f16, .bf16, .f64]
    var writer = try SafetensorsWriter(
      scratch.file("x.safetensors"), types.map { TensorDeclaration($0.rawValue, $0, [37, 5]) })
    for type in types { try writer.append(whole, to: type.rawValue) }
    try writer.finish()
    let file = try SafetensorsFile(scratch.file("x.safetensors"))
    for type in types {
      let tensor = try file.tensor(type.rawValue)
      let all = try tensor.matrix()
      if type == .f32 || type == .f64 { #expect(all == whole) }
      for range in [0..<0, 0..<1, 36..<37, 3..<30, 0..<37] {
        #expect(try tensor.matrix(rows: range) == Matrix(all[rows: range]))
        var target = Matrix(rows: 40, columns: 5, repeating: -1)
        try tensor.read(rows: range, into: &target, at: 2)
        #expect(Matrix(target[rows: 2..<2 + range.count]) == Matrix(all[rows: range]))
        #expect(Matrix(target[rows: 0..<2]) == Matrix(rows: 2, columns: 5, repeating: -1))
        let rest = 2 + range.count..<40
        #expect(Matrix(target[rows: rest]) == Matrix(rows: rest.count, columns: 5, repeating: -1))
      }
      tensor.release(rows: 0..<37)
      #expect(try tensor.matrix() == all)
    }
  }

  @Test func leadingAxesBecomeRows() throws {
    let tensors = [
      TensorDeclaration("scalar", .f32, []), TensorDeclaration("vector", .f32, [3]),
      TensorDeclaration("cube", .f32, [2, 3, 4]),
    ]
    let scratch = try ScratchFolder()
    var writer = try SafetensorsWriter(scratch.file("x.safetensors"), tensors)
    for tensor in tensors {
      let count = tensor.shape.reduce(1, *)
      try writer.append((0..<count).map(Float.init), to: tensor.name)
    }
    try writer.finish()
    let file = try SafetensorsFile(scratch.file("x.safetensors"))
    #expect(try file.tensor("scalar").matrix().shape.description == "1 × 1")
    #expect(try file.tensor("vector").matrix().shape.description == "1 × 3")
    let cube = try file.tensor("cube").matrix(rows: 1..<6)
    #expect(cube.shape.description == "5 × 4")
    #expect(cube[4, 3] == 23)
  }

  @Test func askingForWhatIsNotThere() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("x.safetensors")
    var writer = try SafetensorsWriter(
      path,
      [
        TensorDeclaration("x", .f32, [4, 2]), TensorDeclaration("none", .f32, [4, 0]),
        TensorDeclaration("big", .u64, [1]),
      ])
    try writer.append(Matrix(rows: 4, columns: 2), to: "x")
    try writer.append([Int.max], to: "big")
    try writer.finish()
    let file = try SafetensorsFile(path)
    #expect(file.contains("x") && !file.contains("y"))
    #expect(
      throws: FileError.noSuchTensor(file: path, tensor: "y", present: ["big", "none", "x"])
    ) { try file.tensor("y") }
    #expect(
      throws: FileError.rowsOutOfRange(file: path, tensor: "x", rows: 3..<5, available: 4)
    ) { try file.tensor("x").matrix(rows: 3..<5) }
    #expect(
      throws: FileError.wrongShape(
        file: path, tensor: "x", expected: "rows of 3", found: [4, 2])
    ) {
      var matrix = Matrix(rows: 4, columns: 3)
      try file.tensor("x").read(rows: 0..<1, into: &matrix, at: 0)
    }
    #expect(
      throws: FileError.wrongShape(
        file: path, tensor: "none", expected: "rows of at least one element", found: [4, 0])
    ) { try file.tensor("none").matrix() }
    #expect(
      throws: FileError.notConvertible(
        file: path, tensor: "x", from: "F32", to: "whole numbers")
    ) { try file.tensor("x").integers() }
    #expect(try file.tensor("big").integers() == [Int.max])
  }

  @Test func foldersPipesAndMissingFilesAreRefused() throws {
    let scratch = try ScratchFolder()
    #expect(throws: FileError.notAFile(file: scratch.path)) {
      try SafetensorsFile(scratch.path)
    }
    #expect(
      throws: FileError.system(
        file: scratch.file("none"), operation: "open", reason: "No such file or directory")
    ) { try SafetensorsFile(scratch.file("none")) }
    #expect(mkfifo(scratch.file("pipe"), 0o600) == 0)
    #expect(throws: FileError.notAFile(file: scratch.file("pipe"))) {
      try SafetensorsFile(scratch.file("pipe"))
    }
  }
}
