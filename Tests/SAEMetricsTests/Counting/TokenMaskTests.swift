import SAECore
import Testing

@testable import SAEMetrics

@Suite struct TokenMaskTests {
  @Test func allCountWhateverTheirNumber() throws {
    #expect(try TokenMask.all.rows(of: 3) == [0, 1, 2])
    #expect(try TokenMask.all.rows(of: 0) == [])
    #expect(TokenMask.all[5..<9] == .all)
  }

  @Test func partsKeepTheirContexts() throws {
    let mask = TokenMask([true, false, true, true], contexts: [0, 0, 1, 4])
    #expect(try mask.rows(of: 4) == [0, 2, 3])
    #expect(mask[1..<3] == TokenMask([false, true], contexts: [0, 1]))
    #expect(TokenMask(contexts: [1, 2])[1..<2] == TokenMask(contexts: [2]))
    let literal: TokenMask = [false, true]
    #expect(literal == TokenMask([false, true]))
  }

  @Test func otherLengthsAreErrors() {
    #expect(throws: ShapeError("mask", "tokens", expected: 3, found: 2)) {
      try TokenMask([true, true]).rows(of: 3)
    }
    #expect(throws: ShapeError("contexts", "tokens", expected: 3, found: 1)) {
      try TokenMask(contexts: [0]).rows(of: 3)
    }
  }

  @Test func contextsMayNotDescend() throws {
    try TokenMask(contexts: [2, 2, 7]).checkAscending(after: 2)
    try TokenMask.all.checkAscending(after: 9)
    #expect(throws: ShapeError.self) { try TokenMask(contexts: [2, 1]).checkAscending(after: nil) }
    #expect(throws: ShapeError.self) { try TokenMask(contexts: [2]).checkAscending(after: 3) }
  }
}
