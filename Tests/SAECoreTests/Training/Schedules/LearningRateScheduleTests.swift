import SAETestSupport
import Testing

@testable import SAECore

@Suite struct LearningRateScheduleTests {
  /// Four steps up, a cosine of eight, four steps down from its end.
  @Test func aScheduleWorkedByHand() throws {
    let schedule = try LearningRateSchedule(
      peak: 8, totalSteps: 16, warmUpSteps: 4, decaySteps: 4, shape: .cosine(endRate: 4))
    let half = 0.5.squareRoot() * 2
    let expected = [2, 4, 6, 8, 8, .nan, 6 + half, .nan, 6, .nan, 6 - half, .nan, 4, 3, 2, 1, 0, 0]
    for (step, rate) in expected.enumerated() where !rate.isNaN {
      #expect(abs(schedule.rate(at: step) - rate) < 1e-14, "step \(step)")
    }
  }

  @Test func withoutDecayTheRateStaysAfterTheEnd() throws {
    let constant = try LearningRateSchedule(peak: 3, totalSteps: 5)
    #expect(constant.rate(at: 4) == 3 && constant.rate(at: 1000) == 3)
    let cosine = try LearningRateSchedule(peak: 3, totalSteps: 5, shape: .cosine(endRate: 1))
    #expect(cosine.rate(at: 5) == 1 && cosine.rate(at: 1000) == 1)
  }

  @Test func aCycleThatDoesNotDivideTheMainPhase() throws {
    // 11 steps in 3 cycles: periods of 3, the last two steps begin a fourth.
    let schedule = try LearningRateSchedule(
      peak: 1, totalSteps: 11, shape: .cosine(endRate: 0, cycles: 3))
    #expect((0..<11).filter { schedule.rate(at: $0) == 1 } == [0, 3, 6, 9])
  }

  @Test func theWarmUpIsRepeatedDuringADecay() throws {
    let schedule = try LearningRateSchedule.dictionaryLearning(
      peak: 1, totalSteps: 20, warmUpSteps: 2, decayStart: 10, resamplingPeriod: 15)
    #expect([14, 15, 16, 17].map(schedule.rate(at:)) == [0.6, 0, 0.2, 0.3])
  }

  @Test func optionsThatMakeNoSense() {
    typealias Schedule = LearningRateSchedule
    #expect(refusedOption { try Schedule(peak: -1, totalSteps: 1) } == "peak")
    #expect(refusedOption { try Schedule(peak: .nan, totalSteps: 1) } == "peak")
    #expect(refusedOption { try Schedule(peak: 1, totalSteps: 0) } == "totalSteps")
    #expect(
      refusedOption {
        try Schedule(peak: 1, totalSteps: 9, warmUpSteps: 10)
      } == "warmUpSteps")
    #expect(
      refusedOption {
        try Schedule(peak: 1, totalSteps: 9, warmUpSteps: 5, decaySteps: 5)
      } == "decaySteps")
    #expect(
      refusedOption {
        try Schedule(peak: 1, totalSteps: 9, decaySteps: 5, shape: .cosine(endRate: 0))
      } == "decaySteps")
    #expect(
      refusedOption {
        try Schedule(peak: 1, totalSteps: 9, shape: .cosine(endRate: 0, cycles: 10))
      } == "cycles")
    #expect(
      refusedOption {
        try Schedule(peak: 1, totalSteps: 9, warmUpSteps: 3, warmUpPeriod: 2)
      } == "warmUpPeriod")
    #expect(
      refusedOption {
        try Schedule.dictionaryLearning(peak: 1, totalSteps: 9, warmUpSteps: 2, decayStart: 1)
      } == "decayStart")
    #expect(
      refusedOption {
        try Schedule.sparsify(peak: 1, totalSteps: 9, warmUpSteps: 10)
      } == "warmUpSteps")
  }

  @Test func automaticRates() {
    #expect(AutomaticLearningRate.adam(latentCount: 16384, steps: 128_000) == 2e-4)
    #expect(AutomaticLearningRate.adam(latentCount: 65536, steps: .max) == 1e-4)
    #expect(AutomaticLearningRate.adam(latentCount: 16384, steps: 32_000) == 4e-4)
    for steps in [0, 1, 8000] {
      #expect(AutomaticLearningRate.adam(latentCount: 4096, steps: steps) == 1.6e-3)
    }
    #expect(AutomaticLearningRate.signDescent(latentCount: 4096) == 1e-2)
    #expect(AutomaticLearningRate.muon == 2e-3)
  }
}
