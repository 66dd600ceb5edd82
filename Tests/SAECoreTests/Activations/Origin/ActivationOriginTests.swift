import Foundation
import SAECore
import Testing

@Suite struct ActivationOriginTests {
  static let known: ActivationOrigin = {
    var origin = ActivationOrigin()
    origin.model = "google/gemma-2-2b"
    origin.weights = "0123abcd"
    origin.hook = HookName("blocks.4.hook_resid_post")
    origin.context = 255
    origin.prefix = .token(2)
    origin.keepsPrefix = false
    origin.rotaryFrequencies = "float32"
    origin.normalization = "none"
    return origin
  }()

  /// Each thing that can differ, by the name in a mismatch.
  static let edits: [(name: String, edit: @Sendable (inout ActivationOrigin) -> Void)] = [
    ("hook", { $0.hook = HookName("blocks.4.hook_resid_pre") }),
    ("weights", { $0.weights = "0123abce" }), ("context", { $0.context = 254 }),
    ("prefix", { $0.prefix = .nothing }),
    ("prefix activations", { $0.keepsPrefix = true }),
    ("rotary frequencies", { $0.rotaryFrequencies = "bfloat16" }),
    ("normalization", { $0.normalization = "expected_average_only_in" }),
  ]

  private func mismatches(_ origins: ActivationOrigin...) -> [OptionError] {
    var check = OriginCheck()
    for (index, origin) in origins.enumerated() { check.add("\(index)", origin) }
    return check.mismatches
  }

  @Test func everyDifferenceIsFoundAndNamed() {
    #expect(mismatches(Self.known, Self.known).isEmpty)
    for (name, edit) in Self.edits {
      var other = Self.known
      edit(&other)
      let found = mismatches(Self.known, other)
      #expect(found.count == 1 && found[0].expected.hasPrefix("activations of \(name) "))
      #expect(found.first?.found.contains(", ") == false)
      // Nobody contradicts who says nothing.
      #expect(mismatches(other, ActivationOrigin()).isEmpty)
    }
    var other = Self.known
    for (_, edit) in Self.edits { edit(&other) }
    #expect(
      mismatches(Self.known, other)[0].description
        == "1: expected activations of hook blocks.4.hook_resid_post, weights 0123abcd, context 255, "
        + "prefix 2, prefix activations left out, rotary frequencies float32, normalization none, as 0, found "
        + "blocks.4.hook_resid_pre, 0123abce, 254, none, kept, bfloat16, expected_average_only_in")
  }

  @Test func metadataAreReadBack() throws {
    #expect(ActivationOrigin(metadata: Self.known.metadata) == Self.known)
    #expect(ActivationOrigin(metadata: ["unrelated": "x"]).isUnknown)
    let encoded = try JSONEncoder().encode(Self.known)
    #expect(try JSONDecoder().decode(ActivationOrigin.self, from: encoded) == Self.known)
    #expect(Set(Self.known.metadata.keys) == ActivationOrigin.metadataNames)
  }

  /// As version 0.1 wrote them.
  @Test func earlierShards() {
    let origin = ActivationOrigin(metadata: [
      "model": "gemma", "weights_crc32": "0123abcd", "hook": "blocks.4.hook_resid_post",
      "context": "255", "prefix": "none", "prefix_activations": "left out",
      "producer": "swift-sae 0.1.0", "tokens": "x.npy",
    ])
    #expect(origin.hook?.residualDepth == 5 && origin.context == 255)
    #expect(origin.prefix == .nothing && origin.keepsPrefix == false)
    #expect(origin.normalization == "none" && origin.model == "gemma")
  }

  @Test func autoencodersKnowWhatTheyWereTrainedOn() {
    var archive = SAEArchive(
      SAEArchitecture(.topK), inputDimension: 4, outputDimension: 4, latentCount: 8)
    archive.setActivationOrigin(Self.known)
    #expect(archive.activationOrigin == Self.known)
    // The field counts the beginning-of-sequence token.
    #expect(archive.metadata["context_size"] == .integer(256))
    #expect(archive.metadata["prepend_bos"] == .bool(true))
    archive.setActivationOrigin(ActivationOrigin())
    #expect(archive.activationOrigin.hook == nil && archive.metadata.members.isEmpty)
    // As SAELens has it: some token, of 1024 in all.
    archive.metadata["prepend_bos"] = .bool(true)
    archive.metadata["context_size"] = .integer(1024)
    #expect(archive.activationOrigin.prefix == .unnamed && archive.activationOrigin.context == 1023)
    var check = OriginCheck()
    var other = Self.known
    other.context = 1023
    check.add("a", other)
    check.add("b", archive.activationOrigin)
    #expect(check.mismatches.isEmpty)
    archive.inputNormalization = .averageOnly
    #expect(archive.activationOrigin.normalization == "expected_average_only_in")
    archive.activationScale = 2
    #expect(archive.activationOrigin.normalization == "none")
  }

  /// Names count where the weights are not known on both sides, and then their ends alone.
  @Test(arguments: [
    ("google/gemma-2-2b", "gemma-2-2b", true), ("/data/Gemma-2-2B/", "gemma-2-2b", true),
    ("gemma-2-2b", "gemma-2-9b", false), ("google/gemma-2-2b", "google/gemma-2-2b-it", false),
    (
      "/cache/models--google--gemma-2-2b/snapshots/c5ebcd40d208330abc697524c919956e692655cf",
      "gemma-2-2b", true
    ),
    (
      "/cache/models--google--gemma-2-2b/snapshots/c5ebcd40d208330abc697524c919956e692655cf",
      "gemma-2-9b", false
    ),
    ("/data/model", "gemma-2-2b", true), ("gpt2", "gpt2-small", true), ("gpt2", "gpt2-xl", false),
  ])
  func modelNames(_ one: String, _ other: String, _ agree: Bool) {
    var (a, b) = (ActivationOrigin(), ActivationOrigin())
    (a.model, b.model) = (one, other)
    #expect(mismatches(a, b).isEmpty == agree)
    #expect(mismatches(b, a).isEmpty == agree)
    (a.weights, b.weights) = ("1", "1")
    #expect(mismatches(a, b).isEmpty)
    b.weights = "2"
    #expect(mismatches(a, b).count == 1)
    #expect(mismatches(a, b)[0].expected.hasPrefix("activations of weights "))
  }

  @Test func whatAllAgreeOn() {
    var check = OriginCheck()
    check.add("a", Self.known)
    var other = Self.known
    other.hook = HookName("model.layers.4")
    other.context = 128
    other.weights = nil
    check.add("b", other)
    check.add("c", ActivationOrigin())
    #expect(check.common.hook?.text == "blocks.4.hook_resid_post")
    #expect(check.common.context == nil && check.common.weights == "0123abcd")
    #expect(check.mismatches.count == 1 && check.knowsWeights)
    #expect(throws: OptionError.self) { try check.check() }
  }
}
