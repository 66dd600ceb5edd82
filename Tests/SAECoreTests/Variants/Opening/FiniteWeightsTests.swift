import Foundation
import SAETestSupport
import Testing

@testable import SAECore
@testable import SAEFormats

/// A weight that is NaN or infinite is refused with file, tensor and place, in every layout.
@Suite struct FiniteWeightsTests {
  /// An autoencoder in each layout that can hold one of its architecture.
  private func write(_ scratch: ScratchFolder, _ layout: SAELayout) throws -> String {
    let path = scratch.file("sae")
    try? FileManager.default.removeItem(atPath: path)
    let model: any StorableAutoencoder =
      switch layout {
      case .gemmaScope, .gemmaScope2:
        try OpeningTests.jumpReLU(subtracts: false)
      case .sparsify: try OpeningTests.topK(rescales: false)
      default: try OpeningTests.gated()
      }
    guard layout == .gemmaScope2 else {
      try model.archive().write(to: path, as: layout)
      return layout == .saeLens
        ? "\(path)/sae_weights.safetensors"
        : layout == .sparsify
          ? "\(path)/sae.safetensors"
          : layout == .gemmaScope ? "\(path)/params.npz" : path
    }
    let archive = model.archive()
    let exports = archive.parameters.map { name, parameter in
      ParameterExport(
        name: name == "threshold" || name.hasPrefix("b_") ? name : name.lowercased(),
        parameter: parameter, isTransposed: name == "W_enc")
    }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    var writer = try SafetensorsWriter("\(path)/params.safetensors", exports.map(\.declaration))
    for export in exports { try export.append(to: &writer) }
    try writer.finish()
    return "\(path)/params.safetensors"
  }

  /// Puts a number where an element of a tensor is.
  private func replace(_ path: String, _ tensor: String, _ place: Int, by value: Float) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let stored = try TensorFile(path).tensor(tensor)
    let begin = stored.bytes.lowerBound + place * 4
    let pattern = value.bitPattern
    for byte in 0..<4 { bytes[begin + byte] = UInt8(truncatingIfNeeded: pattern >> (8 * byte)) }
    guard path.hasSuffix(".npz") else {
      return try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
    // The archive has checksums: written anew.
    let changed = try NpzFile(path).names.map { try NpzFile(path).tensor($0) }
    let values = Dictionary(uniqueKeysWithValues: changed.map { ($0.name, $0.floats()) })
    var writer = try NpzWriter(
      path, changed.map { TensorDeclaration($0.name, $0.type, $0.shape) })
    for one in changed {
      var floats = values[one.name] ?? []
      if one.name == tensor { floats[place] = value }
      try writer.append(floats, to: one.name)
    }
    try writer.finish()
  }

  @Test(arguments: [SAELayout.saeLens, .safetensors, .sparsify, .gemmaScope, .gemmaScope2])
  func everyTensorIsLookedAt(_ layout: SAELayout) throws {
    let scratch = try ScratchFolder()
    var generator = RandomGenerator(seed: 4)
    let tensors = try TensorFile(write(scratch, layout)).tensors()
    #expect(tensors.count >= 4)
    for tensor in tensors {
      for value in [Float.nan, .infinity, -.infinity, .signalingNaN] {
        let path = try write(scratch, layout)
        let place = generator.index(below: tensor.count)
        try replace(path, tensor.name, place, by: value)
        let said = try #require(refusal { _ = try SAE.load(scratch.file("sae")) })
        let expected =
          tensor.shape.count == 2
          ? "row \(place / tensor.shape[1]), column \(place % tensor.shape[1])" : "element \(place)"
        for word in [path, "\"\(tensor.name)\"", expected, value.isNaN ? "nan" : "inf"] {
          #expect(said.contains(word), "\(layout): \(said)")
        }
        #expect(refusal { _ = try SAEArchive.read(path) } != nil)
        // What is said of it needs no weights.
        #expect(try SAEFiles.findAll(scratch.file("sae"))[0].parameters.count == tensors.count)
      }
    }
  }

  @Test func theCase() throws {
    let said = refusal { _ = try SAE.load(CaseFolder.path("nan-weights")) }
    #expect(said?.contains("sae_weights.safetensors: tensor \"") == true, "\(said ?? "read")")
    #expect(said?.contains("expected a finite number, found nan") == true)
  }

  /// What float32 cannot hold, exponentials that overflow, and half precision.
  @Test func numbersAtTheEnds() throws {
    let scratch = try ScratchFolder()
    var archive = try OpeningTests.jumpReLU(subtracts: true).archive()
    try archive.write(to: scratch.file("a"))
    let weights = scratch.file("a/sae_weights.safetensors")
    func rewrite(_ changed: String, _ type: ElementType, _ value: Double, as name: String) throws {
      try? FileManager.default.removeItem(atPath: scratch.file("a"))
      try archive.write(to: scratch.file("a"))
      let file = try SafetensorsFile(weights)
      let tensors = file.tensors
      var writer = try SafetensorsWriter(
        weights,
        tensors.map {
          $0.name == changed
            ? TensorDeclaration(name, type, $0.shape)
            : TensorDeclaration($0.name, $0.type, $0.shape)
        })
      for tensor in tensors {
        guard tensor.name == changed else {
          try writer.append(tensor, to: tensor.name)
          continue
        }
        var values = tensor.doubles()
        values[2] = value
        if type == .f64 {
          try writer.append(values, to: name)
        } else {
          try writer.append(values.map { Float($0) }, to: name)
        }
      }
      try writer.finish()
    }
    try rewrite("b_dec", .f64, 1e300, as: "b_dec")
    let large = refusal { _ = try SAE.load(scratch.file("a")) }
    #expect(large?.contains("element 2") == true && large?.contains("1e+300") == true)
    try rewrite("threshold", .f32, 1000, as: "log_threshold")
    let exponential = refusal { _ = try SAE.load(scratch.file("a")) }
    #expect(exponential?.contains("log_threshold") == true, "\(exponential ?? "read")")
    for type in [ElementType.f16, .bf16] {
      try rewrite("b_enc", type, .nan, as: "b_enc")
      #expect(refusal { _ = try SAE.load(scratch.file("a")) }?.contains("\"b_enc\"") == true)
    }
    // A factor that makes weights infinite.
    archive.activationScale = 1e30
    archive.parameters["W_enc"]?.values[0, 0] = 1e30
    #expect(refusal { _ = try archive.autoencoder() }?.contains("finite") == true)
    for scale in [0, -1, .nan, .infinity, 1e-300, 1e300] {
      archive.activationScale = scale
      #expect(refusal { _ = try archive.autoencoder() } != nil, "\(scale)")
    }
    try scratch.write(
      "a/activation_scaler.json", "{\"scaling_factor\": 0, \"has_whitening\": false}")
    #expect(refusal { _ = try SAEArchive.read(scratch.file("a")) }?.contains("above 0") == true)
  }
}
