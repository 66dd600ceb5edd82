import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// What holds for every variant of the registry.
@Suite struct VariantTests {
  private static let (width, latents) = (6, 16)

  private static let source = Matrix.random(256, width, seed: 1)

  private static func targets(_ variant: Variant) -> Matrix? {
    variant.takesTargets ? Matrix.random(256, width, seed: 2) : nil
  }

  private static var options: TrainingOptions {
    var options = TrainingOptions(steps: 12)
    options.batchTokens = 64
    return options
  }

  private static var settings: VariantSettings {
    var settings = VariantSettings(latentCount: latents, steps: 12)
    settings.k = 4
    return settings
  }

  @Test func namesAreDifferent() {
    #expect(Set(Variant.allCases.map(\.name)).count == Variant.allCases.count)
    for variant in Variant.allCases { #expect(Variant(rawValue: variant.name) == variant) }
    #expect(Variant(rawValue: "mlp") == nil)
    let architectures = Variant.allCases.flatMap(\.architectures)
    #expect(Set(architectures).count == architectures.count)
  }

  @Test(arguments: Variant.allCases) func namesAreCoded(_ variant: Variant) throws {
    let data = try JSONEncoder().encode([variant])
    #expect(String(decoding: data, as: UTF8.self) == "[\"\(variant.name)\"]")
    #expect(try JSONDecoder().decode([Variant].self, from: data) == [variant])
  }

  /// Trained, written, and opened, by the type and by its files alone: the same latents.
  @Test(arguments: Variant.allCases) func isOpenedFromItsFiles(_ variant: Variant) throws {
    func check<Training: TrainedVariant>(_ training: Training) throws {
      let targets = Self.targets(variant)
      var run = try TrainingRun<Training.Model>(
        training.configuration(Self.settings), latentCount: Self.latents, on: Self.source,
        targets: targets, options: Self.options)
      while try run.step() != nil {}
      let model = try run.folded()
      let scratch = try ScratchFolder()
      try model.save(to: scratch.file("sae"))
      let x = Matrix.random(40, Self.width, seed: 3)
      let expected = try model.reconstruct(x)
      let latents = try model.encode(x)
      #expect(latents.entryCount > 0)
      for opened: any SparseAutoencoder in [
        try Training.Model.load(scratch.file("sae")), try SAE.load(scratch.file("sae")),
      ] {
        expectClose(
          try opened.encode(x).dense().array, latents.dense().array, tolerance: 1e-5, "latents")
        expectClose(
          try opened.reconstruct(x).array, expected.array, tolerance: 1e-5, "reconstruction")
      }
    }
    try check(variant.training)
  }

  /// A run that goes on from a checkpoint ends with the same bits.
  @Test(arguments: Variant.allCases) func isResumed(_ variant: Variant) throws {
    func check<Training: TrainedVariant>(_ training: Training) throws {
      let targets = Self.targets(variant)
      var run = try TrainingRun<Training.Model>(
        training.configuration(Self.settings), latentCount: Self.latents, on: Self.source,
        targets: targets, options: Self.options)
      for _ in 0..<5 { _ = try run.step() }
      let scratch = try ScratchFolder()
      let folder = try CheckpointFolder(scratch.file("checkpoints"))
      let path = try folder.write(run.checkpoint())
      while try run.step() != nil {}
      var resumed = try TrainingRun<Training.Model>(
        from: try TrainingCheckpoint(contentsOf: path), on: Self.source, targets: targets)
      #expect(resumed.trainer.step == 5)
      while try resumed.step() != nil {}
      #expect(try resumed.folded() == run.folded())
    }
    try check(variant.training)
  }

  /// Settings that a variant has reach its configuration, and no others.
  @Test(arguments: Variant.allCases) func settingsReachTheConfiguration(_ variant: Variant) throws {
    func text(_ change: (inout VariantSettings) -> Void) throws -> String {
      var settings = Self.settings
      change(&settings)
      return "\(try variant.training.configuration(settings))"
    }
    let plain = try text { _ in }
    let changes: [(Variant.Option, (inout VariantSettings) -> Void)] = [
      (.k, { $0.k = 2 }), (.sparsity, { $0.coefficient = 3 }), (.levels, { $0.levels = [2, 5] }),
      (.experts, { $0.experts = 8 }), (.activeExperts, { $0.activeExperts = 1 }),
    ]
    for (option, change) in changes {
      let changed = try text(change) != plain
      #expect(changed == variant.options.contains(option), "\(option)")
    }
  }

  @Test func settingsThatCannotBe() throws {
    func refused(_ variant: Variant, _ change: (inout VariantSettings) -> Void) -> String? {
      var settings = Self.settings
      change(&settings)
      do { _ = try variant.training.configuration(settings) } catch {
        return (error as? OptionError)?.option
      }
      return nil
    }
    for variant in Variant.allCases where variant.aimsAtL0 {
      for k in [0, -1, 17, .nan] {
        #expect(refused(variant) { $0.k = k } == "k", "\(variant.name): \(k)")
      }
    }
    #expect(refused("topk") { $0.k = 2.5 } == "k")
    #expect(refused("batchtopk") { $0.k = 2.5 } == nil)
    #expect(refused("groupmax") { $0.k = 3 } == "k")
    #expect(refused("matryoshka") { $0.levels = [4, 2] } == "levels")
    #expect(refused("matryoshka") { $0.levels = [4, 17] } == "levels")
    #expect(refused("mixture") { $0.experts = 3 } == "experts")
    #expect(refused("mixture") { $0.activeExperts = 5 } == "active-experts")
    #expect(refused("relu") { $0.coefficient = -1 } != nil)
  }
}
