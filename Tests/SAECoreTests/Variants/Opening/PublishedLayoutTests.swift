import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Autoencoders in the layouts that other libraries publish, with the numbers that theirs give.
@Suite struct PublishedLayoutTests {
  private struct Expected: Decodable {
    /// Missing where a layout is only written.
    let path: String?
    let architecture: String?
    let layers: Int?
    let normScalingFactor: Double?

    enum CodingKeys: String, CodingKey {
      case path, architecture, layers
      case normScalingFactor = "norm_scaling_factor"
    }
  }

  private struct Refused: Decodable {
    struct Entry: Decodable {
      let dir: String
      let path: String
      let problem: String
    }
    let dirs: [Entry]
  }

  /// The folders of families whose members are one autoencoder each, or one for each layer.
  private static func cases() throws -> [String] {
    let root = try Fixtures.path("layouts")
    let families = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
    return families.filter { !["pickles", "refuse"].contains($0) }.flatMap { family -> [String] in
      (try? Fixtures.folders(in: "layouts/\(family)", holding: "expected.json")) ?? []
    }
  }

  /// Several layers at a time, and what needs sequences, are not autoencoders of one matrix of activations.
  private static func isOne(_ expected: Expected, _ x: StoredTensor) -> Bool {
    x.shape.count == 2 || expected.architecture == "transcoder_set"
  }

  @Test func everyCaseGivesTheNumbersOfItsLibrary() throws {
    var opened = 0
    for folder in try Self.cases() {
      let name = folder.split(separator: "/").suffix(2).joined(separator: "/")
      let expected = try JSONDecoder().decode(
        Expected.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/expected.json")))
      guard let relative = expected.path else { continue }
      let io = try SafetensorsFile("\(folder)/io.safetensors")
      let x = try io.tensor("x")
      guard Self.isOne(expected, x) else { continue }
      print("layout:", name)
      let path = relative == "." ? folder : "\(folder)/\(relative)"
      if let layers = expected.layers {
        for layer in 0..<layers {
          let file = "\(path)/layer_\(layer).safetensors"
          try compare(try Self.open(file, nil, name), io, layer, of: layers, name)
          opened += 1
        }
      } else {
        try compare(try Self.open(path, expected.normScalingFactor, name), io, 0, of: 1, name)
        opened += 1
      }
    }
    #expect(opened > 0)
  }

  private static func open(
    _ path: String, _ factor: Double?, _ name: String
  ) throws -> (any SparseAutoencoder)? {
    do {
      return try SAE.load(path)
    } catch {
      let said = error.description
      if let factor, said.contains("activation scale") {
        return try SAE.load(path, activationScale: factor)
      }
      // What is not run is refused by name.
      print("  refused:", said)
      #expect(unsupported.contains { said.contains($0) }, "\(name): \(said)")
      return nil
    }
  }

  private static let unsupported = [
    "an architecture that this library runs", "is not run",
  ]

  private func compare(
    _ sae: (any SparseAutoencoder)?, _ io: SafetensorsFile, _ layer: Int, of layers: Int,
    _ name: String
  ) throws {
    guard let sae else { return }
    func rows(_ tensor: String) throws -> Matrix {
      let all = try io.tensor(tensor).matrix()
      return all.gatheringRows(Array(stride(from: layer, to: all.rows, by: layers)))
    }
    let x = try rows("x")
    let latents = try sae.encode(x)
    let expected = try rows("latents")
    try expectClose(latents.dense(), expected, "\(name): latents", support: true)
    try expectClose(
      try sae.reconstruct(x), try rows("reconstruction"), "\(name): reconstruction", support: false)
  }

  /// 1e-5 times the larger of 1 and the greatest magnitude that is expected.
  private func expectClose(
    _ found: Matrix, _ expected: Matrix, _ name: String, support: Bool
  ) throws {
    try #require(found.rows == expected.rows && found.columns == expected.columns, "\(name)")
    let largest = expected.array.map(abs).max() ?? 0
    let tolerance = 1e-5 * max(1, largest)
    for (a, b) in zip(found.array, expected.array) {
      #expect(abs(a - b) <= tolerance, "\(name): \(a) for \(b)")
      if support { #expect((a != 0) == (b != 0), "\(name): \(a) for \(b)") }
      if abs(a - b) > tolerance { return }
    }
  }

  @Test func whatIsWrongIsRefused() throws {
    let refused = try Fixtures.json(Refused.self, "layouts/refuse/manifest.json")
    for entry in refused.dirs {
      print("refuse:", entry.dir)
      let folder = try Fixtures.path("layouts/refuse/\(entry.dir)")
      for path in [entry.path, "checkpoint"] {
        let full = path == "." ? folder : "\(folder)/\(path)"
        guard FileManager.default.fileExists(atPath: full) else { continue }
        if entry.dir.hasPrefix("whitening") && path != "checkpoint" { continue }
        let said = refusal {
          if Crosscoder.isOne(full) {
            _ = try Crosscoder.load(full)
          } else {
            _ = try SAE.load(full)
          }
        }
        print("  ", said ?? "read")
        #expect(said != nil, "\(entry.dir): \(entry.problem)")
      }
    }
  }
}
