import Foundation
import SAECore
import SAETestSupport

/// Checkpoints that version 0.1.0 wrote, and what it made of them to the end on each set of kernels.
enum OldCheckpoints {
  static let root = Checkout.tests("Data/checkpoints-0.1.0").path

  static func path(_ name: String) -> String { "\(root)/\(name)" }

  /// What all of them were trained on.
  static func activations() throws -> Matrix {
    try SafetensorsFile(path("activations.safetensors")).tensor("activations").matrix()
  }

  /// The end of `checksums.json`: what is under "library", by name and kernels.
  static func checksums(_ name: String) throws -> [String: [UInt32]]? {
    struct Entry: Decodable {
      var parameters: UInt32?
      var finished: UInt32?
      var members: [UInt32]?
    }
    struct File: Decodable { var library: [String: [String: Entry]] }
    let data = try Data(contentsOf: URL(fileURLWithPath: path("checksums.json")))
    return try JSONDecoder().decode(File.self, from: data).library[name]?.mapValues { entry in
      entry.members ?? [entry.parameters, entry.finished].compactMap { $0 }
    }
  }

  /// Of names and numbers, as the file has it.
  static func checksum(_ parameters: ParameterSet) -> UInt32 {
    var bytes: [UInt8] = []
    for name in parameters.names {
      bytes += Array("\(name)".utf8)
      for value in parameters[name].array {
        for shift in [0, 8, 16, 24] as [UInt32] {
          bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
      }
    }
    return CRC32.of(bytes)
  }

  /// Texts by which version 0.1.0 described settings of each variant, and options of runs.
  static func descriptions() throws -> [(variant: String, text: String)] {
    try String(contentsOfFile: path("descriptions.tsv"), encoding: .utf8)
      .split(separator: "\n").map { line in
        let cells = line.split(separator: "\t", maxSplits: 1)
        return (String(cells[0]), String(cells[1]))
      }
  }
}
