import SAECore
import Testing

@testable import SAEStudy

@Suite struct DemoWorldTests {
  @Test func eachKindOfTextHasItsOwnFeatures() throws {
    let world = try DemoWorld(seed: 1)
    for (text, own, other) in [
      (StudyText.domain, DemoWorld.domainFeatures, DemoWorld.broadFeatures),
      (.broad, DemoWorld.broadFeatures, DemoWorld.domainFeatures),
    ] {
      let sample = world.sample(text, 0..<256)
      let active = Set(sample.features.indices.map { Int($0) })
      #expect(!active.isDisjoint(with: own))
      #expect(!active.isDisjoint(with: DemoWorld.commonFeatures))
      #expect(active.isDisjoint(with: other))
    }
  }

  @Test func tokensAreTheSameHoweverTheyAreAskedFor() throws {
    let world = try DemoWorld(seed: 1)
    let all = world.sample(.domain, 0..<96)
    let part = world.sample(.domain, 32..<96)
    #expect(all.features[tokens: 32..<96] == part.features)
    #expect(Matrix(all.activations[rows: 32..<96]) == part.activations)
    #expect(world.sample(.broad, 0..<96).activations != all.activations)
  }

  @Test func theStrongestFeatureNamesTheToken() throws {
    let latents = try SparseLatents(
      latentCount: DemoWorld.broadFeatures.upperBound, rowOffsets: [0, 2, 2], indices: [3, 200],
      values: [1, 2])
    let ids = DemoWorld.tokenIDs(latents)
    #expect(ids == [200, DemoWorld.broadFeatures.upperBound])
    #expect(ids.map(DemoWorld.text) == [" domain-8", " ·"])
  }
}
