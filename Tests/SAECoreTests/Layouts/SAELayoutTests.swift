import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Directories that the peers wrote: read, run, written again in every layout that can hold them.
@Suite struct SAELayoutTests {
  private func directories(_ folder: String) throws -> [String] {
    try Fixtures.folders(in: "formats/\(folder)", holding: "io.safetensors")
  }

  /// Compares with the inputs and outputs beside the weights, to 1e-5 as these were computed.
  private func expectOutputs(
    of archive: SAEArchive, _ path: String, _ name: String
  ) throws {
    let io = try SafetensorsFile(path)
    let (x, latents) = (try io.tensor("x").matrix(), try io.tensor("latents").matrix())
    let reconstruction = try io.tensor("recon").matrix()
    let encoder = PlainEncoder(archive: archive)
    for row in 0..<x.rows {
      let token = (0..<x.columns).map { Double(x[row, $0]) }
      guard let output = encoder.run(token) else {
        print("sae: not run:", name, archive.architecture)
        return
      }
      for (column, value) in output.latents.enumerated() {
        let expected = Double(latents[row, column])
        #expect((value != 0) == (expected != 0), "\(name): latent \(column) of token \(row)")
        #expect(abs(value - expected) <= 1e-5 * max(1, abs(expected)), "\(name)")
      }
      for (column, value) in output.reconstruction.enumerated() {
        let expected = Double(reconstruction[row, column])
        #expect(abs(value - expected) <= 1e-5 * max(1, abs(expected)), "\(name)")
      }
    }
  }

  @Test func saeLensDirectoriesGiveTheirOutputs() throws {
    for path in try directories("saelens") {
      let name = URL(fileURLWithPath: path).lastPathComponent
      let (archive, layout) = try SAEArchive.read(path)
      print("saelens:", name, archive.architecture, archive.type)
      #expect(layout == .saeLens)
      #expect(archive.inputDimension == 10 && archive.latentCount == 24)
      let exists = FileManager.default.fileExists(atPath: "\(path)/sparsity.safetensors")
      #expect((archive.logFrequencies?.count == 24) == exists)
      try expectOutputs(of: archive, "\(path)/io.safetensors", name)
    }
  }

  @Test func saeLensDirectoriesComeBackUnchanged() throws {
    let scratch = try ScratchFolder()
    for path in try directories("saelens") {
      let (archive, _) = try SAEArchive.read(path)
      let copy = scratch.file("copy")
      try archive.write(to: copy, replacing: true)
      var again = try SAEArchive.read(copy).archive
      // Old forms gain the version that marks the present one.
      if archive.metadata["sae_lens_version"] == nil {
        again.metadata["sae_lens_version"] = nil
      }
      #expect(again == archive, "\(path)")
      #expect(try SAEArchive.read("\(copy)/sae_weights.safetensors").layout == .saeLens)
      let (first, second) = (
        try SafetensorsFile("\(path)/sae_weights.safetensors"),
        try SafetensorsFile("\(copy)/sae_weights.safetensors")
      )
      for tensor in first.tensors where tensor.name != "scaling_factor" {
        let written = try second.tensor(tensor.name)
        #expect(written.shape == tensor.shape && written.type == tensor.type)
        #expect(written.doubles() == tensor.doubles(), "\(path): \(tensor.name)")
      }
    }
    #expect(scratch.names == ["copy"])
  }

  @Test func oldConfigurationsAreTranslated() throws {
    func archive(_ name: String) throws -> SAEArchive {
      try SAEArchive.read(Fixtures.path("formats/saelens/\(name)")).archive
    }
    let standard = try archive("legacy_standard")
    #expect(standard.architecture == SAEArchitecture(.relu))
    #expect(standard.metadata["hook_name"] == .string("blocks.8.hook_resid_pre"))
    #expect(standard.metadata["hook_head_index"] == .null)
    #expect(standard.inputNormalization == .none && standard.type == .f32)
    #expect(standard.parameters["scaling_factor"] == nil)
    let topK = try archive("legacy_topk")
    #expect(topK.architecture == SAEArchitecture(.topK))
    #expect(topK.settings["k"] == .integer(3))
    let checkpoint = try archive("ckpt_batchtopk")
    #expect(checkpoint.activationScale == 1.25)
    #expect(checkpoint.settings["k"] == .number("3.5"))
  }

