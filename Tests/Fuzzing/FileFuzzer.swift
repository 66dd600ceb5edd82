// Compiled into one module with the readers (see `run`), so that it reaches what is internal.

import Foundation

/// What the fuzzer's inputs are taken for, from the environment.
private enum Target: String {
  case safetensors, npy, npz, torch, yaml, inflate, json, configuration, directory, literal,
    latents, model, checkpoint, tokenizer, jsonlines, csv, parquet, arrow

  static let chosen: Target = {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = Target(rawValue: name) else {
      fatalError("FUZZ_TARGET must be the name of one of the targets in Tests/Fuzzing/run")
    }
    return target
  }()

  /// Reads all that there is to read; typed errors are what broken input is for.
  func run(_ bytes: [UInt8]) throws {
    switch self {
    case .safetensors: try readSafetensors(bytes)
    case .npy: try read(NpyFile(FileBytes(bytes, name: "x")).tensor)
    case .npz:
      let file = try NpzFile(FileBytes(bytes, name: "x"))
      for name in file.names { try read(file.tensor(name)) }
      _ = try GemmaScope.read(NamedTensors(file)).archive()
    case .torch:
      for tensor in try TorchFile(FileBytes(bytes, name: "x")).root.tensors { try read(tensor) }
    case .yaml: _ = try YAMLReader.parse(bytes, file: "x")
    case .inflate:
      let limit = 1 << 20
      let output = try Inflate.inflate(bytes, limit: limit)
      precondition(output.count <= limit)
    case .json: _ = try readJSON(bytes)
    case .configuration:
      guard let object = try readJSON(bytes).asObject else { return }
      _ = try SAELensConfiguration.archive(SettingsReader(object, file: "x"))
    case .directory: try readDirectory(bytes)
    case .literal:
      _ = try PythonLiteralReader(bytes, file: "x", array: "", origin: 0).headerFields()
    case .latents: try readLatents(bytes)
    case .model:
      guard let object = try readJSON(bytes).asObject else { return }
      _ = try LanguageModels.describe(ConfigurationFields(object, file: "x"))
    case .checkpoint: try readCheckpoint(bytes)
    case .tokenizer:
      let tokenizer = try Tokenizer(TokenizerFile(json: bytes, file: "x"))
      let text = "It's 12 <s>  na\u{EF}ve e\u{301}\n\u{6771}\u{1F642} \u{0}"
      let found = tokenizer.encode(text, specialTokens: true)
      precondition(found.ids == tokenizer.ids(of: text, specialTokens: true))
      _ = try? tokenizer.decode(found.ids)
    case .jsonlines: try readTexts(bytes, .jsonLines)
    case .csv: try readTexts(bytes, .csv)
    case .parquet: try readTexts(bytes, .parquet)
    case .arrow: try readTexts(bytes, .arrow)
    }
  }

  /// The first documents: a few bytes can stand for any number of equal ones.
  private func readTexts(_ bytes: [UInt8], _ format: TextFormat) throws {
    var count = 0
    _ = try TextCorpus([]).forEachDocument(in: FileBytes(bytes, name: "x"), format: format) {
      document, _ in
      precondition(String(validating: document.bytes, as: UTF8.self) != nil)
      count += 1
      return count < 10_000
    }
  }

  /// A length, that much of a header in which CRC stands for the state's checksum, OPTIONS and
  /// CONFIGURATION for those of the run that goes on, and the state.
  private func readCheckpoint(_ bytes: [UInt8]) throws {
    guard bytes.count > 2 else { return }
    let length = min(Int(bytes[0]) << 8 | Int(bytes[1]), bytes.count - 2)
    let state = Array(bytes[(2 + length)...])
    let checksum = "\(CRC32.of(state.span.bytes))"
    let configuration = TopKConfiguration(k: 1)
    var options = TrainingOptions(steps: 4)
    options.batchTokens = 8
    let header = String(decoding: bytes[2..<2 + length], as: UTF8.self)
      .replacingOccurrences(of: "CRC", with: checksum)
      .replacingOccurrences(of: "OPTIONS", with: "\(options)")
      .replacingOccurrences(of: "CONFIGURATION", with: "\(configuration)")
    for (name, part) in [("checkpoint.json", Array(header.utf8)), ("state.safetensors", state)] {
      try Data(part).write(to: URL(fileURLWithPath: "\(Target.folder)/\(name)"))
    }
    let checkpoint = try TrainingCheckpoint(contentsOf: Target.folder)
    let source = Matrix(rows: 64, columns: 2, repeating: 1)
    _ = try? TrainingRun<TopKAutoencoder>(
      configuration, latentCount: 2, on: source, options: options, from: checkpoint)
  }

