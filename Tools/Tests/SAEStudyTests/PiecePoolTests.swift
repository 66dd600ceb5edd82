import SAECore
import SAEModels
import Testing

@testable import SAEStudy

@Suite struct PiecePoolTests {
  private func pool(_ lengths: [Int], context: Int = 4) throws -> PiecePool {
    var next: UInt32 = 0
    let streams = lengths.map { length -> TokenStream in
      defer { next += UInt32(length) }
      return TokenStream((0..<UInt32(length)).map { next + $0 })
    }
    return try PiecePool(
      .tokens(streams), lengths: lengths, context: context, name: "--domain")
  }

  @Test func piecesDoNotCrossFiles() throws {
    let pool = try pool([10, 3, 9])
    #expect(pool.pieces == [0..<4, 4..<8, 13..<17, 17..<21])
    #expect(try pool.ids() == [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 16, 17, 18, 19, 20])
  }

  @Test func selectionIsEvenAndKeepsOrder() throws {
    let pool = try pool([40])
    #expect(pool.selecting(tokens: 20).pieces == [0..<4, 8..<12, 16..<20, 24..<28, 32..<36])
    #expect(pool.selecting(tokens: 1000).pieces == pool.pieces)
    #expect(pool.selecting(tokens: 1).pieces == [0..<4])
    let (first, last) = pool.splittingLastTenth()
    #expect(first.pieces + last.pieces == pool.pieces)
    #expect(last.pieces == [36..<40])
    let (even, odd) = pool.alternating()
    #expect(even.pieces.count == 5 && odd.pieces.count == 5)
    #expect(Set(even.pieces).isDisjoint(with: odd.pieces))
  }

  @Test func tooShort() {
    #expect(throws: StudyError.self) { try pool([3, 2]) }
  }
}
