extension SAEArchive {
  /// Checks that the parameters the architecture needs are there in their shapes, for writing.
  func checkParameters(_ file: String) throws(FileError) {
    for (name, shape) in requiredParameters.sorted(by: { $0.key < $1.key }) {
      guard let parameter = parameters[name] else {
        throw .noSuchTensor(file: file, tensor: name, present: parameters.keys.sorted())
      }
      let matrix = parameter.values
      guard matrix.rows == shape.rows, matrix.columns == shape.columns else {
        throw .wrongShape(
          file: file, tensor: name, expected: "\(shape.rows) × \(shape.columns)",
          found: [matrix.rows, matrix.columns])
      }
    }
  }

  /// A treatment of the input, or a use, that only SAELens' configuration can express; nil if there is
  /// none.
  var inputThatOnlySAELensDescribes: String? {
    if inputNormalization != .none || activationScale != nil {
      return "a normalization of the input"
    }
    if flattensHeads { return "an input of several heads" }
    if isBooster { return "the booster of another autoencoder" }
    return nil
  }

  /// Checks that a layout has room for every parameter.
  func checkNoFurtherParameters(
    _ names: [String], layout: String, _ file: String
  ) throws(FileError) {
    if let name = parameters.keys.sorted().first(where: { !names.contains($0) }) {
      throw .notRepresentable(file: file, layout: layout, what: "the parameter \(name)")
    }
  }

  /// Latents that a setting selects: a whole number from 1 to the number of latents.
  func checkedK(_ file: String) throws(FileError) -> Int {
    guard let k = settings["k"]?.asInteger, k > 0, k <= latentCount else {
      throw .invalidSetting(
        file: file, setting: "k", expected: "a whole number from 1 to \(latentCount)",
        found: settings["k"]?.description ?? "none")
    }
    return k
  }
}

/// A parameter on its way into a file.
struct ParameterExport {
  let name: String
  let parameter: SAEArchive.Parameter
  /// Whether the file has the other orientation.
  let isTransposed: Bool

  var declaration: TensorDeclaration {
    let matrix = parameter.values
    let shape =
      parameter.isVector
      ? [matrix.columns]
      : isTransposed ? [matrix.columns, matrix.rows] : [matrix.rows, matrix.columns]
    return TensorDeclaration(name, parameter.type, shape)
  }

  func append(to writer: inout some TensorWriter & ~Copyable) throws(FileError) {
    let matrix = parameter.values
    try writer.append(isTransposed ? Matrix(matrix.transposed) : matrix, to: name)
  }
}
