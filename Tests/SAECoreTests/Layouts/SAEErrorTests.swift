import Foundation
import SAETestSupport
import Testing

@testable import SAECore

/// Directories with something wrong, made from a small one that is right.
@Suite struct SAEErrorTests {
  private func archive(_ architecture: SAEArchitecture = SAEArchitecture(.topK)) -> SAEArchive {
    var archive = SAEArchive(
      architecture, inputDimension: 3, outputDimension: 3, latentCount: 4)
    archive.settings["k"] = .integer(2)
    archive.settings["rescale_acts_by_decoder_norm"] = .bool(false)
    archive.metadata["note"] = .array([.number("1e400"), .null, .string("é")])
    archive.metadata["sae_lens_version"] = .string("6.1.0")
    for (name, shape) in archive.requiredParameters {
      archive.parameters[name] = SAEArchive.Parameter(
        Matrix(rows: shape.rows, columns: shape.columns) { Float($0 - $1) },
        isVector: shape.isVector)
    }
    return archive
  }

  private func failure(_ body: () throws -> Void) -> FileError? {
    do { try body() } catch { return error as? FileError }
    return nil
  }

  /// Writes the directory, replaces text in its configuration, and reads it.
  private func failure(replacing old: String, by new: String) throws -> FileError? {
    let scratch = try ScratchFolder()
    try archive().write(to: scratch.file("sae"))
    let path = scratch.file("sae/cfg.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(old))
    let changed = text.replacingOccurrences(of: old, with: new)
    try AtomicFile.write(Array(changed.utf8), to: path)
    guard let error = failure({ _ = try SAEArchive.read(scratch.file("sae")) }) else { return nil }
    #expect(error.description.hasPrefix(scratch.path))
    return error
  }

  private func invalid(
    _ error: FileError?, _ setting: String, _ expected: String, _ found: String
  ) -> Bool {
    guard case .invalidSetting(_, setting, expected, found) = error else { return false }
    return true
  }

  @Test func whatIsWrittenIsRead() throws {
    let scratch = try ScratchFolder()
    try archive().write(to: scratch.file("sae"))
    #expect(try SAEArchive.read(scratch.file("sae")) == (archive(), .saeLens))
    #expect(try SAEArchive.read(scratch.file("sae/")).archive == archive())
  }

  /// A file of something else under the name of a layout's weights: what it holds is said, and nothing of
  /// a configuration that an autoencoder would lack.
  @Test(arguments: ["sae_weights.safetensors", "sae.safetensors", "params.safetensors"])
  func aNameAloneIsNoAutoencoder(_ name: String) throws {
    let scratch = try ScratchFolder()
    var writer = try SafetensorsWriter(
      scratch.file(name), [TensorDeclaration("activations", .f32, [2, 2])])
    try writer.append([1, 2, 3, 4] as [Float], to: "activations")
    try writer.finish()
    guard
      case .unrecognized(let file, _, let found) = failure({
        _ = try SAEArchive.read(scratch.file(name))
      })
    else {
      Issue.record("expected the file to be no autoencoder")
      return
    }
    #expect(file == scratch.file(name) && found == ["activations"])
    #expect(try ActivationFiles.open(scratch.file(name)).rows == 2)
    guard case .unrecognized = failure({ _ = try SAEArchive.read(scratch.path) }) else {
      Issue.record("expected the folder to hold no autoencoder")
      return
    }
  }

  @Test func settings() throws {
    #expect(
      invalid(
        try failure(replacing: "\"d_in\": 3", by: "\"d_in\": -3"), "d_in",
        "a whole number above 0", "-3"))
    #expect(
      invalid(
        try failure(replacing: "\"d_in\": 3", by: "\"d_im\": 3"), "d_in",
        "a whole number above 0", "none"))
    #expect(
      invalid(
        try failure(replacing: "\"k\": 2", by: "\"k\": 5"), "k",
        "a whole number from 1 to 4", "5"))
    #expect(
      invalid(
        try failure(replacing: "float32", by: "int8"), "dtype",
        "float32, float64, float16 or bfloat16", "\"int8\""))
    #expect(
      invalid(
        try failure(replacing: "\"none\", \"reshape", by: "\"half\", \"reshape"),
        "normalize_activations",
        "none, expected_average_only_in, constant_norm_rescale, layer_norm, constant_scalar_rescale",
        "\"half\""))
    #expect(
      invalid(
        try failure(
          replacing: "\"reshape_activations\": \"none\"", by: "\"reshape_activations\": 1"),
        "reshape_activations", "a string", "1"))
    let unknown = try failure(replacing: "\"topk\"", by: "\"bottomk\"")
    #expect(unknown?.caseName == "invalidSetting")
    let transcoder = try failure(
      replacing: "\"architecture\": \"topk\"",
      by: "\"architecture\": \"transcoder\", \"d_out\": 3")
    #expect(invalid(transcoder, "apply_b_dec_to_input", "false for a transcoder", "true"))
  }

  @Test func weightsThatContradictTheSettings() throws {
    let wrong = try #require(try failure(replacing: "\"d_sae\": 4", by: "\"d_sae\": 5"))
    #expect(wrong.caseName == "wrongShape")
    let gated = try #require(
      try failure(replacing: "\"architecture\": \"topk\"", by: "\"architecture\": \"gated\""))
    #expect(gated.caseName == "noSuchTensor")
  }

  @Test func textThatIsNoConfiguration() throws {
    for (old, new) in [("}\n", ""), ("\"d_in\"", "\"d_sae\""), ("{\"d_in\"", "[\"d_in\"")] {
      #expect(try failure(replacing: old, by: new) != nil)
    }
    let deep = String(repeating: "[", count: 5000)
    let error = try #require(try failure(replacing: "\"note\": ", by: "\"note\": \(deep)"))
    guard case .malformed(_, _, "at most 64 levels", _) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func nothingToRecognise() throws {
    let scratch = try ScratchFolder()
    func caseName() -> String? {
      failure { _ = try SAEArchive.read(scratch.path) }?.caseName
    }
    #expect(caseName() == "unrecognized")
    try AtomicFile.write(Array("{}".utf8), to: scratch.file("cfg.json"))
    #expect(caseName() == "wrongContents")
    let error = failure { _ = try SAEArchive.read(scratch.file("cfg.json")) }
    #expect(error?.caseName == "wrongContents")
    try SafetensorsWriter(scratch.file("x.safetensors"), []).finish()
    #expect(caseName() == "wrongContents")
    try FileManager.default.removeItem(atPath: scratch.file("cfg.json"))
    #expect(caseName() == "unrecognized")
    #expect(
      failure { _ = try SAEArchive.read(scratch.file("none")) }?.description
        == "\(scratch.file("none")): cannot open: No such file or directory")
  }

  @Test func weightsUnderAnotherName() throws {
    let scratch = try ScratchFolder()
    try archive().write(to: scratch.file("sae"))
    try FileManager.default.moveItem(
      atPath: scratch.file("sae/sae_weights.safetensors"), toPath: scratch.file("sae/weights.bin"))
    #expect(try SAEArchive.read(scratch.file("sae")) == (archive(), .saeLens))
    #expect(try SAEArchive.read(scratch.file("sae/weights.bin")).archive == archive())
  }

  @Test func whatALayoutCannotHold() throws {
    let scratch = try ScratchFolder()
    func refused(_ archive: SAEArchive, _ layout: SAELayout) throws -> String {
      let error = try #require(
        failure { try archive.write(to: scratch.file("sae"), as: layout) })
      #expect(scratch.names == [])
      guard case .notRepresentable(_, _, let what) = error else { return "\(error)" }
      return what
    }
    #expect(try refused(archive(), .gemmaScope) == "a topk")
    #expect(try refused(archive(SAEArchitecture(.jumpReLU)), .sparsify) == "a jumprelu")
    #expect(
      try refused(archive(SAEArchitecture(.jumpReLU)), .gemmaScope)
        == "a subtracted decoder bias")
    var other = archive()
    other.settings["rescale_acts_by_decoder_norm"] = .bool(true)
    #expect(try refused(other, .sparsify) == "latents scaled by decoder norms")
    other = archive()
    other.subtractsDecoderBias = false
    #expect(
      try refused(other, .sparsify)
        == "a decoder bias that is not subtracted, but for transcoders")
    other = archive()
    other.inputNormalization = .layerNorm
    #expect(try refused(other, .sparsify) == "a normalization of the input")
    other = archive()
    other.parameters["more"] = SAEArchive.Parameter(Matrix(rows: 1, columns: 1))
    #expect(try refused(other, .sparsify) == "the parameter more")
    #expect(try refused(archive(SAEArchitecture(.groupMax)), .saeLens) == "a groupmax")
    other = archive()
    other.parameters["b_enc"] = nil
    #expect(
      failure { try other.write(to: scratch.file("sae")) }
        == .noSuchTensor(
          file: scratch.file("sae"), tensor: "b_enc", present: ["W_dec", "W_enc", "b_dec"]))
  }

  @Test func obsoleteScalesAreRefusedUnlessTheyAreOnes() throws {
    let scratch = try ScratchFolder()
    for (value, isRead) in [(Float(1), true), (2, false)] {
      var archive = archive()
      archive.parameters["scaling_factor"] = SAEArchive.Parameter(
        Matrix(rows: 1, columns: 4, repeating: value), isVector: true)
      try archive.write(to: scratch.file("sae"), replacing: true)
      let error = failure { _ = try SAEArchive.read(scratch.file("sae")) }
      #expect((error == nil) == isRead)
    }
  }

  @Test func logarithmsOfThresholdsAreExponentiated() throws {
    let scratch = try ScratchFolder()
    var archive = archive(SAEArchitecture(.jumpReLU))
    let logarithms = Matrix(rows: 1, columns: 4) { Float($1) - 2 }
    archive.parameters["log_threshold"] = SAEArchive.Parameter(logarithms, isVector: true)
    try archive.write(to: scratch.file("sae"))
    let path = scratch.file("sae/sae_weights.safetensors")
    let file = try SafetensorsFile(path)
    let kept = file.tensors.filter { $0.name != "threshold" }
    var writer = try SafetensorsWriter(
      path, kept.map { TensorDeclaration($0.name, $0.type, $0.shape) })
    for tensor in kept { try writer.append(tensor, to: tensor.name) }
    try writer.finish()
    let threshold = try SAEArchive.read(scratch.file("sae")).archive.parameters["threshold"]
    #expect(threshold?.values.array == logarithms.array.map { Float(exp(Double($0))) })
  }

  @Test func mutationsOfConfigurationsNeverCrash() throws {
    let scratch = try ScratchFolder()
    try archive().write(to: scratch.file("sae"))
    let good = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: scratch.file("sae/cfg.json"))))
    var generator = SeededGenerator(11)
    var refused = 0
    for _ in 0..<1000 {
      try Data(mutate(good, &generator)).write(
        to: URL(fileURLWithPath: scratch.file("sae/cfg.json")))
      if failure({ _ = try SAEArchive.read(scratch.file("sae")) }) != nil { refused += 1 }
    }
    #expect(refused > 300 && refused < 1000)
  }
}
