import SAETestSupport
import Testing

@testable import SAECore

/// Runs that go beyond any sense end, at the step at which values say so, and sound ones do not.
@Suite struct DivergenceTests {
  static let source = Matrix.random(400, 12, seed: 3)

  static func options(_ steps: Int = 40, rate: Double?) -> TrainingOptions {
    var options = TrainingOptions(steps: steps)
    options.batchTokens = 50
    options.schedule.learningRate = rate
    options.schedule.warmUpSteps = 0
    return options
  }

  /// Runs to the end; returns the error that ended it.
  static func end<Model: TrainableAutoencoder>(
    _: Model.Type, _ configuration: Model.Configuration, _ options: TrainingOptions,
    on source: Matrix = source, latents: Int = 48
  ) throws -> TrainingError? where Model.Configuration.Model == Model {
    var run = try TrainingRun<Model>(
      configuration, latentCount: latents, on: source, options: options)
    do {
      while try run.step() != nil {}
      return nil
    } catch let error as TrainingError {
      return error
    }
  }

  static func isDivergence(_ error: TrainingError?) -> Bool {
    switch error {
    case .diverged, .notFinite: true
    case nil, .shape: false
    }
  }

  @Test(arguments: [10.0, 100, 1e10, 1e30])
  func aRateThatIsFarTooHighEndsARun(_ rate: Double) throws {
    let coefficient = CoefficientSchedule(finalValue: 1)
    let options = Self.options(rate: rate)
    let ends = [
      try Self.end(TopKAutoencoder.self, TopKConfiguration(k: 4), options),
      try Self.end(BatchTopKAutoencoder.self, BatchTopKConfiguration(meanK: 4), options),
      try Self.end(MatryoshkaAutoencoder.self, MatryoshkaConfiguration(meanK: 4), options),
      try Self.end(JumpReLUAutoencoder.self, .controlledL0(4), options),
      try Self.end(GatedAutoencoder.self, GatedConfiguration(coefficient: coefficient), options),
      try Self.end(ReLUAutoencoder.self, ReLUConfiguration(coefficient: coefficient), options),
    ]
    for (index, end) in ends.enumerated() {
      #expect(Self.isDivergence(end), "variant \(index): \(String(describing: end))")
    }
  }

