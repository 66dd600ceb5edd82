import ArgumentParser
import Foundation
import SAECore

struct InfoCommand: PlannedCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Describes the content of a path: an autoencoder, tensors, latents or activations.",
    discussion: """
      The command recognizes the kind from the content. Activations are the only matrix in a file, or \
      a folder of such files; the command reads all of them, for their norms and for NaN.
      """)

  @Argument(help: "A directory or a file.") var path: String
  @Option(
    help: ArgumentHelp("The tensor of activations in a file with several.", valueName: "name"))
  var tensor: String?
  @Flag(help: "Print one JSON object instead of a table.") var json = false

  static var rules: [OptionRule<InfoCommand>] {
    [OptionRule("tensor"), OptionRule("json")]
  }

  func validate() throws {
    guard path.isEmpty else { return }
    throw ValidationError("<path>: expected a path, found an empty text")
  }

  /// The work of the command.
  struct Plan: Encodable, Equatable {
    let path: String
    let tensor: String?
    let json: Bool
  }

  func plan() -> Plan { Plan(path: path, tensor: tensor, json: json) }

  func run() throws {
    let description = try PathDescription(path, tensor: tensor)
    try emit(json ? try jsonText(description) : description.table())
  }
}

/// The content of a path.
struct PathDescription: Encodable {
  let path: String
  let kind: String
  let bytes: Int
  var autoencoder: AutoencoderDescription?
  /// The booster of a boosted autoencoder; its base is `autoencoder`.
  var booster: AutoencoderDescription?
  var crosscoder: CrosscoderDescription?
  var latents: LatentsDescription?
  var activations: ActivationSummary?
  var tensors: [TensorDescription]?

  init(_ path: String, tensor: String?) throws {
    self.path = path
    let isDirectory = try PathDescription.isDirectory(path)
    bytes = try PathDescription.bytes(path, isDirectory: isDirectory)
    if Crosscoder.isOne(path) {
      try PathDescription.checkNoTensor(tensor, "a crosscoder")
      let found = try Crosscoder.load(path)
      kind = found.groups.count == 1 ? "crosscoder" : "cross-layer transcoder"
      crosscoder = CrosscoderDescription(found)
      return
    }
    if let files = try PathDescription.autoencoder(path, isDirectory) {
      try PathDescription.checkNoTensor(tensor, "an autoencoder")
      kind = files.count > 1 ? "boosted sparse autoencoder" : "sparse autoencoder"
      autoencoder = AutoencoderDescription(files[0])
      if files.count > 1 { booster = AutoencoderDescription(files[1]) }
      guard autoencoder?.refusal == nil, booster?.refusal == nil else { return }
      // Weights are looked at where nothing else keeps it from being run.
      do throws(FileError) {
        _ = try SAE.open(path)
      } catch {
        autoencoder?.refusal = error.namingOption.description
      }
      return
    }
    if isDirectory {
      kind = "activations"
      activations = try ActivationSummary([path], tensor: tensor)
      return
    }
    let file = try TensorFile(path)
    let found = try file.tensors()
    tensors = found.map(TensorDescription.init)
    switch file {
    case .safetensors(let file):
      if SparseLatentsFile.isRecognized(file) {
        try PathDescription.checkNoTensor(tensor, "latents")
        kind = "sparse latents"
        latents = LatentsDescription(try SparseLatentsFile(file))
        return
      }
      kind = "safetensors file"
    case .npy: kind = "npy file"
    case .npz: kind = "npz file"
    case .torch: kind = "PyTorch file"
    }
    let matrices = found.filter { $0.shape.count == 2 && !$0.type.isInteger && $0.count > 0 }
    if tensor != nil || matrices.count == 1 {
      activations = try ActivationSummary([path], tensor: tensor)
    }
  }

  /// Throws where a tensor is named and nothing is taken from it.
  private static func checkNoTensor(_ tensor: String?, _ found: String) throws {
    guard tensor == nil else {
      throw ValidationError("--tensor: needs a file of activations, found \(found)")
    }
  }

  /// The autoencoder at a path; nil if there is something else, or a folder of activations.
  private static func autoencoder(
    _ path: String, _ isDirectory: Bool
  ) throws -> [SAEFiles]? {
    do {
      return try SAEFiles.findAll(path)
    } catch {
      guard case .unrecognized(let file, let lookedFor, let found) = error else { throw error }
      guard isDirectory else { return nil }
      do {
        _ = try ActivationFiles.list(path)
        return nil
      } catch FileError.unrecognized {
        throw FileError.unrecognized(
          file: file, lookedFor: lookedFor + ["files of activations (safetensors, npy)"],
          found: found)
      }
    }
  }

  private static func isDirectory(_ path: String) throws -> Bool {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw ToolError("\(path): expected a file or a directory, found nothing")
    }
    return isDirectory.boolValue
  }

  private static func bytes(_ path: String, isDirectory: Bool) throws -> Int {
    let manager = FileManager.default
    let files = isDirectory ? try manager.contentsOfDirectory(atPath: path) : [""]
    return files.reduce(0) { sum, name in
      let attributes = try? manager.attributesOfItem(atPath: isDirectory ? "\(path)/\(name)" : path)
      guard attributes?[.type] as? FileAttributeType != .typeDirectory else { return sum }
      return sum + (attributes?[.size] as? Int ?? 0)
    }
  }

  func table() -> String {
    var rows = [("path", oneLine(path)), ("kind", kind), ("size", size(bytes))]
    rows += autoencoder?.rows ?? []
    rows += booster?.rows.map { ("booster: \($0)", $1) } ?? []
    rows += crosscoder?.rows ?? []
    rows += latents?.rows ?? []
    rows += activations?.rows ?? []
    for tensor in autoencoder?.parameters ?? tensors ?? [] { rows.append(tensor.row) }
    for tensor in booster?.parameters ?? [] {
      rows.append(("booster: \(tensor.row.0)", tensor.row.1))
    }
    return pairs(rows)
  }
}

struct TensorDescription: Encodable {
  let name: String
  let type: String
  let shape: [Int]

  init(_ tensor: StoredTensor) {
    (name, type, shape) = (tensor.name, tensor.type.rawValue, tensor.shape)
  }

  init(_ tensor: TensorDeclaration) {
    (name, type, shape) = (tensor.name, tensor.type.rawValue, tensor.shape)
  }

  var row: (String, String) { ("tensor \(name)", "\(type) \(dimensions(shape))") }
}

struct LatentsDescription: Encodable {
  let tokens: Int
  let latentCount: Int
  let entries: Int
  /// Entries per token.
  let meanEntries: Double?
  let metadata: [String: String]

  init(_ file: SparseLatentsFile) {
    tokens = file.tokens
    latentCount = file.latentCount
    entries = file.entryCount
    meanEntries = tokens > 0 ? Double(entries) / Double(tokens) : nil
    metadata = file.metadata
  }

  var rows: [(String, String)] {
    [
      ("tokens", count(tokens)), ("latents", count(latentCount)), ("entries", count(entries)),
      ("entries per token", fixed(meanEntries, 2)),
    ] + metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
