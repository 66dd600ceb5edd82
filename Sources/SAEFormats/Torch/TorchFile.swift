/// A file that PyTorch's `torch.save` wrote since version 1.6, open for reading: a zip archive with a
/// pickle and the tensors' elements.
///
/// A pickle is a program. This reader executes nothing: it knows the few instructions and names that
/// dictionaries of tensors need, builds records of its own from them, and refuses everything else by name
/// and place. Elements stay in the mapped file until they are asked for.
public struct TorchFile: Sendable {
  /// The path it was opened by.
  public let path: String
  /// What was saved.
  public let root: TorchValue

  /// Opens a file.
  ///
  /// - Throws: ``FileError`` if the file cannot be opened, is no such archive, or holds anything but
  ///   tensors and plain values.
  public init(_ path: String) throws(FileError) {
    try self.init(FileBytes(mapping: path))
  }

  /// Opens what may be in memory already.
  public init(_ contents: FileBytes) throws(FileError) {
    path = contents.name
    let archive: TorchArchive
    do {
      archive = try TorchArchive(contents)
    } catch {
      throw contents.explaining(error, expected: "a PyTorch file", .torch)
    }
    var reader = PickleReader(archive)
    root = try TorchValueBuilder.value(of: try reader.read(), archive)
  }

  /// The dictionary of weights: what was saved, or where a checkpoint was, what it holds under one of the
  /// usual names.
  package var weights: TorchValue {
    if case .dictionary(let entries) = root, !entries.contains(where: { isTensor($0.value) }) {
      for name in ["sae", "model", "state_dict"] {
        if let inner = root[name], case .dictionary = inner { return inner }
      }
    }
    return root
  }

  /// The tensors of ``weights``, without the mark that compiled modules put before each name.
  package var weightTensors: [StoredTensor] {
    guard case .dictionary(let entries) = weights else { return root.tensors }
    let compiled = "_orig_mod."
    let isCompiled = entries.allSatisfy { $0.key.description.hasPrefix(compiled) }
    return entries.compactMap { entry in
      guard case .tensor(let tensor) = entry.value else { return nil }
      let name = entry.key.description
      return tensor.named(isCompiled ? String(name.dropFirst(compiled.count)) : name)
    }
  }

  private func isTensor(_ value: TorchValue) -> Bool {
    if case .tensor = value { true } else { false }
  }
}