  /// Once is enough where it is beyond all doubt; what is only bad may get better.
  @Test func aLeapEndsARunAtOnce() throws {
    func note(_ errors: [Double]) throws {
      var watch = DivergenceWatch()
      for (step, error) in errors.enumerated() {
        try watch.note(error, step: step, learningRate: 1, patience: 10)
      }
    }
    try note([0.9, 0.5, 9e5, 2, 2e5, 9e5, 1])
    #expect(
      throws: TrainingError.diverged(
        step: 2, since: 2, error: 1.1e6, bound: 100, learningRate: 1)
    ) { try note([0.9, 0.5, 1.1e6, 1]) }
    #expect(throws: TrainingError.self) { try note([0.9, .infinity]) }
    try note([1e8, 1e9, 1e7, 10])
  }

  /// A run too short for ten bad steps.
  @Test func aShortRunEndsAsWell() throws {
    #expect(
      Self.isDivergence(
        try Self.end(TopKAutoencoder.self, TopKConfiguration(k: 4), Self.options(5, rate: 100))))
  }

  @Test func theErrorSaysWhatToDo() throws {
    let error = try #require(
      try Self.end(TopKAutoencoder.self, TopKConfiguration(k: 4), Self.options(rate: 10)))
    guard case .diverged(let step, let since, let found, let bound, let rate) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(
      step - since + 1 == DivergenceWatch.patience(ofSteps: 40)
        || found > bound * DivergenceWatch.certainty)
    #expect(found > bound && rate == 10)
    let text = error.description
    #expect(text.contains("step \(step)") && text.contains("since step \(since)"), "\(text)")
    #expect(text.contains("learning rate") && text.contains("normalization"), "\(text)")
    #expect(!text.contains("\n"))
  }

  /// The member that diverges stops, the others go on to the bits of runs of their own.
  @Test func otherMembersOfASweepGoOn() throws {
    var sweep = try TrainingSweep(on: Self.source, options: Self.options(rate: 1e-2))
    let sound = try sweep.add(TopKConfiguration(k: 4), latentCount: 48)
    try sweep.add(
      TopKConfiguration(k: 4), latentCount: 48, options: Self.options(rate: 10))
    var last: [Result<StepReport, TrainingError>] = []
    while let reports = try sweep.step() { last = reports }
    #expect(throws: Never.self) { try last[0].get() }
    #expect(throws: TrainingError.self) { try last[1].get() }
    var alone = try TrainingRun<TopKAutoencoder>(
      TopKConfiguration(k: 4), latentCount: 48, on: Self.source, options: Self.options(rate: 1e-2))
    while try alone.step() != nil {}
    #expect(try sweep.folded(sound) == alone.folded())
    // What it ended with is in its checkpoint.
    let folder = try ScratchFolder()
    try sweep.checkpoint().write(to: folder.file("c"))
    let read = try SweepCheckpoint(contentsOf: folder.file("c"))
    #expect(read.failures == sweep.checkpoint().failures && read.failures[1] != nil)
  }

  /// It is told at the same step by a run that was interrupted in the middle of it.
  @Test func aRunThatGoesOnEndsAtTheSameStep() throws {
    let options = Self.options(400, rate: 0.3)
    func run() throws -> TrainingRun<TopKAutoencoder> {
      try TrainingRun(TopKConfiguration(k: 4), latentCount: 48, on: Self.source, options: options)
    }
    func end(_ run: inout TrainingRun<TopKAutoencoder>) -> String {
      do {
        while try run.step() != nil {}
        return "none"
      } catch { return "\(error)" }
    }
    var whole = try run()
    let expected = end(&whole)
    #expect(expected.contains("diverged") || expected.contains("finite"), "\(expected)")
    let folder = try ScratchFolder()
    var first = try run()
    while !first.isDiverging { _ = try first.step() }
    try first.checkpoint().write(to: folder.file("c"))
    var second = try TrainingRun<TopKAutoencoder>(
      from: TrainingCheckpoint(contentsOf: folder.file("c")), on: Self.source)
    #expect(end(&second) == expected)
  }

  /// Starts that are far off, sizes at the ends, few tokens: none of it diverges.
  @Test func soundRunsDoNot() throws {
    let coefficient = CoefficientSchedule(finalValue: 1)
    for (index, size) in [1, 1e-4, 1e20, 1e-30].enumerated() as EnumeratedSequence<[Float]> {
      var source = Self.source
      source.scale(by: size)
      let options = Self.options(rate: nil)
      #expect(
        try Self.end(TopKAutoencoder.self, TopKConfiguration(k: 4), options, on: source) == nil,
        "\(index)")
      // A hundred times as many latents as dimensions, all of them on.
      #expect(
        try Self.end(
          ReLUAutoencoder.self, ReLUConfiguration(coefficient: coefficient), options, on: source,
          latents: 1200) == nil, "\(index)")
    }
    for tokens in [1, 2, 3] {
      var options = Self.options(60, rate: 1e-2)
      options.batchTokens = tokens
      #expect(
        try Self.end(TopKAutoencoder.self, TopKConfiguration(k: 2), options) == nil, "\(tokens)")
    }
    // All rows alike.
    let constant = Matrix(rows: 100, columns: 12) { Float($1) + 1 + Float($0 * 0) }
    var options = Self.options(200, rate: 1e-2)
    options.data.normalization = .expectedAverageOnlyIn
    #expect(
      try Self.end(TopKAutoencoder.self, TopKConfiguration(k: 2), options, on: constant) == nil)
  }

  @Test func numbersHaveThreeDigits() {
    let texts: [(Double, String)] = [
      (0, "0.0"), (1, "1"), (12.345, "12.3"), (123.45, "123"), (99999, "1.0e5"), (3.21e8, "3.21e8"),
      (0.000123, "0.000123"), (1.5e-7, "1.5e-7"), (-2.5, "-2.5"), (1234, "1230"),
    ]
    for (value, text) in texts { #expect(significant(value) == text, "\(value)") }
  }
}
