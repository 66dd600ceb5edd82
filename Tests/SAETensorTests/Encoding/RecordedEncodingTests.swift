import SAETestSupport
import Testing

@testable import SAETensor

/// What every way to select finds, in shapes that cross the encoders' blocks and panels.
@Suite(.enabled(if: RecordedBits.isPresent, "\(RecordedBits.reason)"))
struct RecordedEncodingTests {
  /// (tokens, width, latents).
  static let shapes = [(1, 5, 24), (70, 33, 300), (90, 70, 1296)]

  private static func hash(_ latents: SparseLatents) -> BitHash {
    var hash = BitHash()
    hash.add(latents.rowOffsets)
    hash.add(latents.indices)
    hash.add(latents.values)
    return hash
  }

  @Test(arguments: shapes.indices) func encoders(_ index: Int) throws {
    let (tokens, width, latents) = Self.shapes[index]
    let seed = UInt64(10 * index)
    let scores = LatentScores(
      activations: .random(tokens, width, seed: seed),
      encoder: .random(latents, width, seed: seed + 1),
      bias: Matrix.random(1, latents, seed: seed + 2).array,
      scale: (0..<latents).map { 0.5 + Float($0 % 3) / 2 })
    let threshold = Float(width).squareRoot()
    let found: [(String, SparseLatents)] = [
      ("largest", scores.largest(7)), ("largest-any", scores.largest(9, .any)),
      ("largest-most", scores.largest(latents / 2)),
      ("magnitudes", scores.largestMagnitudes(6)), ("groups", scores.largestOfGroups(12)),
      ("batch", scores.largestOfBatch(5 * tokens)), ("above", scores.above(threshold)),
      ("above-zero", scores.above(0)),
    ]
    for (name, latents) in found {
      let name = "encoding/\(index)/\(name)"
      let hash = Self.hash(latents)
      #expect("\(hash)" == (try RecordedBits.expected(name, found: hash)), "\(name)")
    }
  }

  /// Reconstructions, of sparse latents and of dense ones.
  @Test func decoding() throws {
    let latents = LatentScores(
      activations: .random(70, 33, seed: 1), encoder: .random(300, 33, seed: 2),
      bias: Matrix.random(1, 300, seed: 3).array)
    let decoder = Matrix.random(300, 45, seed: 4)
    let bias = Matrix.random(1, 45, seed: 5).array
    for (name, latents) in [("sparse", latents.largest(5)), ("dense", latents.above(0))] {
      let name = "decoding/\(name)"
      let hash = BitHash(latents.decoded(by: decoder, bias: bias))
      #expect("\(hash)" == (try RecordedBits.expected(name, found: hash)), "\(name)")
    }
  }
}
