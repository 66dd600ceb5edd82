import Foundation
import SAECore
import SAETestSupport
import Testing

@testable import SAEMetrics

@Suite struct DomainReportTests {
  static func curve(_ fixture: FixtureCase, _ name: String) throws -> ParetoCurve {
    let values = try fixture.doubles(name)
    return ParetoCurve(
      stride(from: 0, to: values.count, by: 2).map {
        .init(l0: values[$0], quality: values[$0 + 1])
      })
  }

  @Test func agreesWithFixtures() throws {
    try forEachCase("domain_report") { fixture in
      try fixture.check { name -> any Measured in
        if name == "pareto" { return try Self.curve(fixture, "points").front }
        let domain = try Self.curve(fixture, "domain")
        let broad = try Self.curve(fixture, "broad")
        switch name {
        case "pareto_domain": return domain.front
        case "pareto_broad": return broad.front
        case "domain_at_l0": return [20.0, 50, 100, 200].map { domain.quality(atL0: $0) }
        case "broad_at_l0": return [20.0, 50, 100, 200].map { broad.quality(atL0: $0) }
        case "mean_gap": return domain.meanGap(to: broad)
        default: return Unmeasured()
        }
      }
    }
  }

  /// Quality 0 at L0 1, 2 at L0 100, linear in the logarithm: 1 at L0 10. Against a constant 0.5 the
  /// mean gap from 1 to 100 is 1 − 0.5.
  @Test func curvesByHand() {
    let line = ParetoCurve([.init(l0: 100, quality: 2), .init(l0: 1, quality: 0)])
    let flat = ParetoCurve([.init(l0: 0.1, quality: 0.5), .init(l0: 1000, quality: 0.5)])
    #expect(agree(line.quality(atL0: 10), 1, 1e-15))
    #expect(line.quality(atL0: 100) == 2 && line.quality(atL0: 101) == nil)
    #expect(line.quality(atL0: 0) == nil)
    #expect(agree(line.meanGap(to: flat), 0.5, 1e-12))
    #expect(agree(flat.meanGap(to: line), -0.5, 1e-12))
    #expect(line.meanGap(to: ParetoCurve([])) == nil)
    #expect(line.front == [1, 0] && flat.front == [0])
  }

  /// Keeps the largest coordinates as they are: latents are the dimensions.
  struct LargestCoordinates: SparseAutoencoder {
    let inputDimension: Int
    let k: Int
    var latentCount: Int { inputDimension }
    var decoder: Matrix {
      Matrix(rows: inputDimension, columns: inputDimension) { $0 == $1 ? 1 : 0 }
    }

    func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
      var dense = Matrix(rows: activations.rows, columns: activations.columns)
      for row in 0..<activations.rows {
        let order = (0..<activations.columns).sorted {
          abs(activations[row, $0]) > abs(activations[row, $1])
        }
        for column in order.prefix(k) { dense[row, column] = activations[row, column] }
      }
      return SparseLatents(dense: dense)
    }

    func reconstruct(
      _ activations: Matrix, from latents: SparseLatents
    ) throws(ShapeError) -> Matrix { latents.dense() }
  }

  static func candidates(_ ks: [Int]) -> [DomainReport.Candidate] {
    ks.map { .init("k\($0)", LargestCoordinates(inputDimension: 8, k: $0)) }
  }

  static func measure(batch: Int, mask: [Bool]? = nil) throws -> DomainReport {
    var generator = SeededGenerator(91)
    let evaluation = generator.matrix(300, 8)
    let fitting = generator.matrix(200, 8)
    var bootstrap = BlockBootstrap()
    bootstrap.resamples = 40
    return try DomainReport.measure(
      domain: candidates([1, 4, 6]), broad: candidates([2, 3]), on: evaluation,
      mask: TokenMask(mask, contexts: (0..<300).map { $0 / 20 }), fitting: fitting,
      batchTokens: batch, bootstrap: bootstrap)
  }

  @Test func reportIsOneCall() throws {
    let report = try Self.measure(batch: 128)
    #expect(report.domain.map(\.name) == ["k1", "k4", "k6"])
    #expect(report.domain.map { $0.sparsity.l0 } == [1, 4, 6])
    let comparison = try #require(report.comparisons.first)
    #expect(comparison.quality == .fractionOfVarianceExplained)
    #expect(comparison.domainFront == [0, 1, 2])
    #expect(comparison.meanGap != nil)
    #expect(report.comparisons.count == 2)
    for evaluation in report.domain + report.broad {
      let explained = try #require(evaluation.reconstruction.fractionOfVarianceExplained)
      let interval = try #require(evaluation.intervals.fractionOfVarianceExplained)
      #expect(interval.lower < explained && explained < interval.upper)
      #expect(evaluation.darkMatter?.tokens == 300 && evaluation.contexts == 15)
    }
    #expect(try Self.measure(batch: 7) == report)
    let threaded = try Threads.withCount(3) { try Self.measure(batch: 128) }
    #expect(threaded == report)
    #expect(try DomainReport(json: report.json()) == report)
  }

  @Test func differentTokensAreRefused() throws {
    let whole = try Self.measure(batch: 300)
    let masked = try Self.measure(batch: 300, mask: (0..<300).map { $0 != 5 })
    #expect(masked.domain[0].reconstruction.tokens == 299)
    #expect(
      throws: OptionError(
        "domain report: k2", expected: "the same tokens as those of k1, whose tokens is 300.0",
        found: "299.0")
    ) {
      try DomainReport(domain: whole.domain, broad: masked.broad)
    }
    #expect(
      throws: OptionError(
        "domain report", expected: "an evaluation of each family", found: "none of one")
    ) {
      try DomainReport(domain: whole.domain, broad: [])
    }
  }

  @Test func maskedTokensMayHoldAnything() throws {
    var x = Matrix(rows: 4, columns: 8, repeating: 1)
    for column in 0..<8 { x[1, column] = Float(column) }
    x[2, 0] = .nan
    var evaluator = Evaluator(name: "a", width: 8, latentCount: 8)
    try evaluator.update(
      LargestCoordinates(inputDimension: 8, k: 2), x, mask: [true, true, false, true])
    let evaluation = evaluator.evaluation()
    #expect(evaluation.reconstruction.nonFiniteTokens == 0 && evaluation.sparsity.l0 == 2)
    #expect(evaluation.intervals.fractionOfVarianceExplained == nil)
  }

  @Test func reportsWithNaNCanBeWritten() throws {
    var report = try Self.measure(batch: 300)
    var evaluations = report.domain
    evaluations[0].reconstruction.cosineSimilarity = .nan
    report = try DomainReport(domain: evaluations, broad: report.broad)
    let back = try DomainReport(json: report.json())
    #expect(back.domain[0].reconstruction.cosineSimilarity?.isNaN == true)
  }
}
