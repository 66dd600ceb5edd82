import Foundation

/// A file of weights and the layout that its tensors' names speak of.
struct SAECandidate {
  enum Weights {
    case safetensors(SafetensorsFile)
    case npz(NpzFile)

    var names: [String] {
      switch self {
      case .safetensors(let file): file.tensors.map(\.name)
      case .npz(let file): file.names
      }
    }
  }

  let weights: Weights
  let layout: SAELayout
  let directory: String

  private static let preferredNames = [
    SAELensDirectory.weightsName, Sparsify.weightsName, GemmaScope.archiveName,
    GemmaScope.weightsName,
  ]

  private static let known = [
    "W_dec and b_dec in safetensors beside a cfg.json (SAELens)",
    "encoder.weight, encoder.bias and b_dec in safetensors beside a cfg.json (sparsify)",
    "W_enc, W_dec, b_enc, b_dec and threshold in npz or safetensors (Gemma Scope)",
  ]

  /// The weights at a path, or in the directory of that path.
  static func find(_ path: String) throws(TensorFileError) -> SAECandidate {
    let path = Path.trim(path)
    guard try SystemCall.isDirectory(path) else {
      let directory = Path.split(path).folder
      guard let weights = try open(path) else {
        throw .unrecognized(file: path, lookedFor: known, found: ["another kind of file"])
      }
      guard let layout = layout(weights, in: directory) else {
        throw .unrecognized(
          file: path, lookedFor: known, found: Array(weights.names.prefix(20)))
      }
      return SAECandidate(weights: weights, layout: layout, directory: directory)
    }
    return try find(inDirectory: path)
  }

  private static func find(inDirectory path: String) throws(TensorFileError) -> SAECandidate {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    // A preferred name is opened first, and if it is broken, that is the error to report.
    for name in preferredNames where names.contains(name) {
      if let candidate = try candidate(name, in: path) { return candidate }
    }
    var candidates: [SAECandidate] = []
    for name in names.prefix(1000) where !preferredNames.contains(name) {
      if let candidate = try? candidate(name, in: path) { candidates.append(candidate) }
    }
    guard candidates.count == 1 else {
      throw .unrecognized(file: path, lookedFor: known, found: Array(names.prefix(20)))
    }
    return candidates[0]
  }

  private static func candidate(
    _ name: String, in directory: String
  ) throws(TensorFileError) -> SAECandidate? {
    guard let weights = try open("\(directory)/\(name)"),
      let layout = layout(weights, in: directory)
    else { return nil }
    return SAECandidate(weights: weights, layout: layout, directory: directory)
  }

  /// Opens a file by what its first bytes are; nil if they are those of something else.
  private static func open(_ path: String) throws(TensorFileError) -> Weights? {
    switch try TensorFile.recognize(FileBytes(mapping: path)) {
    case .safetensors(let file): return .safetensors(file)
    case .npz(let file): return .npz(file)
    case .npy, nil: return nil
    }
  }

  private static func layout(_ weights: Weights, in directory: String) -> SAELayout? {
    let names = weights.names
    guard case .safetensors = weights else {
      return GemmaScope.isNamed(names) ? .gemmaScope : nil
    }
    let isConfigured = SystemCall.exists("\(directory)/\(SAELensDirectory.configurationName)")
    if isConfigured && Sparsify.isNamed(names) { return .sparsify }
    if isConfigured && names.contains("W_dec") && names.contains("b_dec") { return .saeLens }
    return GemmaScope.isNamed(names) ? .gemmaScope2 : nil
  }
}
