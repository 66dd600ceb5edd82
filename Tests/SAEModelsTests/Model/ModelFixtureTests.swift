import Foundation
import SAECore
import SAEModels
import SAETestSupport
import Testing

/// Small models of every family, with what Hugging Face's library computes of them in float32.
@Suite(.enabled("no folder of models; SAE_FIXTURES names the full set") { ModelFixture.arePresent })
struct ModelFixtureTests {
  @Test func someFamilyIsThere() throws {
    let all = try ModelFixture.all()
    for fixture in all where !fixture.isSupported {
      print("not supported: \(fixture.name): \(fixture.architectures)")
    }
    #expect(all.contains { $0.isSupported })
  }

  /// Every residual stream, the logits and the losses, to the end of a context of 1100 positions.
  @Test(arguments: try ModelFixture.supported()) func forward(_ fixture: ModelFixture) throws {
    print("model \(fixture.name)")
    let model = try LanguageModels.load(fixture.path)
    let expected = try SafetensorsFile("\(fixture.path)/expected.safetensors")
    let batch = try TokenBatch(expected.tensor("tokens"))
    let positions = try expected.tensor("positions").integers()
    #expect(positions.contains { $0 > 1000 })
    func compare(_ found: [Float], _ name: String) throws {
      let values = try expected.tensor(name).floats()
      #expect(found.count == values.count)
      let error = relativeError(found, values)
      #expect(error < float32Error, "\(fixture.name): \(name): \(error)")
    }
    var places: Set<HookPoint> = []
    for name in expected.tensors.map(\.name) where name.contains("hook_") {
      guard let place = try? HookPoint(name) else {
        print("not supported: \(fixture.name): \(name)")
        continue
      }
      places.insert(place)
      let stream = try model.activations(at: place, of: batch)
      try compare(batch.rows(stream, at: positions).array, name)
    }
    #expect(places.count > model.layerCount)
    let last = try model.run(batch)
    try compare(model.logits(batch.rows(last, at: positions).view).array, "logits")
    let losses = try model.losses(of: batch)
    try compare(losses.crossEntropies.map { Float($0) }, "cross_entropy")
  }
}

/// A folder of `fixtures/models`.
struct ModelFixture: Sendable, CustomTestStringConvertible {
  let path: String
  let architectures: [String]

  static var arePresent: Bool { Fixtures.pathIfPresent("models") != nil }

  static func all() throws -> [ModelFixture] {
    try Fixtures.folders(in: "models", holding: "config.json").map { try ModelFixture($0) }
  }

  static func supported() throws -> [ModelFixture] { try all().filter(\.isSupported) }

  init(_ path: String) throws {
    struct Fields: Decodable { let architectures: [String] }
    self.path = path
    architectures = try JSONDecoder().decode(
      Fields.self, from: Data(contentsOf: URL(fileURLWithPath: "\(path)/config.json"))
    ).architectures
  }

  var name: String { URL(fileURLWithPath: path).lastPathComponent }
  var testDescription: String { name }

  /// Whether the library has a model of the family.
  var isSupported: Bool {
    LanguageModels.architectures.contains {
      !Set($0.architectures).isDisjoint(with: architectures)
    }
  }
}
