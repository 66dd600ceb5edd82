import Foundation
import SAECore
import Testing

@testable import SAEStudy

/// Trainings that a study of version 0.1.0 was in the middle of end as the bits that they would have ended
/// with.
@Suite struct OldStudyTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Tests/Data/checkpoints-0.1.0").path

  private func expected(_ name: String) throws -> [String: UInt32] {
    struct File: Decodable { var study: [String: [String: [String: UInt32]]] }
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(Self.root)/checksums.json"))
    return try JSONDecoder().decode(File.self, from: data).study[name]?[kernelName] ?? [:]
  }

  private struct Stop: Error {}

  @Test(arguments: ["study-broad", "study-domain"])
  func aPassGoesOn(_ name: String) throws {
    let folder = try ScratchFolder()
    let out = folder.file("study")
    try FileManager.default.copyItem(atPath: "\(Self.root)/\(name)", toPath: out)
    let configuration = try StudyConfiguration(file: "\(out)/study.json")
    let expected = try expected(name)
    // Whatever is trained after the pass is this version's.
    do {
      _ = try Study(demo: configuration, directory: out).run { event in
        switch event {
        case .training(let names, 1, _) where expected[names[0]] == nil: throw Stop()
        case .measuring: throw Stop()
        default: return
        }
      }
    } catch is Stop {}
    for (plan, checksum) in expected {
      let weights = try Self.weights("\(out)/saes/\(plan)")
      #expect(Self.checksum(weights) == checksum, "\(plan)")
    }
  }

  /// Of a boosted autoencoder those of the booster, which 0.1.0 wrote alone.
  private static func weights(_ path: String) throws -> SafetensorsFile {
    let manager = FileManager.default
    let own = try manager.subpathsOfDirectory(atPath: path).filter {
      $0.hasSuffix("sae_weights.safetensors")
    }
    let booster = own.first { $0.hasPrefix("booster/") } ?? own[0]
    return try SafetensorsFile("\(path)/\(booster)")
  }

  private static func checksum(_ file: SafetensorsFile) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    func add(_ byte: UInt8) {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    for tensor in file.tensors.sorted(by: { $0.name < $1.name }) {
      tensor.name.utf8.forEach(add)
      for value in tensor.floats() {
        for shift in [0, 8, 16, 24] as [UInt32] {
          add(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
      }
    }
    return ~crc
  }
}
