import Foundation
import SAECore
import Testing

/// Runs that `sae train` of version 0.1.0 began end as the bits that it would have ended with.
@Suite struct OldCheckpointTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Tests/Data/checkpoints-0.1.0").path

  /// Of the tensors' names and elements, in the order of names.
  static func checksum(_ weights: String) throws -> UInt32 {
    var bytes: [UInt8] = []
    for tensor in try SafetensorsFile(weights).tensors.sorted(by: { $0.name < $1.name }) {
      bytes += Array(tensor.name.utf8)
      for value in tensor.floats() {
        for shift in [0, 8, 16, 24] as [UInt32] {
          bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
      }
    }
    return crc32(bytes)
  }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
        crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0)
      }
    }
  }

  private func expected(_ name: String) throws -> UInt32? {
    struct File: Decodable { var train: [String: [String: UInt32]] }
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(Self.root)/checksums.json"))
    return try JSONDecoder().decode(File.self, from: data).train[name]?[kernelName]
  }

  @Test(arguments: ["topk", "jumprelu", "batchtopk", "relu", "gated"])
  func aRunGoesOn(_ name: String) throws {
    let folder = try ScratchFolder()
    let resume = [
      "train", "--resume", "\(Self.root)/train/\(name)", "--out", folder.file("sae"),
      "--activations", "\(Self.root)/activations.safetensors",
    ]
    // The options are those of the recorded run, and no others.
    let other = try Command(resume + ["--seed", "8"])
    #expect(other.status == 64 && other.errors.contains("--seed"), "\(other.errors)")
    let run = try Command(resume + ["--seed", "7"])
    #expect(run.status == 0, "\(run.errors)")
    if let expected = try expected(name) {
      #expect(try Self.checksum(folder.file("sae/sae_weights.safetensors")) == expected)
    }
  }
}
