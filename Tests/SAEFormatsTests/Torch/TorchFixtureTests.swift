import Foundation
import SAETestSupport
import Testing

@testable import SAEFormats

/// Files that PyTorch wrote, with their values, and such as were made to do harm.
@Suite struct TorchFixtureTests {
  private struct Manifest: Decodable {
    struct Entry: Decodable {
      let file: String
      let expect: String
      let arrays: String?
      let problem: String?
    }
    let good: [Entry]
    let hostile: [Entry]
  }

  private static let folder = "layouts/pickles"

  private func entries() throws -> [Manifest.Entry] {
    let manifest = try Fixtures.json(Manifest.self, "\(Self.folder)/manifest.json")
    return manifest.good + manifest.hostile
  }

  @Test func everyFileIsReadOrRefused() throws {
    for entry in try entries() {
      print("pickle:", entry.file)
      let path = try Fixtures.path("\(Self.folder)/\(entry.file)")
      do {
        let file = try TorchFile(path)
        #expect(entry.expect.contains("load"), "\(entry.file) is read")
        if let arrays = entry.arrays {
          try compare(file, try SafetensorsFile(Fixtures.path("\(Self.folder)/\(arrays)")))
        }
      } catch {
        let error = try #require(error as? FileError)
        #expect(entry.expect != "load", "\(error)")
        #expect(!error.description.contains("\n"))
        #expect(error.description.hasPrefix(path))
      }
    }
  }

  /// Every tensor is there, its elements are those expected, to the bit, however they are read.
  private func compare(_ file: TorchFile, _ expected: SafetensorsFile) throws {
    let tensors = file.root.tensors
    #expect(tensors.map(\.name).sorted() == expected.tensors.map(\.name).sorted())
    for tensor in tensors {
      let other = try expected.tensor(tensor.name)
      #expect(tensor.shape == other.shape && tensor.type == other.type, "\(tensor.name)")
      #expect(tensor.doubles().map(\.bitPattern) == other.doubles().map(\.bitPattern))
      #expect(tensor.floats().map(\.bitPattern) == other.floats().map(\.bitPattern))
      guard tensor.count > 0 else { continue }
      #expect(try Self.bits(tensor.matrix()) == Self.bits(other.matrix()), "\(tensor.name)")
      for row in 0..<min(3, tensor.rows) {
        #expect(
          try Self.bits(tensor.matrix(rows: row..<row + 1))
            == Self.bits(
              other.matrix(rows: row..<row + 1)))
      }
      if tensor.type.isInteger { #expect(try tensor.integers() == other.integers()) }
    }
  }

  private static func bits(_ matrix: Matrix) -> [UInt32] { matrix.array.map(\.bitPattern) }

  /// A file with one byte changed is read to other values or refused; nothing else happens.
  @Test func damagedFilesDoNoHarm() throws {
    for entry in try entries() where entry.expect == "load" {
      let bytes = try [UInt8](
        Data(contentsOf: URL(fileURLWithPath: Fixtures.path("\(Self.folder)/\(entry.file)"))))
      guard bytes.count < 8192 else { continue }
      for index in stride(from: 0, to: bytes.count, by: 7) {
        var damaged = bytes
        damaged[index] ^= UInt8(truncatingIfNeeded: 1 << (index % 8))
        guard let file = try? TorchFile(FileBytes(damaged, name: "x")) else { continue }
        for tensor in file.root.tensors where tensor.count > 0 { _ = try? tensor.matrix() }
      }
      for length in stride(from: 0, to: bytes.count, by: 13) {
        #expect(throws: FileError.self) {
          try TorchFile(FileBytes(Array(bytes.prefix(length)), name: "x"))
        }
      }
    }
  }
}
