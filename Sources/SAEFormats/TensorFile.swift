/// A file of tensors, recognized from its first bytes and not from its name.
public enum TensorFile: Sendable {
  /// A header in JSON and the tensors after it.
  case safetensors(SafetensorsFile)
  /// One array.
  case npy(NpyFile)
  /// A zip archive of arrays.
  case npz(NpzFile)
  /// PyTorch's archive of a pickle and tensors.
  case torch(TorchFile)

  /// Opens a file of any of these kinds.
  ///
  /// - Throws: ``FileError`` if it is none of them, or a broken one.
  public init(_ path: String) throws(FileError) {
    try self.init(FileBytes(mapping: path), expected: "a safetensors, npy, npz or PyTorch file")
  }

  /// Takes the bytes for a file of the kind that they begin as.
  package init(_ contents: FileBytes, expected: String) throws(FileError) {
    switch FileKind(contents) {
    case .safetensors: self = .safetensors(try SafetensorsFile(contents))
    case .npy: self = .npy(try NpyFile(contents))
    case .zip: self = .npz(try NpzFile(contents))
    case .torch: self = .torch(try TorchFile(contents))
    case .other(let found), .unknown(let found):
      throw .wrongContents(file: contents.name, expected: expected, found: found)
    }
  }

  /// The kind of a file, found from its content, in words for messages: "a web page (HTML)", "an empty
  /// file", "a Git LFS pointer …", "JSON text".
  public static func contents(of path: String) -> String {
    (try? FileBytes(mapping: path)).map { FileKind($0).words } ?? "nothing that can be read"
  }

  /// All tensors; deflated arrays are decompressed into memory.
  ///
  /// - Throws: ``FileError`` if an array is broken.
  public func tensors() throws(FileError) -> [StoredTensor] {
    switch self {
    case .safetensors(let file): return file.tensors
    case .npy(let file): return [file.tensor]
    case .npz(let file):
      var tensors: [StoredTensor] = []
      for name in file.names { tensors.append(try file.tensor(name)) }
      return tensors
    case .torch(let file): return file.root.tensors
    }
  }

  /// The tensor of that name.
  ///
  /// - Throws: ``FileError`` if there is none, or it is broken.
  public func tensor(_ name: String) throws(FileError) -> StoredTensor {
    switch self {
    case .safetensors(let file): return try file.tensor(name)
    case .npz(let file): return try file.tensor(name)
    case .npy(let file):
      guard file.tensor.name == name else {
        throw .noSuchTensor(file: file.tensor.file, tensor: name, present: [file.tensor.name])
      }
      return file.tensor
    case .torch(let file):
      let tensors = file.root.tensors
      guard let tensor = tensors.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
        throw .noSuchTensor(
          file: file.path, tensor: name, present: tensors.prefix(20).map(\.name))
      }
      return tensor
    }
  }
}

extension TensorWriter where Self: ~Copyable {
  /// Appends the elements of a tensor of the same type in another file, whatever their order there.
  ///
  /// - Throws: ``FileError`` as the other methods do.
  public mutating func append(
    reordering tensor: StoredTensor, to name: String
  ) throws(FileError) {
    if !tensor.isBigEndian, tensor.strides == nil {
      try append(tensor, to: name)
    } else if tensor.type.isInteger {
      try append(try tensor.integers(), to: name)
    } else if tensor.type == .f64 {
      try append(tensor.doubles(), to: name)
    } else {
      // Exact: widened numbers are rounded back.
      try append(tensor.floats(), to: name)
    }
  }
}
