import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// An autoencoder and its booster in files: opened together or not at all.
@Suite struct BoostedFilesTests {
  private let scratch: ScratchFolder
  private let base: TopKAutoencoder
  private let booster: JumpReLUAutoencoder
  private let x = Matrix.random(30, OpeningTests.width, seed: 2)

  init() throws {
    scratch = try ScratchFolder()
    base = try OpeningTests.topK(rescales: true)
    booster = try OpeningTests.jumpReLU(subtracts: true)
  }

  private func expectPair(_ path: String, scale: Float = 1) throws {
    let sae = try SAE.open(path)
    #expect(sae.layout == .boosted && sae.archives.count == 2)
    #expect(sae.autoencoder.latentCount == 2 * OpeningTests.latents)
    #expect(sae.autoencoder.decoder.rows == 2 * OpeningTests.latents)
    var scaled = x
    scaled.scale(by: scale)
    var expected = try base.reconstruct(x)
    expected.add(try booster.reconstruct(scaled), times: 1 / scale)
    let latents = try sae.autoencoder.encode(x)
    expectClose(
      try sae.autoencoder.reconstruct(x, from: latents).array, expected.array, tolerance: 1e-5,
      "decoded")
    expectClose(
      try sae.autoencoder.reconstruct(x).array, expected.array, tolerance: 1e-5, "reconstruction")
    // No type is one of the two.
    #expect(refusal { _ = try TopKAutoencoder.load(path) }?.contains("a boosted one") == true)
    #expect(refusal { _ = try JumpReLUAutoencoder.load(path) } != nil)
  }

