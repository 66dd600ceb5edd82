import SAECore
import SAETestSupport
import Testing

/// Files that are no tensors say what they are where an autoencoder is looked for.
@Suite struct FileKindOpeningTests {
  @Test(arguments: FileOfAnotherKind.all) func openingSaysWhatItIs(
    _ sample: FileOfAnotherKind
  ) throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write("weights.safetensors", sample.bytes)
    try scratch.write("sae/sae_weights.safetensors", sample.bytes)
    try scratch.write("sae/cfg.json", "{}")
    for place in [path, scratch.file("sae")] {
      let said = try #require(refusal { _ = try SAE.load(place) }, "\(place): \(sample.words)")
      #expect(!said.contains("\n"))
      #expect(said.hasPrefix(scratch.path), "\(place): \(said)")
      for word in sample.words { #expect(said.contains(word), "\(place): \(said)") }
    }
  }
}
