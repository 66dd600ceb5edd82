/// The tensors of an autoencoder by their names, wherever they are.
struct NamedTensors {
  /// The file, or the index of several.
  let path: String
  let names: [String]
  /// The metadata of a safetensors file.
  let metadata: [String: String]
  /// The dictionary of a PyTorch file, for the plain values among its tensors.
  var values: TorchValue?
  private let tensors: [StoredTensor]
  private let byName: [[UInt8]: Int]

  init(_ file: SafetensorsFile) {
    self.init(file.path, file.tensors, file.metadata)
  }

  init(_ shards: SafetensorsShards) {
    self.init(shards.path, shards.tensors, [:])
  }

  /// Deflated arrays are decompressed.
  init(_ file: NpzFile) throws(FileError) {
    var tensors: [StoredTensor] = []
    for name in file.names { tensors.append(try file.tensor(name)) }
    self.init(file.path, tensors, [:])
  }

  /// The dictionary of weights of a PyTorch file: all of it, or what a checkpoint holds under a name.
  init(_ file: TorchFile) {
    let dictionary = file.weights
    self.init(file.path, file.weightTensors, [:])
    values = dictionary
  }

  private init(_ path: String, _ tensors: [StoredTensor], _ metadata: [String: String]) {
    self.path = path
    self.tensors = tensors
    self.metadata = metadata
    names = tensors.map(\.name)
    byName = Dictionary(
      zip(tensors.map { Array($0.name.utf8) }, tensors.indices), uniquingKeysWith: { a, _ in a })
  }

  /// The others.
  func without(_ name: String) -> NamedTensors {
    NamedTensors(path, tensors.filter { $0.name != name }, metadata)
  }

  func contains(_ name: String) -> Bool { byName[Array(name.utf8)] != nil }

  func tensor(_ name: String) throws(FileError) -> StoredTensor {
    guard let index = byName[Array(name.utf8)] else {
      throw .noSuchTensor(file: path, tensor: name, present: Array(names.prefix(20)))
    }
    return tensors[index]
  }

  /// The tensor of one of several names; that of the first name is missing if none is there.
  func tensor(oneOf names: [String]) throws(FileError) -> StoredTensor {
    try tensor(names.first(where: contains) ?? names[0])
  }

  /// A matrix with elements.
  func matrix(oneOf names: [String]) throws(FileError) -> StoredTensor {
    let tensor = try tensor(oneOf: names)
    guard tensor.shape.count == 2, tensor.count > 0 else {
      throw .wrongShape(
        file: path, tensor: tensor.name, expected: "two axes", found: tensor.shape)
    }
    return tensor
  }

  /// The whole number of a tensor with one element.
  func integer(_ name: String) throws(FileError) -> Int {
    try single(name).integers()[0]
  }

  /// The number of a tensor with one element.
  func number(_ name: String) throws(FileError) -> Float {
    let value = try single(name).floats()[0]
    guard value.isFinite else {
      throw .notFinite(file: path, tensor: name, place: [], found: "\(value)")
    }
    return value
  }

  /// The factor that brings activations of a mean norm, which is stored under a name, to √width.
  ///
  /// - Throws: ``FileError`` if there is none, or it is not above 0.
  func factor(fromNorm name: String, width: Int) throws(FileError) -> Double {
    let value = try number(name)
    guard value > 0 else {
      throw .invalidSetting(
        file: path, setting: name, expected: "a number above 0", found: "\(value)")
    }
    return Double(width).squareRoot() / Double(value)
  }

  private func single(_ name: String) throws(FileError) -> StoredTensor {
    let tensor = try tensor(name)
    guard tensor.count == 1 else {
      throw .wrongShape(file: path, tensor: name, expected: "one number", found: tensor.shape)
    }
    return tensor
  }

  /// Throws if there is a tensor that none of the names stands for.
  func checkNoOthers(_ known: [String]) throws(FileError) {
    if let other = names.first(where: { !known.contains($0) }) {
      throw .unrecognized(file: path, lookedFor: known, found: [other])
    }
  }

  /// Takes note of SAELens' obsolete scale of fine-tuning, which may only be 1.
  ///
  /// - Returns: whether there is one.
  func checkObsoleteScale() throws(FileError) -> Bool {
    guard contains(NamedTensors.obsoleteScale) else { return false }
    guard try tensor(NamedTensors.obsoleteScale).floats().allSatisfy({ $0 == 1 }) else {
      throw .invalidSetting(
        file: path, setting: NamedTensors.obsoleteScale,
        expected: "ones: the scale of a finished fine-tuning is no longer applied",
        found: "other values")
    }
    return true
  }

  static let obsoleteScale = "scaling_factor"
}