  /// All batches in turn, and the whole.
  private func readLatents(_ bytes: [UInt8]) throws {
    let file = try SparseLatentsFile(SafetensorsFile(FileBytes(bytes, name: "x")))
    for token in 0..<file.tokens { _ = try file.latents(tokens: token..<token + 1) }
    let all = try file.latents(tokens: 0..<file.tokens)
    precondition(all.tokens == file.tokens && all.entryCount == file.entryCount)
  }

  private static let files = [
    "cfg.json", "config.json",
    "sae_weights.safetensors", "sae.safetensors",
    "params.npz", "params.safetensors",
    "activation_scaler.json", "sparsity.safetensors",
    "sae_weights.safetensors.index.json", "sae_weights-00001-of-00002.safetensors",
    "sae_weights-00002-of-00002.safetensors", "boosted.json",
    "base/cfg.json", "base/sae_weights.safetensors",
    "booster/cfg.json", "booster/sae_weights.safetensors",
    "ae.pt",
  ]

  /// Files one after the other: the number of its name, a length in two bytes, and its content.
  private func readDirectory(_ bytes: [UInt8]) throws {
    let folder = Target.folder
    for name in ["base", "booster"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    func removeAll() {
      for name in Target.files { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
    }
    removeAll()
    defer { removeAll() }
    var rest = bytes[...]
    while rest.count > 3 {
      let name = Target.files[Int(rest.removeFirst()) % Target.files.count]
      let length = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst())
      try Data(rest.prefix(length)).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      rest = rest.dropFirst(length)
    }
    let sae = try SAE.open(folder)
    for archive in sae.archives {
      for layout in [SAELayout.gemmaScope, .sparsify, .safetensors] {
        _ = try? archive.expressed(in: layout)
      }
    }
    guard sae.autoencoder.inputDimension < 64 else { return }
    let rows = Matrix(rows: 2, columns: sae.autoencoder.inputDimension)
    _ = try sae.autoencoder.reconstruct(rows)
  }

  private static let folder: String = {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("sae-fuzzing-\(ProcessInfo.processInfo.processIdentifier)").path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }()

  private func readSafetensors(_ bytes: [UInt8]) throws {
    let file = try SafetensorsFile(FileBytes(bytes, name: "x"))
    var end = bytes.count - file.tensors.reduce(0) { $0 + $1.byteCount }
    for tensor in file.tensors {
      precondition(tensor.bytes.lowerBound == end, "tensors must follow one another")
      end = tensor.bytes.upperBound
      let found = try file.tensor(tensor.name)
      precondition(found.bytes == tensor.bytes)
      try read(tensor)
    }
    precondition(end == bytes.count, "tensors must fill the file")
  }

  private func read(_ tensor: StoredTensor) throws {
    precondition(tensor.floats().count == tensor.count)
    precondition(tensor.doubles().count == tensor.count)
    if tensor.type.isInteger {
      let integers = try tensor.integers()
      precondition(integers.count == tensor.count)
    }
    let matrix = try tensor.matrix()
    precondition(matrix.count == tensor.count)
    if tensor.rows > 1 { _ = try tensor.matrix(rows: 1..<tensor.rows) }
  }

  private func readJSON(_ bytes: [UInt8]) throws -> JSONValue {
    let value = try JSONValue.parse(bytes, file: "x")
    let again = try JSONValue.parse(Array(value.description.utf8), file: "x")
    precondition(value == again, "text written must read as the value it was written from")
    return value
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try Target.chosen.run(bytes)
  } catch let error as FileError {
    precondition(!error.description.contains("\n"), "messages are one line")
  } catch let error as ModelError {
    precondition(!error.description.contains("\n"), "messages are one line")
  } catch is DeflateError {
    return 0
  } catch {
    fatalError("not a typed error: \(error)")
  }
  return 0
}
