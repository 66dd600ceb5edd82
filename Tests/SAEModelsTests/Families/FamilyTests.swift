import Foundation
import SAECore
import Testing

@testable import SAEModels

/// What holds for every family, on small models with random weights.
struct FamilyTests {
  static let indices = RandomFamily.configurations.indices
  static let batch = TokenBatch([
    Gemma2Tests.tokens(31, below: 37, seed: 1), Gemma2Tests.tokens(9, below: 37, seed: 2),
  ])

  static func places(_ model: LanguageModel) -> [HookPoint] {
    (0..<model.layerCount).flatMap { layer in
      HookPoint.Site.allCases.map { HookPoint($0, layer: layer) }
    }.filter(model.architecture.has)
  }

  /// Weights that stay in the file give the bits of those in memory.
  @Test(arguments: indices, [ElementType.bf16, .f16])
  func weightsStayInTheFile(index: Int, type: ElementType) throws {
    let configuration = RandomFamily.configurations[index]
    // A number of bfloat16 is one of float16 where it is not too small.
    let wide = try RandomFamily(configuration)
    let short = try RandomFamily(configuration, type: type)
    let expected = try LanguageModels.load(wide.directory)
    let model = try LanguageModels.load(short.directory)
    let (last, found) = (try expected.run(Self.batch), try model.run(Self.batch))
    let error = relativeError(found.array, last.array)
    #expect(type == .bf16 ? found == last : error < 1e-4, "\(configuration["architectures"] ?? "")")
    let logits = model.logits(found.view)
    #expect(type == .f16 || logits == expected.logits(last.view))
  }

  /// Reading at all places, together or one by one, gives the same bits and changes nothing.
  @Test(arguments: indices) func readingChangesNothing(index: Int) throws {
    let checkpoint = try RandomFamily(RandomFamily.configurations[index])
    let model = try LanguageModels.load(checkpoint.directory)
    let places = Self.places(model)
    let whole = try model.run(Self.batch)
    let together = try model.activations(at: places, of: Self.batch)
    for (place, activations) in zip(places, together) {
      #expect(try model.activations(at: place, of: Self.batch) == activations, "\(place)")
      #expect(activations.columns == (try model.width(at: place)), "\(place)")
    }
    var pass = try ForwardPass(model, Self.batch)
    for place in places { try pass.advance(to: place) }
    #expect(pass.activations == whole)
  }

  /// Putting the activations themselves in their place changes nothing but the rounding of norms that are
  /// otherwise fused; putting others there changes what comes after, and not what lies before.
  @Test(arguments: indices) func replacing(index: Int) throws {
    let checkpoint = try RandomFamily(RandomFamily.configurations[index])
    let model = try LanguageModels.load(checkpoint.directory)
    let whole = try model.run(Self.batch)
    for place in Self.places(model) {
      var pass = try ForwardPass(model, Self.batch)
      try pass.advance(to: place)
      var changed = pass
      try pass.replace(with: pass.activations)
      #expect(pass.activations == changed.activations, "\(place)")
      try pass.advance(to: model.end)
      #expect(relativeError(pass.activations.array, whole.array) < 2e-6, "\(place)")
      let own = changed.activations
      try changed.replace(
        with: Matrix(rows: own.rows, columns: own.columns) { own[$0, $1] + Float($1 % 3) })
      try changed.advance(to: model.end)
      #expect(relativeError(changed.activations.array, whole.array) > 1e-4, "\(place)")
    }
  }

  /// What the parts add is what lies between the places of the stream.
  @Test(arguments: indices) func partsAddUp(index: Int) throws {
    let checkpoint = try RandomFamily(RandomFamily.configurations[index])
    let model = try LanguageModels.load(checkpoint.directory)
    for layer in 0..<model.layerCount {
      let found = try model.activations(
        at: [
          .residPre(layer), HookPoint(.attentionOutput, layer: layer),
          HookPoint(.feedForwardOutput, layer: layer), .residPost(layer),
        ], of: Self.batch)
      #expect(relativeError((found[0] + found[1] + found[2]).array, found[3].array) < 1e-6)
      let hook = HookPoint(.residMid, layer: layer)
      guard model.architecture.has(hook) else {
        #expect(throws: ModelError.self) { try model.activations(at: hook, of: Self.batch) }
        continue
      }
      let middle = try model.activations(at: hook, of: Self.batch)
      #expect(relativeError((found[0] + found[1]).array, middle.array) < 1e-6)
    }
  }

  /// A token's bits do not depend on what runs beside it, on threads, or on whether earlier ones were kept.
  @Test(arguments: indices) func bitsOfSteps(index: Int) throws {
    let checkpoint = try RandomFamily(RandomFamily.configurations[index])
    let model = try LanguageModels.load(checkpoint.directory)
    let text = Gemma2Tests.tokens(61, below: 37, seed: 4)
    let whole = try Threads.withCount(1) { try model.run(TokenBatch([[3, 4], text])) }
    var cache = KeyValueCache(model, positions: text.count)
    var begin = 0
    for length in [1, 30, 1, 1, 17, 11] {
      var pass = try ForwardPass(model, next: Array(text[begin..<begin + length]), after: cache)
      try pass.advance(to: model.end)
      #expect(pass.activations == Matrix(whole[rows: 2 + begin..<2 + begin + length]), "\(begin)")
      let kept = pass.takeCache()
      cache = try #require(kept)
      begin += length
    }
  }

  /// With few layers loaded, places in them are the same.
  @Test(arguments: indices) func someLayersAlone(index: Int) throws {
    let checkpoint = try RandomFamily(RandomFamily.configurations[index])
    let model = try LanguageModels.load(checkpoint.directory)
    let part = try LanguageModels.load(checkpoint.directory, options: ModelOptions(layers: 2))
    let hook = HookPoint(.hidden, layer: 1)
    #expect(
      try part.activations(at: hook, of: Self.batch) == model.activations(at: hook, of: Self.batch))
    #expect(throws: ModelError.self) {
      try part.activations(at: HookPoint(.attentionHeads, layer: 2), of: Self.batch)
    }
  }

  /// A direct effect is the change of logits that a small step makes, where it is the only one: of the
  /// stream's direction after the last layer, up to the norm's factor.
  @Test(arguments: indices) func directEffects(index: Int) throws {
    let checkpoint = try RandomFamily(RandomFamily.configurations[index])
    let model = try LanguageModels.load(checkpoint.directory)
    let direction = Matrix(rows: 1, columns: model.width) { Float(($1 * 7) % 5) - 2 }
    let effects = model.directEffects(of: direction.view).array
    let logits = model.logits(direction.view).array
    #expect(effects.count == model.vocabularySize)
    // Without a bias in the norm the two are the same.
    #expect((effects == logits) == (model.architecture.finalNorm.kind != .layerNorm))
    let opposite = model.directEffects(of: (-1 * direction).view).array
    #expect(relativeError(opposite.map { -$0 }, effects) < 1e-6)
  }
}
