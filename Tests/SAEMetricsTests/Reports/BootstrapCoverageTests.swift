import SAECore
import Testing

@testable import SAEMetrics

/// How often an interval holds what is true, over many simulated sets of tokens.
@Suite struct BootstrapCoverageTests {
  /// The mean of 60 blocks of 5 to 15 tokens. A block's tokens share a Gaussian of deviation 1 around 2,
  /// and each has one of its own of deviation 0.5, so that the mean's variance is known given the sizes.
  private func simulate(
    _ generator: inout RandomGenerator
  ) -> (sums: DoubleMatrix, deviation: Double) {
    var (values, variance, total): ([Double], Double, Double) = ([], 0, 0)
    for _ in 0..<60 {
      let size = 5 + generator.index(below: 11)
      let shared = 2 + generator.gaussian()
      let sum = (0..<size).reduce(0) { sum, _ in sum + shared + 0.5 * generator.gaussian() }
      values += [sum, Double(size)]
      variance += Double(size * size) + 0.25 * Double(size)
      total += Double(size)
    }
    return (DoubleMatrix(rows: 60, columns: 2, values: values), variance.squareRoot() / total)
  }

  /// Of 600 intervals so many hold the true mean as their level says: within three standard deviations
  /// of that number, √(600 p (1 − p)), and 2% of all for what percentiles of 60 blocks fall short.
  /// Their length is that of a Gaussian's between the same quantiles, z deviations to either side, of
  /// which 60 blocks and 250 resamples leave out a twentieth.
  @Test(arguments: [
    (level: 0.95, z: 1.959964), (level: 0.8, z: 1.281552), (level: 0.5, z: 0.674490),
  ])
  func intervalsHoldTheTruthAsOftenAsTheySay(level: Double, z: Double) throws {
    var generator = RandomGenerator(seed: 11)
    var (held, lengths, below) = (0, 0.0, 0)
    let trials = 600
    for trial in 0..<trials {
      let (sums, deviation) = simulate(&generator)
      var bootstrap = BlockBootstrap()
      bootstrap.resamples = 250
      bootstrap.level = level
      bootstrap.seed = UInt64(trial) &* 7_919
      let totals = bootstrap.totals(of: sums)
      let interval = try #require(
        bootstrap.interval((0..<totals.rows).map { totals[$0, 0] / totals[$0, 1] }))
      held += interval.lower <= 2 && 2 <= interval.upper ? 1 : 0
      below += interval.upper < 2 ? 1 : 0
      lengths += (interval.upper - interval.lower) / (2 * z * deviation)
    }
    let (expected, spread) = (
      Double(trials) * level, 3 * (Double(trials) * level * (1 - level)).squareRoot()
    )
    let allowance = 0.02 * Double(trials)
    #expect(abs(Double(held) - expected) <= spread + allowance, "\(held) of \(trials)")
    #expect(abs(lengths / Double(trials) - 1) < 0.06, "\(lengths / Double(trials))")
    // As many lie too low as too high.
    let missed = Double(trials - held)
    #expect(abs(Double(below) - missed / 2) <= 3 * (missed / 4).squareRoot() + allowance / 2)
  }

  /// Every resample draws as many blocks as there are, each of them once in the mean.
  @Test func resamplesDrawAllBlocksAlike() {
    let count = 40
    var bootstrap = BlockBootstrap()
    bootstrap.resamples = 4000
    let identity = DoubleMatrix(
      rows: count, columns: count,
      values: (0..<count * count).map { $0 / count == $0 % count ? 1 : 0 })
    let totals = bootstrap.totals(of: identity)
    var (means, squares) = ([Double](repeating: 0, count: count), 0.0)
    for row in 0..<totals.rows {
      #expect((0..<count).reduce(0) { $0 + totals[row, $1] } == Double(count))
      for block in 0..<count {
        means[block] += totals[row, block] / Double(totals.rows)
        squares += (totals[row, block] - 1) * (totals[row, block] - 1)
      }
    }
    // A block's number of draws has variance 1 − 1/40: its mean over 4000 resamples one of 2.4e-4.
    for mean in means { #expect(abs(mean - 1) < 5 * (2.4e-4).squareRoot()) }
    #expect(abs(squares / Double(totals.rows * count) - (1 - 1 / Double(count))) < 0.02)
  }
}
