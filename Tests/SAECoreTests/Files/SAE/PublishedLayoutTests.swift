import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Every layout that is published: what is read gives its numbers, the rest is refused by name.
@Suite(.enabled(if: Fixtures.pathIfPresent("layouts") != nil)) struct PublishedLayoutTests {
  private struct Expected: Decodable {
    let family: String
    let path: String?
  }

  @Test func readOrRefused() throws {
    var read: [String] = []
    let root = try Fixtures.path("layouts")
    for family in try FileManager.default.contentsOfDirectory(atPath: root).sorted() {
      let folder = "\(root)/\(family)"
      for name in (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? [] {
        let description = "\(folder)/\(name)/expected.json"
        guard let data = FileManager.default.contents(atPath: description) else { continue }
        let expected = try JSONDecoder().decode(Expected.self, from: data)
        guard let relative = expected.path else { continue }
        let path = "\(folder)/\(name)/\(relative)"
        guard let said = refusal({ _ = try SAE.load(path) }) else {
          read.append(family)
          let autoencoder = try SAE.load(path)
          let io = try SafetensorsFile("\(folder)/\(name)/io.safetensors")
          let x = try io.tensor("x").matrix()
          expectClose(
            try autoencoder.encode(x).dense().array, try io.tensor("latents").floats(),
            tolerance: 1e-5, "\(path): latents")
          expectClose(
            try autoencoder.reconstruct(x).array, try io.tensor("reconstruction").floats(),
            tolerance: 1e-5, "\(path): reconstruction")
          continue
        }
        print("refused:", said.replacing(root, with: "…"))
        #expect(said.hasPrefix(folder) && !said.contains("\n"), "\(said)")
        #expect(said.contains("expected"), "\(said)")
      }
    }
    print("read:", read)
    #expect(Set(read).isSuperset(of: ["hub_sharded", "sae_lens_whitening"]))
  }

  private struct Refusals: Decodable {
    struct Entry: Decodable {
      let dir: String
      let path: String
    }
    let dirs: [Entry]
  }

  @Test func everythingWithOneThingWrongIsRefused() throws {
    let root = try Fixtures.path("layouts/refuse")
    let entries = try JSONDecoder().decode(
      Refusals.self, from: Data(contentsOf: URL(fileURLWithPath: "\(root)/manifest.json"))
    ).dirs
    #expect(!entries.isEmpty)
    for entry in entries {
      let path = "\(root)/\(entry.dir)/\(entry.path)"
      let said = try #require(refusal { _ = try SAE.load(path) }, "\(entry.dir)")
      #expect(said.hasPrefix("\(root)/\(entry.dir)") && !said.contains("\n"), "\(said)")
    }
  }

  /// Pickles, good and hostile, are not read at all.
  @Test func picklesAreNamed() throws {
    let root = try Fixtures.path("layouts/pickles")
    for folder in ["good", "hostile"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)") {
        let path = "\(root)/\(folder)/\(name)"
        #expect(refusal { _ = try SAE.load(path) } != nil, "\(name)")
        #expect(refusal { _ = try TensorFile(path).tensors() } != nil, "\(name)")
      }
    }
  }
}
