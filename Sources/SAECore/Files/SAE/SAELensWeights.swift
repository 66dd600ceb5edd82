import Foundation

/// The tensors of `sae_weights.safetensors`.
enum SAELensWeights {
  /// A scalar in double precision, so it is kept among the settings, digit by digit.
  static let sharedThreshold = "topk_threshold"

  static func read(
    _ file: SafetensorsFile, into archive: inout SAEArchive
  ) throws(TensorFileError) {
    let required = archive.requiredParameters
    for (name, shape) in required.sorted(by: { $0.key < $1.key }) {
      if name == "threshold", !file.contains(name), file.contains("log_threshold") {
        try archive.setParameter(
          name, try file.tensor("log_threshold"), stored: shape.stored(name))
        archive.parameters[name]?.exponentiate()
      } else {
        try archive.setParameter(
          name, try file.tensor(name), stored: shape.stored(name), isTransposed: name == "W_enc")
      }
    }
    if archive.architecture.activation == .temporal { try checkAttention(file, archive) }
    for tensor in file.tensors where required[tensor.name] == nil {
      try readFurther(tensor, file, into: &archive)
    }
  }

  /// A tensor that the architecture does not need: kept as it is stored.
  private static func readFurther(
    _ tensor: StoredTensor, _ file: SafetensorsFile, into archive: inout SAEArchive
  ) throws(TensorFileError) {
    switch tensor.name {
    case sharedThreshold where tensor.count == 1:
      archive.settings[sharedThreshold] = .double(tensor.doubles()[0])
    case "log_threshold" where archive.parameters["threshold"] != nil: break
    case "scaling_factor":
      guard tensor.floats().allSatisfy({ $0 == 1 }) else {
        throw .invalidSetting(
          file: file.path, setting: "scaling_factor",
          expected: "ones: the scale of a finished fine-tuning is no longer applied",
          found: "other values")
      }
    default:
      guard tensor.shape.count == 1 || tensor.shape.count == 2 else {
        throw .wrongShape(
          file: file.path, tensor: tensor.name, expected: "one or two axes", found: tensor.shape)
      }
      try archive.setParameter(tensor.name, tensor, stored: tensor.shape)
    }
  }

  private static func checkAttention(
    _ file: SafetensorsFile, _ archive: SAEArchive
  ) throws(TensorFileError) {
    let latents = archive.latentCount
    let layers = archive.settings["n_attn_layers"]?.asInteger ?? 1
    let narrow = latents / (archive.settings["bottleneck_factor"]?.asInteger ?? 1)
    for layer in 0..<layers {
      for (name, width) in [
        ("k_ctx", narrow), ("q_target", narrow), ("v_ctx", latents), ("c_proj", latents),
      ] {
        let prefix = "attn_layers.\(layer).\(name)"
        for (part, shape) in [("weight", [width, latents]), ("bias", [width])] {
          let tensor = try file.tensor("\(prefix).\(part)")
          guard tensor.shape == shape else {
            throw .wrongShape(
              file: file.path, tensor: tensor.name, expected: Shape.describe(shape),
              found: tensor.shape)
          }
        }
      }
    }
  }

  static func write(
    _ archive: SAEArchive, to path: String, replacing: Bool = true
  ) throws(TensorFileError) {
    let exports = archive.parameters.sorted { $0.key < $1.key }.map { name, parameter in
      ParameterExport(name: name, parameter: parameter, isTransposed: name == "W_enc")
    }
    var declarations = exports.map(\.declaration)
    let threshold = archive.settings[sharedThreshold]?.asDouble
    if threshold != nil { declarations.append(TensorDeclaration(sharedThreshold, .f64, [])) }
    var writer = try SafetensorsWriter(
      path, declarations, metadata: ["format": "pt"], replacing: replacing)
    for export in exports { try export.append(to: &writer) }
    if let threshold { try writer.append([threshold], to: sharedThreshold) }
    try writer.finish()
  }
}

extension SAEArchive.Parameter {
  /// Replaces logarithms by the numbers.
  fileprivate mutating func exponentiate() {
    let matrix = values
    values = Matrix(rows: matrix.rows, columns: matrix.columns) {
      Float(exp(Double(matrix[$0, $1])))
    }
  }
}
