import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct DictionaryMatchingTests {
  @Test func agreesWithFixtures() throws {
    try forEachCase("matching") { fixture in
      if fixture.has("seed_0") {
        let seeds = try fixture.description.inputs.keys.sorted().map { try fixture.matrix($0) }
        let stability = try SeedStability(seeds)
        fixture.check {
          switch $0 {
          case "pairwise_matched_mean_cosine": stability.meanCosine
          case "pairwise_matched_fraction_0.7": stability.matchedFraction
          default: Unmeasured()
          }
        }
        return
      }
      let (a, b) = (try fixture.matrix("a"), try fixture.matrix("b"))
      let similarity = try DictionarySimilarity(a, b)
      let matching = try DictionaryMatching(a, b)
      try fixture.check {
        switch $0 {
        case "mean_max_cosine_a_to_b": similarity.meanMaximumCosine
        case "mean_max_cosine_b_to_a": similarity.reverseMeanMaximumCosine
        case "max_cosine_a_to_b": similarity.maximumCosines
        case "matched_mean_cosine": matching.meanCosine
        case "matching", "known_permutation": matching.matches.map { $0 ?? -1 }
        case "matched_fraction_0.7": matching.matchedFraction()
        case "matched_fraction_0.9": matching.matchedFraction(threshold: 0.9)
        case "reachable_fraction_0.7": similarity.reachableFraction()
        case "reachable_fraction_0.9": similarity.reachableFraction(threshold: 0.9)
        case "mean_correlation_coefficient":
          try DictionaryMatching(a, b, measure: .absoluteCosine).meanCosine
        case "uniqueness": similarity.uniqueness
        case "shared_fraction_0.7":
          try DictionaryMatching(
            a: (fixture.matrix("encoder_a"), a), b: (fixture.matrix("encoder_b"), b)
          ).sharedFraction()
        default: Unmeasured()
        }
      }
    }
  }

  /// Cosines (0.7, 0.6) and (0.6, 0.05) would be 0.75 taken greedily; the best sum is 1.2.
  @Test func greedyIsNotOptimal() {
    let values = Matrix(rows: 2, columns: 2, values: [0.7, 0.6, 0.6, 0.05])
    let assignment = Assignment(maximizing: values)
    #expect(assignment.columnOfRow == [1, 0])
    #expect(agree(assignment.total, 1.2, 1e-6))
  }

  /// The largest sum over all ways to give each row a column of its own.
  static func bruteForce(_ values: Matrix, row: Int = 0, taken: Set<Int> = []) -> Double {
    guard row < values.rows else { return 0 }
    return (0..<values.columns).filter { !taken.contains($0) }.map {
      Double(values[row, $0]) + bruteForce(values, row: row + 1, taken: taken.union([$0]))
    }.max() ?? 0
  }

  @Test func assignmentAgreesWithBruteForce() {
    var generator = SeededGenerator(31)
    for round in 0..<400 {
      let rows = Int.random(in: 0...5, using: &generator)
      let columns = Int.random(in: max(1, rows)...6, using: &generator)
      // Every other time few different values: many ties.
      let values = Matrix(rows: rows, columns: columns) { _, _ in
        round % 2 == 0
          ? Float(generator.uniform()) : Float(Int.random(in: -1...2, using: &generator))
      }
      let assignment = Assignment(maximizing: values)
      #expect(Set(assignment.columnOfRow).count == rows)
      #expect(agree(assignment.total, Self.bruteForce(values), 1e-12), "\(values.array)")
    }
  }

  /// Values below 0 only, and one value for all: nothing to choose, but everything to assign.
  @Test func everyRowIsAssigned() {
    for value in [Float(-3), 0, 2] {
      let assignment = Assignment(maximizing: Matrix(rows: 40, columns: 40, repeating: value))
      #expect(Set(assignment.columnOfRow) == Set(0..<40))
      #expect(assignment.total == 40 * Double(value))
    }
  }

  /// Reordering the rows of either dictionary reorders the matching and changes nothing else.
  @Test func matchingFollowsPermutations() throws {
    var generator = SeededGenerator(32)
    let a = generator.matrix(30, 8)
    let b = generator.matrix(35, 8)
    let order = Array(0..<30).shuffled(using: &generator)
    let otherOrder = Array(0..<35).shuffled(using: &generator)
    let plain = try DictionaryMatching(a, b)
    let moved = try DictionaryMatching(
      Matrix(rows: 30, columns: 8) { a[order[$0], $1] },
      Matrix(rows: 35, columns: 8) { b[otherOrder[$0], $1] })
    for row in 0..<30 {
      #expect(moved.matches[row].map { otherOrder[$0] } == plain.matches[order[row]])
    }
    #expect(agree(moved.meanCosine, plain.meanCosine, 1e-6))
    let (forward, backward) = (try DictionarySimilarity(a, b), try DictionarySimilarity(b, a))
    #expect(forward.reverseMaximumCosines.count == 35)
    for (x, y) in zip(forward.reverseMaximumCosines, backward.maximumCosines) {
      #expect(agree(x, y, 1e-6))
    }
    #expect(agree(try DictionaryMatching(b, a).meanCosine, plain.meanCosine, 1e-6))
  }

  /// Rows (1, 0) and (0, 1) against (3, 4), (−1, 0) and (0, 2): cosines 0.6, −1, 0 and 0.8, 0, 1. The
  /// largest of the rows 0.6 and 1, of the columns 0.8, 0 and 1; nearest by |cosine| the second and the
  /// third.
  @Test func similarityByHand() throws {
    let a = Matrix(rows: 2, columns: 2, values: [1, 0, 0, 1])
    let b = Matrix(rows: 3, columns: 2, values: [3, 4, -1, 0, 0, 2])
    let similarity = try DictionarySimilarity(a, b)
    #expect(agree(similarity.meanMaximumCosine, 0.8, 1e-6))
    #expect(agree(similarity.reverseMeanMaximumCosine, 0.6, 1e-6))
    #expect(similarity.reachableFraction() == 0.5)
    #expect(similarity.nearestRows == [1, 2] && similarity.uniqueness == 1)
  }

  /// The axes, the axes in another order, and (3, 4), (−4, 3): the first two match at 1, either with
  /// the third at 0.6 twice, as 0.8 would go with −0.8.
  @Test func stabilityByHand() throws {
    let seeds = [[1, 0, 0, 1], [0, 1, 1, 0], [3, 4, -4, 3]].map {
      Matrix(rows: 2, columns: 2, values: $0)
    }
    let stability = try SeedStability(seeds)
    #expect(agree(stability.meanCosine, 2.2 / 3, 1e-6))
    #expect(agree(stability.matchedFraction, 1.0 / 3, 1e-15))
  }

  @Test func whatHasNoPairsIsUndefined() throws {
    let none = Matrix(rows: 0, columns: 3)
    let some = Matrix(rows: 2, columns: 3, repeating: 1)
    #expect(try DictionaryMatching(none, some).meanCosine == nil)
    #expect(try DictionaryMatching(none, some).matchedFraction() == nil)
    #expect(try DictionaryMatching(some, none).matches == [nil, nil])
    #expect(try DictionarySimilarity(some, none).meanMaximumCosine == nil)
    #expect(try SeedStability([some]).meanCosine == nil)
    var bad = some
    bad[1, 2] = .nan
    #expect(try DictionaryMatching(bad, some).meanCosine == nil)
    #expect(try DictionarySimilarity(bad, some).meanMaximumCosine?.isNaN == true)
    #expect(throws: ShapeError("second dictionary", "columns", expected: 3, found: 2)) {
      try DictionaryMatching(some, Matrix(rows: 1, columns: 2))
    }
  }
}
