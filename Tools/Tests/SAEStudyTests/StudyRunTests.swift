import Foundation
import SAECore
import Synchronization
import Testing

@testable import SAEStudy

/// Small studies of the synthetic world, run to the end.
@Suite(.serialized) struct StudyRunTests {
  private func configuration() -> StudyConfiguration {
    var configuration = StudyConfiguration.demo(seed: 3)
    configuration.latents = [24]
    configuration.sparsity = [2, 4]
    configuration.seeds = 2
    configuration.streamTokens = 2048
    configuration.trainingTokens = 24 * 256
    configuration.batch = 256
    configuration.heldOutTokens = 2048
    return configuration
  }

  private final class Events: Sendable {
    private let all = Mutex<[StudyEvent]>([])
    func add(_ event: StudyEvent) { all.withLock { $0.append(event) } }
    var list: [StudyEvent] { all.withLock { $0 } }

    /// The autoencoders that were trained.
    var trained: Set<String> {
      var names: Set<String> = []
      for case .training(let some, _, _) in list { names.formUnion(some) }
      return names
    }

    var measured: [String] {
      list.compactMap { if case .measuring(let name, _, _) = $0 { name } else { nil } }
    }
  }

  @Test func everythingIsWrittenAndWhatIsThereIsKept() throws {
    let folder = try ScratchFolder()
    let out = folder.file("study")
    let first = Events()
    let outcome = try Study(demo: configuration(), directory: out).run { first.add($0) }
    let plans = configuration().plans
    #expect(first.trained == Set(plans.map(\.name)))
    #expect(outcome.results.autoencoders.map(\.plan) == plans)
    for result in outcome.results.autoencoders {
      #expect(result.onDomain.fractionOfVarianceExplained != nil)
      #expect(result.onDomain.linearUnexplained != nil)
      #expect(result.recovery?.domainOnlyFound != nil)
      #expect(result.onDomain.bitsPerToken != nil)
      #expect(result.onDomain.conceptualFraction != nil)
    }
    #expect(outcome.results.stability.count == 4)
    #expect(outcome.results.unmatched.count == 4)
    #expect(outcome.browsers.count == 2)
    for plan in plans {
      let description = plan.arm == .boosted ? "boosted.json" : "cfg.json"
      for file in ["saes/\(plan.name)/\(description)", "logs/\(plan.name).csv"] {
        #expect(FileManager.default.fileExists(atPath: "\(out)/\(file)"), "\(file)")
      }
    }
    let results = try Data(contentsOf: URL(fileURLWithPath: "\(out)/results.json"))
    let page = try Data(contentsOf: URL(fileURLWithPath: outcome.report))
    #expect(try StudyResults(json: results) == outcome.results)

    // As if the study had been killed with one training and two measurements still to do.
    let lost = plans[1].name
    try FileManager.default.removeItem(atPath: "\(out)/saes/\(lost)")
    for name in [lost, plans[2].name] {
      try FileManager.default.removeItem(atPath: "\(out)/measurements/\(name).json")
    }
    try FileManager.default.removeItem(atPath: "\(out)/results.json")
    let second = Events()
    _ = try Study(demo: configuration(), directory: out).run { second.add($0) }
    #expect(second.trained == [lost])
    #expect(second.measured == [lost, plans[2].name])
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(out)/results.json")) == results)
    #expect(try Data(contentsOf: URL(fileURLWithPath: outcome.report)) == page)

    // Other settings are another study.
    var other = configuration()
    other.seeds = 1
    let error = try #require(throws: StudyError.self) {
      try Study(demo: other, directory: out).run()
    }
    #expect(error.description.contains("--seeds"))
  }

  @Test(arguments: Variant.reconstructing)
  func everyVariantCanBeStudied(_ architecture: Variant) throws {
    let folder = try ScratchFolder()
    var configuration = configuration()
    configuration.architecture = architecture
    configuration.sparsity = [2]
    configuration.seeds = 1
    configuration.latents = [16]
    configuration.trainingTokens = 4 * 256
    configuration.heldOutTokens = 1024
    let outcome = try Study(demo: configuration, directory: folder.file("study")).run()
    #expect(outcome.results.autoencoders.count == 3)
    for result in outcome.results.autoencoders {
      #expect(result.onDomain.fractionOfVarianceExplained?.isFinite == true)
    }
    let boosted = try #require(outcome.results.autoencoders.last)
    #expect(boosted.latentCount == 16 + 4)
  }

  /// Every training fails: each is named, on the page as well, and none is begun again.
  @Test func trainingsThatDivergeAreNamed() throws {
    let folder = try ScratchFolder()
    let out = folder.file("study")
    var configuration = configuration()
    configuration.seeds = 1
    configuration.sparsity = [2]
    configuration.learningRate = 1e4
    let error = try #require(throws: StudyError.self) {
      try Study(demo: configuration, directory: out).run()
    }
    let names = configuration.plans.map(\.name)
    #expect(error.description.contains("\(names.count) of \(names.count)"), "\(error)")
    #expect(error.description.contains("learning rate"), "\(error)")
    let results = try StudyResults(
      json: Data(contentsOf: URL(fileURLWithPath: "\(out)/results.json")))
    #expect(results.failures?.map(\.autoencoder) == names)
    #expect(results.autoencoders.isEmpty)
    let page = try String(contentsOfFile: "\(out)/report/index.html", encoding: .utf8)
    for name in names { #expect(page.contains("\(name) is missing"), "\(name)") }
    let again = Events()
    _ = try #require(throws: StudyError.self) {
      try Study(demo: configuration, directory: out).run { again.add($0) }
    }
    #expect(again.trained.isEmpty)
  }

  @Test func aDirectoryOfSomethingElseIsLeftAlone() throws {
    let folder = try ScratchFolder()
    _ = try folder.write("mine", to: "notes.txt")
    #expect(throws: StudyError.self) {
      try Study(demo: configuration(), directory: folder.path).run()
    }
    #expect(try String(contentsOfFile: folder.file("notes.txt"), encoding: .utf8) == "mine")
  }
}
