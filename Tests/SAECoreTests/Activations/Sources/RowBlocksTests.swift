import Testing

@testable import SAECore

@Suite struct RowBlocksTests {
  /// Blocks of one size and blocks of random ones.
  static let samples: [RowBlocks] = {
    var generator = RandomGenerator(seed: 4)
    let random = (0..<20).map { _ -> RowBlocks in
      var end = 0
      return RowBlocks(
        ends: (0..<1 + generator.index(below: 12)).map { _ in
          end += 1 + generator.index(below: 9)
          return end
        })
    }
    return random
      + [1, 2, 5, 7].flatMap { size in
        [0, 1, 4, 5, 23, 70].map { RowBlocks(of: size, rows: $0) }
      }
  }()

  private func covers(_ ranges: some Collection<Range<Int>>, _ all: Range<Int>) -> Bool {
    var next = all.lowerBound
    for range in ranges {
      guard range.lowerBound == next, !range.isEmpty else { return false }
      next = range.upperBound
    }
    return next == all.upperBound
  }

  @Test(arguments: samples) func blocksCoverAllRows(_ blocks: RowBlocks) {
    #expect(covers(blocks, 0..<blocks.rowCount))
    #expect(blocks.largest == (blocks.map(\.count).max() ?? 0))
  }

  @Test(arguments: samples, [1, 3, 8, 30]) func joinedBlocksAreWhole(
    _ blocks: RowBlocks, _ rows: Int
  ) {
    let joined = blocks.joined(upTo: rows)
    #expect(covers(joined, 0..<blocks.rowCount))
    let ends = Set(blocks.map(\.upperBound))
    for block in joined {
      #expect(ends.contains(block.upperBound))
      #expect(block.count <= rows || blocks.contains(block))
    }
    // As many as fit.
    for (one, next) in zip(joined, joined.dropFirst()) {
      let following = blocks.first { $0.lowerBound == next.lowerBound }
      // Of blocks of one size the last may be shorter, and would fit.
      if blocks.size == nil { #expect(one.count + (following?.count ?? 0) > rows) }
    }
  }

  @Test(arguments: samples) func partsWithinRows(_ blocks: RowBlocks) {
    let all = blocks.rowCount
    for begin in 0...all {
      for end in begin...all {
        let parts = blocks.within(begin..<end)
        #expect(covers(parts, begin..<end))
        for part in parts {
          #expect(blocks.contains { $0.clamped(to: begin..<end) == part })
        }
      }
    }
  }

  @Test func concatenatingKeepsSequencesWhole() {
    let even = RowBlocks.concatenating([RowBlocks(of: 5, rows: 20), RowBlocks(of: 5, rows: 13)])
    #expect(even == RowBlocks(of: 5, rows: 33))
    let odd = RowBlocks.concatenating([RowBlocks(of: 5, rows: 13), RowBlocks(of: 5, rows: 10)])
    #expect(Array(odd) == [0..<5, 5..<10, 10..<13, 13..<18, 18..<23])
    let files = RowBlocks.concatenating([RowBlocks(of: 1, rows: 7), RowBlocks(of: 1, rows: 9)])
    #expect(files == RowBlocks(of: 1, rows: 16))
    let mixed = RowBlocks.concatenating([RowBlocks(of: 1, rows: 300), RowBlocks(of: 4, rows: 6)])
    #expect(Array(mixed) == [0..<256, 256..<300, 300..<304, 304..<306])
  }

  @Test func whatIsSelectedKeepsItsBlocks() {
    let blocks = RowBlocks(of: 5, rows: 20)
    #expect(Array(blocks.selecting([1..<3, 4..<7, 19..<20])) == [0..<3, 3..<5, 5..<6])
    #expect(RowBlocks(of: 1, rows: 9).selecting([0..<2, 4..<5]) == RowBlocks(of: 1, rows: 3))
  }
}
