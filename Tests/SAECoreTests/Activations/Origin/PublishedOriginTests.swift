import Foundation
import SAECore
import Testing

/// Places that published autoencoders name in their files or folders.
@Suite struct PublishedOriginTests {
  let root = FileManager.default.temporaryDirectory.appendingPathComponent(
    "origins-\(UUID().uuidString)")

  private func folder(_ path: String) throws -> String {
    let url = root.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    return url.path
  }

  private func archive(_ activation: SAEArchitecture.Activation) -> SAEArchive {
    var archive = SAEArchive(
      SAEArchitecture(activation), inputDimension: 4, outputDimension: 4, latentCount: 8)
    let matrix = Matrix(rows: 8, columns: 4) { row, column in Float(row + column) }
    for name in ["W_enc", "W_dec"] { archive.parameters[name] = .init(matrix) }
    archive.parameters["b_enc"] = .init(Matrix(rows: 1, columns: 8), isVector: true)
    archive.parameters["b_dec"] = .init(Matrix(rows: 1, columns: 4), isVector: true)
    if activation == .jumpReLU {
      archive.parameters["threshold"] = .init(Matrix(rows: 1, columns: 8), isVector: true)
      archive.subtractsDecoderBias = false
    } else {
      archive.settings["k"] = .integer(2)
      archive.settings["rescale_acts_by_decoder_norm"] = .bool(false)
    }
    return archive
  }

  @Test(arguments: [
    ("layers.4", "blocks.4.hook_resid_post"), ("layers.3.mlp", "model.layers.3.mlp"),
  ])
  func sparsifyNamesItsFolders(_ name: String, _ place: String) throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let path = try folder("run/\(name)")
    try archive(.topK).write(to: path, as: .sparsify)
    let hook = try #require(SAEArchive.read(path).archive.activationOrigin.hook)
    #expect(hook.agrees(with: HookName(place)))
    let plain = try folder("run/mine")
    try archive(.topK).write(to: plain, as: .sparsify)
    #expect(try SAEArchive.read(plain).archive.activationOrigin.hook == nil)
  }

  @Test(arguments: [
    ("gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71", "gemma-2-2b", "layers.20"),
    (
      "models--google--gemma-scope-9b-it-mlp/snapshots/1234/layer_3/width_16k/average_l0_71",
      "google/gemma-2-9b-it", "blocks.3.hook_mlp_out"
    ),
  ])
  func gemmaScopeNamesItsFolders(_ name: String, _ model: String, _ place: String) throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let path = try folder(name)
    try archive(.jumpReLU).write(to: path, as: .gemmaScope)
    let origin = try SAEArchive.read(path).archive.activationOrigin
    #expect(try #require(origin.hook).agrees(with: HookName(place)))
    var expected = ActivationOrigin()
    expected.model = model
    var check = OriginCheck()
    check.add("a", origin)
    check.add("b", expected)
    #expect(check.mismatches.isEmpty && origin.model != nil)
    let elsewhere = try folder("downloads/layer_20")
    try archive(.jumpReLU).write(to: elsewhere, as: .gemmaScope)
    #expect(try SAEArchive.read(elsewhere).archive.activationOrigin.hook == nil)
  }
}