  @Test func aPairComesBack() throws {
    try base.archive().write(boostedBy: booster.archive(), to: scratch.file("pair"))
    #expect(scratch.names == ["pair"])
    try expectPair(scratch.file("pair"))
    try expectPair(scratch.file("pair/"))
    // The booster alone is the pair as well; the base is itself.
    try expectPair(scratch.file("pair/booster"))
    try expectPair(scratch.file("pair/booster/sae_weights.safetensors"))
    #expect(try TopKAutoencoder.load(scratch.file("pair/base")).latentCount == OpeningTests.latents)
    #expect(
      refusal { _ = try SAEArchive.read(scratch.file("pair")) }?.contains("a boosted one") == true)
    #expect(
      refusal { try base.archive().write(boostedBy: booster.archive(), to: scratch.file("pair")) }
        != nil)
    try base.archive().write(
      boostedBy: booster.archive(), to: scratch.file("pair"), replacing: true)
    try expectPair(scratch.file("pair"))
  }

  /// Makes a pair one of before there were checksums.
  private func forgetChecksums(_ pair: String) throws {
    try scratch.write(
      "\(pair)/boosted.json", #"{"format": "swift-sae boosted autoencoder", "version": 1}"#)
    let path = scratch.file("\(pair)/booster/cfg.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try scratch.write(
      "\(pair)/booster/cfg.json",
      text.replacing(/"boosts_weights_crc32": "[0-9a-f]{8}",? ?/, with: ""))
  }

  /// A half of other weights fits by its widths, and is refused by name.
  @Test func halvesOfOtherPairs() throws {
    try base.archive().write(boostedBy: booster.archive(), to: scratch.file("pair"))
    var archive = base.archive()
    archive.parameters["b_enc"]?.values.scale(by: 2)
    archive.parameters["W_dec"]?.values.scale(by: 2)
    var other = booster.archive()
    other.parameters["W_dec"]?.values.scale(by: 2)
    try archive.write(boostedBy: other, to: scratch.file("other"))
    for half in ["base", "booster"] {
      let path = scratch.file("pair/\(half)")
      try FileManager.default.moveItem(atPath: path, toPath: scratch.file("kept"))
      try FileManager.default.copyItem(atPath: scratch.file("other/\(half)"), toPath: path)
      let failure = refusal { _ = try SAE.load(scratch.file("pair")) }
      #expect(
        failure?.contains("pair/\(half): expected the \(half) of this pair, whose weights") == true,
        "\(failure ?? "none")")
      try scratch.remove("pair/\(half)")
      try FileManager.default.moveItem(atPath: scratch.file("kept"), toPath: path)
      try expectPair(scratch.file("pair"))
    }
    // A booster beside another base.
    try FileManager.default.copyItem(
      atPath: scratch.file("pair/booster"), toPath: scratch.file("booster"))
    try FileManager.default.copyItem(
      atPath: scratch.file("other/base"), toPath: scratch.file("base"))
    #expect(
      refusal { _ = try SAE.load(scratch.file("booster")) }?.contains("the base of the booster")
        == true)
    try scratch.remove("base")
    try FileManager.default.copyItem(
      atPath: scratch.file("pair/base"), toPath: scratch.file("base"))
    try expectPair(scratch.file("booster"))
    try scratch.write(
      "pair/boosted.json",
      #"{"format": "swift-sae boosted autoencoder", "version": 1, "weights_crc32": {"base": 7}}"#)
    #expect(refusal { _ = try SAE.load(scratch.file("pair")) }?.contains("\"base\"") == true)
    try forgetChecksums("pair")
    try expectPair(scratch.file("pair"))
  }

  /// A booster as version 0.1.0 wrote it: beside its base, which it names.
  @Test func boostersBesideTheirBase() throws {
    try base.save(to: scratch.file("broad"))
    var archive = booster.archive()
    archive.metadata["boosts"] = .string("broad")
    try archive.write(to: scratch.file("boosted"))
    try expectPair(scratch.file("boosted"))
    try scratch.remove("broad")
    #expect(
      refusal { _ = try SAE.load(scratch.file("boosted")) }?
        .contains("expected the autoencoder that it boosts") == true)
    for name in ["", "..", "a/b", "."] {
      archive.metadata["boosts"] = .string(name)
      try archive.write(to: scratch.file("boosted"), replacing: true)
      #expect(refusal { _ = try SAE.load(scratch.file("boosted")) }?.contains("boosts") == true)
    }
    // Other layouts have no place for the name.
    for layout in [SAELayout.gemmaScope, .safetensors] {
      #expect(
        refusal { try archive.expressed(in: layout).write(to: scratch.file("x"), as: layout) }?
          .contains("booster of another") == true)
    }
  }

  /// The base may be of any layout, and each of the two has what its own files say.
  @Test func partsOfOtherLayoutsAndScales() throws {
    try base.archive().write(boostedBy: booster.archive(), to: scratch.file("pair"))
    try forgetChecksums("pair")
    try scratch.remove("pair/base")
    let sparsify = try base.archive().expressed(in: .sparsify)
    try sparsify.write(to: scratch.file("pair/base"), as: .sparsify)
    try expectPair(scratch.file("pair"))
    try scratch.write(
      "pair/booster/activation_scaler.json", "{\"scaling_factor\": 0.5, \"has_whitening\": false}")
    try expectPair(scratch.file("pair"), scale: 0.5)
    try scratch.remove("pair/booster/activation_scaler.json")
    let path = scratch.file("pair/booster/cfg.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try scratch.write(
      "pair/booster/cfg.json",
      text.replacing(
        "\"normalize_activations\": \"none\"",
        with: "\"normalize_activations\": \"expected_average_only_in\""))
    #expect(
      refusal { _ = try SAE.load(scratch.file("pair")) }?.contains("activation scale") == true)
    // The factor is for the one that lacks it.
    _ = try SAE.open(scratch.file("pair"), activationScale: 0.5)
  }

  @Test func brokenPairs() throws {
    func pair() throws -> String {
      try? FileManager.default.removeItem(atPath: scratch.file("pair"))
      try base.archive().write(boostedBy: booster.archive(), to: scratch.file("pair"))
      return scratch.file("pair")
    }
    func failure(_ path: String) -> String? { refusal { _ = try SAE.load(path) } }
    for part in ["base", "booster"] {
      let path = try pair()
      try scratch.remove("pair/\(part)")
      #expect(failure(path)?.contains("pair/\(part)") == true)
    }
    for text in [
      "", "{}", "[]", "{\"format\": \"other\", \"version\": 1}",
      "{\"format\": \"swift-sae boosted autoencoder\", \"version\": 2}",
      "{\"format\": \"swift-sae boosted autoencoder\"}",
    ] {
      let path = try pair()
      try scratch.write("pair/boosted.json", text)
      #expect(failure(path)?.contains("boosted.json") == true, "\(text)")
    }
    // Of another width.
    let path = try pair()
    try scratch.remove("pair/base")
    let narrow: ParameterSet = [
      .encoder: .random(4, 3, seed: 1), .encoderBias: .random(1, 4, seed: 2),
      .decoder: .random(4, 3, seed: 3), .decoderBias: .random(1, 3, seed: 4),
    ]
    try TopKAutoencoder(parameters: narrow, configuration: TopKConfiguration(k: 2))
      .save(to: scratch.file("pair/base"))
    #expect(failure(path)?.contains("d_in") == true)
    // A pair in the place of one of the two.
    let nested = try pair()
    try scratch.remove("pair/base")
    try base.archive().write(boostedBy: booster.archive(), to: scratch.file("pair/base"))
    #expect(failure(nested)?.contains("a boosted one") == true)
    let loop = try pair()
    try scratch.remove("pair/base")
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("pair/base"), withDestinationPath: "booster")
    #expect(failure(loop)?.contains("another booster") == true)
  }
}
