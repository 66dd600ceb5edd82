import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Crosscoders and cross-layer transcoders in the layouts that they are published in, with the numbers
/// that their libraries give.
@Suite struct PublishedCrosscoderTests {
  private struct Expected: Decodable {
    let path: String?
    let architecture: String?
  }

  /// Activations of several sites; the sets of transcoders are one autoencoder for each, and temporal ones
  /// take sequences.
  private static func isOne(_ expected: Expected, _ x: StoredTensor) -> Bool {
    x.shape.count == 3 && !["transcoder_set", "temporal"].contains(expected.architecture)
  }

  @Test func everyCaseGivesTheNumbersOfItsLibrary() throws {
    let root = try Fixtures.path("layouts")
    var opened = 0
    for family in try FileManager.default.contentsOfDirectory(atPath: root).sorted() {
      let folders =
        (try? Fixtures.folders(in: "layouts/\(family)", holding: "io.safetensors")) ?? []
      for folder in folders {
        let expected = try JSONDecoder().decode(
          Expected.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/expected.json")))
        let io = try SafetensorsFile("\(folder)/io.safetensors")
        guard let path = expected.path, Self.isOne(expected, try io.tensor("x")) else { continue }
        let name = folder.split(separator: "/").suffix(2).joined(separator: "/")
        print("crosscoder:", name)
        try compare(try Crosscoder.load(path == "." ? folder : "\(folder)/\(path)"), io, name)
        opened += 1
      }
    }
    #expect(opened > 0)
  }

  private func compare(_ crosscoder: Crosscoder, _ io: SafetensorsFile, _ name: String) throws {
    func parts(_ tensor: String, _ count: Int) throws -> [Matrix] {
      let all = try io.tensor(tensor).matrix()
      return (0..<count).map { part in
        all.gatheringRows(Array(stride(from: part, to: all.rows, by: count)))
      }
    }
    let x = try parts("x", crosscoder.inputs.count)
    let (latents, reconstructions) = try crosscoder.run(x)
    let expected = try parts("latents", latents.count)
    for (group, (found, expected)) in zip(latents, expected).enumerated() {
      expectClose(found.dense(), expected, "\(name): latents of group \(group)", support: true)
    }
    let targets = try parts("reconstruction", reconstructions.count)
    for (site, (found, expected)) in zip(reconstructions, targets).enumerated() {
      expectClose(found, expected, "\(name): output \(site)", support: false)
    }
    #expect(try crosscoder.encode(x) == latents)
    #expect(throws: ShapeError.self) { try crosscoder.encode(x + [x[0]]) }
    #expect(throws: ShapeError.self) {
      try crosscoder.reconstruct(x, from: latents.dropLast().map { $0 })
    }
  }

  /// 1e-5 times the larger of 1 and the greatest magnitude that is expected.
  private func expectClose(
    _ found: Matrix, _ expected: Matrix, _ name: String, support: Bool
  ) {
    let tolerance = 1e-5 * max(1, expected.array.map(abs).max() ?? 0)
    #expect(found.shape == expected.shape, "\(name)")
    let pairs = zip(found.array, expected.array)
    let worst = pairs.map { abs($0 - $1) }.max() ?? 0
    #expect(worst <= tolerance, "\(name)")
    if support { #expect(!pairs.contains { ($0 != 0) != ($1 != 0) }, "\(name)") }
  }

  /// By hand: two sites of width 1, one latent that reads both and writes both, and a skip connection.
  @Test func oneLatentByHand() throws {
    let one = Matrix([[1]])
    var crosscoder = Crosscoder(
      [
        Crosscoder.Group(
          encoders: [(0, one), (1, Matrix([[2]]))], bias: [-1], selection: .above([0.5]),
          decoders: [
            Crosscoder.Decoder(site: 0, matrix: Matrix([[3]]), shift: nil),
            Crosscoder.Decoder(site: 1, matrix: Matrix([[-1]]), shift: [0.5]),
          ])
      ], biases: [[0.25], [0]], inputs: 2)
    crosscoder.skips = [Crosscoder.Skip(from: 0, to: 1, matrix: Matrix([[10]]))]
    crosscoder.inputs[1] = Crosscoder.Affine(mean: [1], factor: 0.5)
    crosscoder.outputs[0] = Crosscoder.Affine(mean: [7], factor: 2)
    // Token 0: 1 · 1 + 2 · (3 − 1) / 2 − 1 = 2, above 0.5; token 1: 0 + 2 · 0.75 − 1 = 0.5, not above it.
    let (latents, outputs) = try crosscoder.run([Matrix([[1], [0]]), Matrix([[3], [2.5]])])
    #expect(latents[0].dense() == Matrix([[2], [0]]))
    // (3 · 2 + 0.25) · 2 + 7, and 0.25 · 2 + 7.
    #expect(outputs[0] == Matrix([[19.5], [7.5]]))
    // −(2 + 0.5) + 10 · 1, and 10 · 0.
    #expect(outputs[1] == Matrix([[7.5], [0]]))
  }
}
