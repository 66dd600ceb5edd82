import SAECore
import SAEModels
import Testing

struct TokenStreamTests {
  let checkpoint: RandomCheckpoint

  init() throws { checkpoint = try RandomCheckpoint() }

  func write(_ values: [Int], _ type: ElementType, _ shape: [Int]? = nil) throws -> String {
    let path = checkpoint.file("tokens.npy")
    var writer = try NpyWriter(path, TensorDeclaration("tokens", type, shape ?? [values.count]))
    try writer.append(values, to: "tokens")
    try writer.finish()
    return path
  }

  @Test(arguments: [ElementType.u8, .i8, .u16, .i16, .i32, .u32, .i64, .u64])
  func readsWholeNumbers(type: ElementType) throws {
    let stream = try TokenStream(npy: write([3, 1, 4, 1, 5, 92, 6], type))
    #expect(stream.count == 7)
    #expect(try stream.tokens(0..<7) == [3, 1, 4, 1, 5, 92, 6])
    let part = stream[2..<6]
    #expect(part.count == 4)
    #expect(try part.tokens(1..<4) == [1, 5, 92])
    #expect(try part[1..<3].tokens(0..<2) == [1, 5])
  }

  @Test func aRowIsASequence() throws {
    let stream = try TokenStream(npy: write([1, 2, 3, 4, 5, 6], .i32, [2, 3]))
    #expect(stream.count == 6 && stream.sequenceLength == 3)
    #expect(try stream.tokens(0..<6) == [1, 2, 3, 4, 5, 6])
    #expect(stream[3..<6].sequenceLength == 3)
    #expect(stream[1..<6].sequenceLength == nil)
    let row = try TokenStream(npy: write([1, 2, 3], .i32, [1, 3]))
    #expect(row.count == 3 && row.sequenceLength == nil)
  }

  @Test func refusesWhatIsNoTokenStream() throws {
    let negative = try write([3, -1], .i32)
    let stream = try TokenStream(npy: negative)
    #expect(
      throws: ModelError.wrongTokens(
        file: negative, expected: "ids from 0 to 4294967295", found: "-1")
    ) { try stream.tokens(0..<2) }
    let cube = try write([1, 2, 3, 4], .i32, [2, 2, 1])
    #expect(
      throws: ModelError.wrongTokens(
        file: cube, expected: "one dimension, or two in the order of rows",
        found: "the shape [2, 2, 1]")
    ) { try TokenStream(npy: cube) }
    let path = checkpoint.file("floats.npy")
    var writer = try NpyWriter(path, TensorDeclaration("tokens", .f32, [2]))
    try writer.append([Float](repeating: 1, count: 2), to: "tokens")
    try writer.finish()
    #expect(
      throws: ModelError.wrongTokens(file: path, expected: "whole numbers", found: "F32")
    ) { try TokenStream(npy: path) }
  }
}