  @Test func gemmaScopeInEveryVariant() throws {
    let io = try Fixtures.path("formats/gemma_scope/io.safetensors")
    let files = try Fixtures.files(in: "formats/gemma_scope", ending: ".npz")
    let scratch = try ScratchFolder()
    for path in files {
      print("gemma scope:", URL(fileURLWithPath: path).lastPathComponent)
      let (archive, layout) = try SAEArchive.read(path)
      #expect(layout == .gemmaScope)
      #expect(!archive.subtractsDecoderBias)
      try expectOutputs(of: archive, io, path)
      try archive.write(to: scratch.file("copy"), as: .gemmaScope, replacing: true)
      #expect(try SAEArchive.read(scratch.file("copy")) == (archive, .gemmaScope))
      try archive.write(to: scratch.file("lens"), as: .saeLens, replacing: true)
      let lens = try SAEArchive.read(scratch.file("lens")).archive
      #expect(lens.parameters == archive.parameters)
      try expectOutputs(of: lens, io, path)
    }
    #expect(try SAEArchive.read(Fixtures.path("formats/gemma_scope")).layout == .gemmaScope)
  }

  @Test func embeddingsOfGemmaScopeAreRescaled() throws {
    let scratch = try ScratchFolder()
    let source = try Fixtures.path("formats/gemma_scope/params.npz")
    let folder = scratch.file("embedding")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try FileManager.default.copyItem(atPath: source, toPath: "\(folder)/params.npz")
    let plain = try SAEArchive.read(source).archive
    let embedding = try SAEArchive.read(folder).archive
    let scale = Float(plain.inputDimension).squareRoot()
    for (name, factor) in [("W_enc", 1 / scale), ("W_dec", scale), ("b_dec", 1)] {
      let before = try #require(plain.parameters[name]).values
      let after = try #require(embedding.parameters[name]).values
      #expect(zip(before.array, after.array).allSatisfy { $0 * factor == $1 })
    }
  }

  @Test func gemmaScopeTranscoders() throws {
    let root = try Fixtures.path("formats/gemma_scope/scope2_transcoder")
    let (archive, layout) = try SAEArchive.read(root)
    #expect(layout == .gemmaScope2)
    #expect(archive.architecture.saeLensName == "jumprelu_skip_transcoder")
    try expectOutputs(of: archive, "\(root)/io.safetensors", root)
    let scratch = try ScratchFolder()
    try archive.write(to: scratch.file("lens"))
    try expectOutputs(
      of: SAEArchive.read(scratch.file("lens")).archive, "\(root)/io.safetensors", "lens")
  }

  @Test func sparsifyDirectoriesGiveTheirOutputsAndComeBack() throws {
    let scratch = try ScratchFolder()
    for path in try directories("sparsify") {
      let (archive, layout) = try SAEArchive.read(path)
      print("sparsify:", URL(fileURLWithPath: path).lastPathComponent, archive.architecture)
      #expect(layout == .sparsify)
      try expectOutputs(of: archive, "\(path)/io.safetensors", path)
      // The folder's name says of which module it is.
      let copy = scratch.file("copy/\(URL(fileURLWithPath: path).lastPathComponent)")
      try FileManager.default.createDirectory(
        atPath: scratch.file("copy"), withIntermediateDirectories: true)
      try archive.write(to: copy, as: .sparsify, replacing: true)
      let again = try SAEArchive.read(copy)
      #expect(again == (archive, .sparsify))
      if archive.architecture.saeLensName != nil {
        try archive.write(to: scratch.file("lens"), as: .saeLens, replacing: true)
        var lens = try SAEArchive.read(scratch.file("lens"))
        #expect(lens.archive.metadata["sae_lens_version"] != nil)
        lens.archive.metadata["sae_lens_version"] = nil
        #expect(lens == (archive, .saeLens))
      } else {
        #expect(
          throws: FileError.notRepresentable(
            file: scratch.file("lens2"), layout: "SAELens", what: "a \(archive.architecture)")
        ) { try archive.write(to: scratch.file("lens2"), as: .saeLens) }
        // In the same form, under a name that SAELens refuses.
        try archive.write(to: scratch.file("own"), replacing: true)
        var own = try SAEArchive.read(scratch.file("own"))
        own.archive.metadata["sae_lens_version"] = nil
        #expect(own == (archive, .saeLens))
      }
    }
  }
}
