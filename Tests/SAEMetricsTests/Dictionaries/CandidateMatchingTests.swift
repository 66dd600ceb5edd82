import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct CandidateMatchingTests {
  /// The largest sum over all ways to give rows a column of their own, or none.
  static func bruteForce(_ lists: [[Best]], row: Int = 0, taken: Set<Int> = []) -> Double {
    guard row < lists.count else { return 0 }
    let alone = bruteForce(lists, row: row + 1, taken: taken)
    return lists[row].filter { !taken.contains($0.index) }.reduce(alone) {
      max($0, $1.value + bruteForce(lists, row: row + 1, taken: taken.union([$1.index])))
    }
  }

  @Test func assignmentAgreesWithBruteForce() {
    var generator = SeededGenerator(33)
    for round in 0..<400 {
      let columns = Int.random(in: 1...6, using: &generator)
      let lists = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
        (0..<columns).shuffled(using: &generator).prefix(3).map { column in
          Best(
            value: round % 2 == 0
              ? generator.uniform() + 0.5 : Double(Int.random(in: -1...2, using: &generator)),
            index: column)
        }
      }
      let assignment = CandidateAssignment(maximizing: lists, columns: columns)
      let matched = assignment.columnOfRow.filter { $0 >= 0 }
      #expect(Set(matched).count == matched.count)
      let total = lists.indices.reduce(0.0) { sum, row in
        sum + (lists[row].first { $0.index == assignment.columnOfRow[row] }?.value ?? 0)
      }
      #expect(agree(total, Self.bruteForce(lists), 1e-12), "\(lists)")
      // Rows' gains and columns' prices add up to the same: the proof that it is optimal.
      let dual = lists.indices.reduce(0.0) { $0 + assignment.gain($1) }
      #expect(agree(dual + assignment.prices.reduce(0, +), total, 1e-9))
    }
  }

  /// The bound holds for the matching of all with all, and is reached where candidates suffice.
  @Test func boundHoldsAndIsReached() throws {
    var generator = SeededGenerator(34)
    let a = generator.matrix(40, 6)
    let order = Array(0..<40).shuffled(using: &generator)
    let noise = generator.matrix(40, 6)
    let b = Matrix(rows: 40, columns: 6) { a[order[$0], $1] + 0.05 * noise[$0, $1] }
    let other = generator.matrix(40, 6)
    for second in [b, other] {
      let exact = try #require(try DictionaryMatching(a, second).meanCosine) * 40
      for candidates in [1, 4, 40] {
        let matching = try #require(try CandidateMatching(a, second, candidates: candidates))
        #expect(matching.cosineSum <= matching.cosineSumBound + 1e-9)
        #expect(exact <= matching.cosineSumBound + 1e-5)
        if candidates == 40 { #expect(agree(matching.cosineSum, matching.cosineSumBound, 1e-9)) }
      }
    }
    let found = try #require(try CandidateMatching(a, b, candidates: 4))
    #expect(try found.matches == DictionaryMatching(a, b).matches)
    #expect(found.matchedFraction() == 1)
    var bad = a
    bad[0, 0] = .nan
    #expect(try CandidateMatching(bad, b) == nil)
  }

  /// a₀ is nearest to b₀ (cosine 1), a₁ as well (0.8), whose second is b₁ (0.6): together 1.6. With
  /// one candidate a₁ stays alone: 1, bounded by each one's best.
  @Test func handCase() throws {
    let a = Matrix(rows: 2, columns: 2, values: [1, 0, 0.8, 0.6])
    let b = Matrix(rows: 2, columns: 2, values: [1, 0, 0, 1])
    let both = try #require(try CandidateMatching(a, b, candidates: 2))
    #expect(both.matches == [0, 1])
    #expect(agree(both.cosineSum, 1.6, 1e-6) && agree(both.cosineSumBound, 1.6, 1e-6))
    let one = try #require(try CandidateMatching(a, b, candidates: 1))
    #expect(one.matches == [0, nil] && one.cosines[1] == nil)
    #expect(agree(one.cosineSum, 1, 1e-6) && agree(one.cosineSumBound, 1.8, 1e-6))
  }
}
