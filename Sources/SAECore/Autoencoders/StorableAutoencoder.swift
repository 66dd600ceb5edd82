/// An autoencoder that can be written to files and read back.
public protocol StorableAutoencoder: SparseAutoencoder {
  /// What files hold of it.
  func archive() -> SAEArchive

  /// The autoencoder that files hold.
  ///
  /// - Parameters:
  ///   - archive: what files hold of it.
  ///   - file: the name that errors mention.
  /// - Throws: ``TensorFileError`` if it is of another architecture, or something is missing.
  init(_ archive: SAEArchive, file: String) throws(TensorFileError)
}

extension StorableAutoencoder {
  /// Reads an autoencoder in any of the known layouts.
  ///
  /// - Parameter path: its directory, or the file with its weights.
  /// - Throws: ``TensorFileError`` if there is none, it is of another architecture, or something
  ///   about it is wrong.
  public init(contentsOf path: String) throws(TensorFileError) {
    try self.init(SAEArchive.read(path).archive, file: path)
  }

  /// Writes the autoencoder as a new directory in SAELens' layout, which appears when it is
  /// complete.
  ///
  /// - Parameters:
  ///   - path: the directory; its parent must exist.
  ///   - replacing: whether a directory of that name, with all that is in it, gives way.
  /// - Throws: ``TensorFileError`` if something is there already, or the disk refuses.
  public func write(to path: String, replacing: Bool = false) throws(TensorFileError) {
    try archive().write(to: path, replacing: replacing)
  }
}

extension SAEArchive {
  /// Parameters as files name and shape them: what has one row is a vector, but for weight matrices.
  mutating func setParameters(_ set: ParameterSet) {
    let matrices: [ParameterName] = [.encoder, .decoder, .skip]
    for name in set.names {
      parameters[name.rawValue] = Parameter(
        set[name], isVector: set[name].rows == 1 && !matrices.contains(name))
    }
  }

  /// The parameters of the given names.
  ///
  /// - Throws: ``TensorFileError`` if one is missing.
  func parameterSet(
    _ names: [ParameterName], file: String
  ) throws(TensorFileError) -> ParameterSet {
    var matrices: [Matrix] = []
    for name in names {
      guard let parameter = parameters[name.rawValue] else {
        throw .noSuchTensor(
          file: file, tensor: name.rawValue, present: parameters.keys.sorted())
      }
      matrices.append(parameter.values)
    }
    return ParameterSet(names: names, matrices: matrices)
  }
}
