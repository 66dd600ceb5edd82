import Foundation
import Testing

@testable import SAEStudy

@Suite struct StudyConfigurationTests {
  @Test func writtenAndReadAgain() throws {
    var configuration = StudyConfiguration()
    configuration.model = "models/a"
    configuration.layer = 4
    configuration.domain = ["a.npy", "b.npy"]
    configuration.sparsity = [0.5, 3]
    configuration.boosterLatents = 0
    let folder = try ScratchFolder()
    try StudyJSON.write(configuration, to: folder.file("study.json"))
    #expect(try StudyConfiguration(file: folder.file("study.json")) == configuration)
  }

  @Test func keysThatAreMissingHaveTheirDefaults() throws {
    let folder = try ScratchFolder()
    let file = try folder.write(
      "{\"held-out\": [\"x.npy\"], \"seeds\": 5, \"lr\": 0.01}", to: "c.json")
    let configuration = try StudyConfiguration(file: file)
    var expected = StudyConfiguration()
    expected.heldOut = ["x.npy"]
    expected.seeds = 5
    expected.learningRate = 0.01
    #expect(configuration == expected)
  }

  @Test(arguments: [
    ("{\"latent\": [4]}", "\"latent\""), ("{\"seeds\": \"three\"}", "\"seeds\""),
    ("[1]", "a JSON object"), ("{", "a JSON object"),
    ("{\"architecture\": \"mlp\"}", "\"architecture\""),
  ])
  func whatIsWrongIsNamed(_ json: String, _ message: String) throws {
    let folder = try ScratchFolder()
    let file = try folder.write(json, to: "c.json")
    let error = try #require(throws: StudyError.self) { try StudyConfiguration(file: file) }
    #expect(error.description.contains(message), "\(error)")
    #expect(error.description.hasPrefix(file))
  }

  @Test func valuesThatMakeNoSense() {
    func message(_ change: (inout StudyConfiguration) -> Void) -> String? {
      var configuration = StudyConfiguration()
      change(&configuration)
      do { try configuration.check() } catch { return error.description }
      return nil
    }
    #expect(message { _ in } == nil)
    #expect(message { $0.seeds = 0 }?.contains("--seeds") == true)
    #expect(message { $0.batch = 0 }?.contains("--batch") == true)
    #expect(message { $0.latents = [] }?.contains("--latents") == true)
    #expect(message { $0.latents = [8, 8] }?.contains("--latents") == true)
    #expect(message { $0.sparsity = [0] }?.contains("--sparsity") == true)
    #expect(message { $0.sparsity = [.nan] }?.contains("--sparsity") == true)
    #expect(message { $0.sparsity = [2000] }?.contains("--sparsity") == true)
    #expect(message { $0.learningRate = -1 }?.contains("--lr") == true)
    #expect(
      message {
        $0.architecture = "topk"
        $0.sparsity = [2.5]
      }?.contains("a whole number") == true)
    #expect(
      message {
        $0.architecture = "groupmax"
        $0.sparsity = [3]
      }?.contains("a divisor of the") == true)
    #expect(message { $0.architecture = "transcoder" }?.contains("--architecture") == true)
    #expect(
      message {
        $0.architecture = "gated"
        $0.sparsity = [1e19]
      }?.contains("--sparsity") == true)
  }

  @Test func plansHaveNamesOfTheirOwn() {
    var configuration = StudyConfiguration()
    configuration.sparsity = [2, 2.5]
    let names = configuration.plans.map(\.name)
    #expect(names.count == 3 * 3 * 2 * 2)
    #expect(Set(names).count == names.count)
    configuration.boosterLatents = 0
    #expect(configuration.plans.count == 2 * 3 * 2 * 2)
  }
}
