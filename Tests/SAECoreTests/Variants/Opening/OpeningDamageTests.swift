import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Whatever is done to the files of an autoencoder, opening them works or says what is wrong.
@Suite struct OpeningDamageTests {
  /// Directories of every layout that is read, and of the files that lie beside.
  private func directories(_ scratch: ScratchFolder) throws -> [String] {
    let topK = try OpeningTests.topK(rescales: true).archive()
    let jumpReLU = try OpeningTests.jumpReLU(subtracts: false).archive()
    var checkpoint = try OpeningTests.gated().archive()
    checkpoint.activationScale = 0.5
    checkpoint.logFrequencies = [Float](repeating: -2, count: OpeningTests.latents)
    try checkpoint.write(to: scratch.file("checkpoint"))
    try topK.write(to: scratch.file("saelens"))
    try topK.expressed(in: .sparsify).write(to: scratch.file("sparsify"), as: .sparsify)
    try jumpReLU.write(to: scratch.file("gemma"), as: .gemmaScope)
    try scratch.write("export/none", "")
    try scratch.remove("export/none")
    try checkpoint.write(to: scratch.file("export/sae.safetensors"), as: .safetensors)
    try topK.write(boostedBy: jumpReLU, to: scratch.file("pair"))
    _ = try scratch.copy(CaseFolder.path("sharded-with-index"), to: "shards")
    _ = try scratch.copy(
      CaseFolder.path("gemma-scope-2-transcoder/layer_17_width_16k_l0_big"), to: "gemma2")
    return ["checkpoint", "saelens", "sparsify", "gemma", "export", "pair", "shards", "gemma2"]
  }

  private func files(_ directory: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: directory).filter { name in
      var isDirectory: ObjCBool = false
      _ = FileManager.default.fileExists(
        atPath: "\(directory)/\(name)", isDirectory: &isDirectory)
      return !isDirectory.boolValue
    }.sorted()
  }

  @Test func openingNeverCrashes() throws {
    let scratch = try ScratchFolder()
    var generator = SeededGenerator(31)
    for name in try directories(scratch) {
      let directory = scratch.file(name)
      let names = try files(directory)
      _ = try SAE.load(directory)
      var refused = 0
      for attempt in 0..<160 {
        let file = "\(directory)/\(names[Int.random(in: 0..<names.count, using: &generator)])"
        let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        switch attempt % 16 {
        case 0: try FileManager.default.removeItem(atPath: file)
        case 1: try Data().write(to: URL(fileURLWithPath: file))
        default: try Data(mutate(good, &generator)).write(to: URL(fileURLWithPath: file))
        }
        do {
          let sae = try SAE.open(directory)
          if sae.autoencoder.inputDimension < 64 {
            _ = try sae.autoencoder.reconstruct(
              Matrix(rows: 2, columns: sae.autoencoder.inputDimension, repeating: 1))
          }
        } catch let error as FileError {
          refused += 1
          #expect(!error.description.contains("\n"))
        }
        _ = try? SAEFiles.findAll(directory)
        try Data(good).write(to: URL(fileURLWithPath: file))
      }
      _ = try SAE.load(directory)
      #expect(refused > 20, "\(name): \(refused)")
    }
  }
}
