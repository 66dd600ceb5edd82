import Foundation
import SAECore
import SAETestSupport
import Testing

@testable import SAEModels

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

  /// How far every place, the logits and the losses may lie from those of the other library: in float32
  /// models, and in those of shorter weights.
  static func bound(_ fixture: ModelFixture) throws -> Double {
    let types = try SafetensorsFile("\(fixture.path)/model.safetensors").tensors.map(\.type)
    return types.allSatisfy { $0 == .f32 } ? 2e-5 : 2e-4
  }

  /// Every place of every layer, the logits and the losses, to the end of a context of 1100 positions.
  @Test(arguments: try ModelFixture.supported()) func forward(_ fixture: ModelFixture) throws {
    print("model \(fixture.name)")
    let model = try LanguageModels.load(fixture.path)
    let expected = try SafetensorsFile("\(fixture.path)/expected.safetensors")
    let batch = try TokenBatch(expected.tensor("tokens"))
    let bound = try Self.bound(fixture)
    let names = expected.tensors.map(\.name)
    let positions =
      names.contains("positions")
      ? try expected.tensor("positions").integers() : Array(0..<batch.sequences[0].count)
    var worst = 0.0
    func compare(_ found: [Float], _ name: String) throws {
      let values = try expected.tensor(name).floats()
      #expect(found.count == values.count)
      let error = relativeError(found, values)
      #expect(error < bound, "\(fixture.name): \(name): \(error)")
      worst = max(worst, error)
    }
    let places = names.filter { $0.hasPrefix("blocks.") }.compactMap { name -> HookPoint? in
      if let place = try? HookPoint(name) { return place }
      print("no place: \(fixture.name): \(name)")
      return nil
    }
    #expect(places.count >= 8 * model.layerCount)
    let found = try model.activations(at: places, of: batch)
    for (place, activations) in zip(places, found) {
      try compare(batch.rows(activations, at: positions).array, place.name)
    }
    let last = try model.run(batch)
    try compare(model.logits(batch.rows(last, at: positions).view).array, "logits")
    let losses = try model.losses(of: batch)
    try compare(losses.crossEntropies.map { Float($0) }, "cross_entropy")
    print("model \(fixture.name): \(places.count) places, off by at most \(worst)")
    // What cannot be compared is not there in the model either.
    for layer in 0..<model.layerCount {
      for site in HookPoint.Site.allCases where !names.contains(HookPoint(site, layer: layer).name)
      {
        #expect(throws: ModelError.self, "\(fixture.name): \(site)") {
          try model.activations(at: HookPoint(site, layer: layer), of: batch)
        }
      }
    }
  }
}

/// The continuations of the fixtures.
@Suite(.enabled("no folder of models; SAE_FIXTURES names the full set") { ModelFixture.arePresent })
struct GenerationFixtureTests {
  @Test(arguments: try ModelFixture.supported()) func greedy(_ fixture: ModelFixture) throws {
    print("model \(fixture.name)")
    let model = try LanguageModels.load(fixture.path)
    let expected = try SafetensorsFile("\(fixture.path)/expected.safetensors")
    let prompt = Array(try TokenBatch(expected.tensor("tokens")).tokens.prefix(8))
    func ids(_ name: String) throws -> [UInt32] {
      try expected.tensor(name).integers().map { UInt32($0) }
    }
    let (plain, steered) = (try ids("greedy"), try ids("greedy_steered"))
    let options = GenerationOptions(count: plain.count, stops: [])
    #expect(try model.generate(prompt, options: options) == plain)
    let vector = try expected.tensor("steering_vector").floats()
    #expect(
      try model.generate(
        prompt, options: options, interventions: [.adding(vector, at: .residPost(1))]) == steered)
    // The same as a decoder's row.
    let row = Matrix(rows: 1, columns: vector.count, values: vector)
    let other = Matrix(rows: 3, columns: vector.count) { Float($0 + $1) }
    let steering = try LatentSteering(
      Reading(
        decoder: Matrix(rows: 4, columns: vector.count) { $0 == 2 ? row[0, $1] : other[$0 % 3, $1] }
      ),
      [(2, .add(1))])
    #expect(
      try model.generate(
        prompt, options: options,
        interventions: [steering.intervention(at: .residPost(1))]) == steered)
  }

  /// A step with kept keys and values gives the bits of a run over the whole text.
  @Test(arguments: try ModelFixture.supported()) func cachedSteps(_ fixture: ModelFixture) throws {
    print("model \(fixture.name)")
    let model = try LanguageModels.load(fixture.path)
    let expected = try SafetensorsFile("\(fixture.path)/expected.safetensors")
    let text = Array(try TokenBatch(expected.tensor("tokens")).tokens.prefix(48))
    let whole = try model.run(TokenBatch([text]))
    var cache = KeyValueCache(model, positions: text.count)
    var begin = 0
    for length in [17, 1, 1, 9, 1, 19] {
      var pass = try ForwardPass(
        model, next: Array(text[begin..<begin + length]), after: cache)
      try pass.advance(to: model.end)
      #expect(pass.activations == Matrix(whole[rows: begin..<begin + length]), "from \(begin)")
      let kept = pass.takeCache()
      cache = try #require(kept)
      begin += length
    }
    #expect(cache.count == text.count)
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
    !Set(LanguageModels.architectures).isDisjoint(with: architectures)
  }
}
