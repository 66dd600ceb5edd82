import SAECore
import SAETestSupport
import Testing

@Suite struct FiringFrequenciesTests {
  private func activity(_ counts: [Int]) -> LatentActivity {
    LatentActivity(tokens: 4, activeTokens: counts)
  }

  /// Two windows of two steps with four tokens each.
  @Test func windowsByHand() throws {
    var frequencies = FiringFrequencies(latentCount: 3, window: 2)
    #expect(frequencies.frequencies == [0, 0, 0] && frequencies.l0 == 0)
    #expect(frequencies.logFrequencies == [-10, -10, -10])
    try frequencies.add(activity([4, 1, 0]))
    #expect(!frequencies.isComplete && frequencies.frequencies == [1, 0.25, 0])
    try frequencies.add(activity([4, 0, 0]))
    #expect(frequencies.isComplete && frequencies.tokens == 8)
    #expect(frequencies.frequencies == [1, 0.125, 0] && frequencies.l0 == 1.125)
    #expect(
      [0, 1e-5, 0.125, 0.2, 1.5].map { frequencies.count(below: $0) } == [0, 1, 1, 2, 3])
    let logarithms = frequencies.logFrequencies
    #expect(abs(logarithms[0]) < 1e-10 && logarithms[2] == -10)
    #expect(abs(logarithms[1] + 0.90309) < 1e-6)

    try frequencies.add(activity([0, 0, 2]))
    #expect(frequencies.steps == 1 && frequencies.tokens == 4)
    #expect(frequencies.activeTokens == [0, 0, 2])
    #expect(throws: ShapeError.self) { try frequencies.add(activity([1, 1])) }
    #expect(frequencies.activeTokens == [0, 0, 2])
  }

  /// A complete window is left to be looked at until the next step, and ten steps in windows of four
  /// end with two steps.
  @Test func aRunsReportsFillWindows() throws {
    var options = TrainingOptions(steps: 10)
    options.batchTokens = 16
    var run = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 2), latentCount: 12, on: Matrix.random(64, 4, seed: 3), options: options)
    var frequencies = FiringFrequencies(latentCount: 12, window: 4)
    var complete: [Int] = []
    var active = 0
    while let report = try run.step() {
      if frequencies.isComplete { active = 0 }
      try frequencies.add(report)
      active += report.activity.activeTokens.reduce(0, +)
      #expect(frequencies.activeTokens.reduce(0, +) == active)
      if frequencies.isComplete { complete.append(report.number) }
    }
    #expect(complete == [4, 8] && frequencies.steps == 2 && frequencies.tokens == 32)
  }

  /// SAELens' own counts, and the logarithms that it wrote of them. Its float32 frequencies are rounded
  /// twice, 2 · 2⁻²⁴ / ln 10 < 6e-8 of the logarithm, which itself is taken and stored within two ulps.
  @Test func logarithmsAreThoseOfSAELens() throws {
    let source = "sparsity_source.safetensors"
    for directory in try Fixtures.folders(in: "formats/saelens", holding: source) {
      print("case \(directory)")
      let file = try SafetensorsFile("\(directory)/\(source)")
      var frequencies = FiringFrequencies(latentCount: 24)
      try frequencies.add(
        LatentActivity(
          tokens: try file.tensor("rows_seen").integers()[0],
          activeTokens: try file.tensor("fired_counts").doubles().map { Int($0) }))
      let stored = try #require(try SAEArchive.read(directory).archive.logFrequencies)
      for (ours, theirs) in zip(frequencies.logFrequencies, stored) {
        #expect(abs(ours - theirs) <= 6e-8 + 2 * theirs.ulp)
      }
    }
  }
}
