import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Values in force at each step, as the three libraries have them.
@Suite struct ScheduleFixtureTests {
  struct Contents: Decodable { let schedules: [Case] }

  struct Case: Decodable {
    let peer: String
    let kind: String?
    let scheduler: String?
    let totalSteps: Int?
    let warmUpSteps: Int?
    let warmupSteps: Int?
    let sparsityWarmupSteps: Int?
    let decaySteps: Int?
    let decayStart: Int?
    let resampleSteps: Int?
    let numBatches: Int?
    let lr: Double?
    let lrEnd: Double?
    let nRestartCycles: Int?
    let finalValue: Double?
    let lrAtStep: [Double]?
    let factorAtStep: [Double]?
    let valueAtStep: [Double]?
  }

  @Test func everyCase() throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    for file in try MachineryFixtures.files("schedules.json") {
      let contents = try decoder.decode(
        Contents.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
      #expect(!contents.schedules.isEmpty)
      for (index, item) in contents.schedules.enumerated() {
        print("schedules.json: \(index): \(item.peer) \(item.kind ?? item.scheduler ?? "")")
        let expected = try #require(item.lrAtStep ?? item.factorAtStep ?? item.valueAtStep)
        let found = try values(item, count: expected.count)
        // The libraries reach a step's value by as many multiplications as there were steps.
        let bound = Double(expected.count) * .ulpOfOne
        #expect(relativeDifference(found, expected) <= bound, "case \(index): \(item)")
      }
    }
  }

  private func values(_ item: Case, count: Int) throws -> [Double] {
    if item.kind == "sparsity warm-up" || item.kind == "coefficient warm-up" {
      let schedule = CoefficientSchedule(
        finalValue: item.finalValue ?? 1,
        warmUpSteps: item.warmUpSteps ?? item.sparsityWarmupSteps ?? 0)
      return (0..<count).map(schedule.value(at:))
    }
    let schedule = try learningRate(item)
    return (0..<count).map(schedule.rate(at:))
  }

  private func learningRate(_ item: Case) throws -> LearningRateSchedule {
    switch item.peer {
    case "SAELens":
      let endRate = try #require(item.lrEnd)
      let shape: LearningRateSchedule.Shape =
        switch item.scheduler {
        case "constant": .constant
        case "cosineannealing": .cosine(endRate: endRate)
        case "cosineannealingwarmrestarts":
          .cosine(endRate: endRate, cycles: try #require(item.nRestartCycles))
        default: throw UnknownCase(name: item.scheduler ?? "")
        }
      return try .saeLens(
        peak: try #require(item.lr), totalSteps: try #require(item.totalSteps),
        warmUpSteps: item.warmUpSteps ?? 0, decaySteps: item.decaySteps ?? 0, shape: shape)
    case "dictionary_learning":
      return try .dictionaryLearning(
        peak: 1, totalSteps: try #require(item.totalSteps), warmUpSteps: item.warmupSteps ?? 0,
        decayStart: item.decayStart, resamplingPeriod: item.resampleSteps)
    case "sparsify":
      return try .sparsify(
        peak: 1, totalSteps: try #require(item.numBatches), warmUpSteps: item.warmupSteps ?? 0)
    default: throw UnknownCase(name: item.peer)
    }
  }

  struct UnknownCase: Error { let name: String }
}
