/// A layout in which crosscoders and cross-layer transcoders are published.
protocol CrosscoderLayout {
  /// Whether a directory with these names has it.
  static func isOne(_ names: [String], in directory: String) -> Bool

  static func read(_ directory: String, _ names: [String]) throws(FileError) -> Crosscoder
}

extension Crosscoder {
  private static var layouts: [any CrosscoderLayout.Type] {
    [
      CircuitTracerCLT.self, GemmaScopeLayers.self, LlamascopiumCLT.self, CLTTraining.self,
      ModelDiffCrosscoder.self, StreamCrosscoder.self,
    ]
  }

  /// Reads a crosscoder or a cross-layer transcoder, in whichever of the published layouts it is: those of
  /// circuit-tracer, Gemma Scope 2, Llamascopium, clt-training, and two of crosscoders.
  ///
  /// - Parameter path: its directory, or its one file.
  /// - Throws: ``FileError`` if there is none, or something about it is wrong or is not run.
  public static func load(_ path: String) throws(FileError) -> Crosscoder {
    let (directory, names, layout) = try find(path)
    guard let layout else {
      throw .unrecognized(
        file: path, lookedFor: ["a crosscoder or a cross-layer transcoder"],
        found: Array(names.prefix(20)))
    }
    return try layout.read(directory, names)
  }

  /// Whether a path is that of one, as far as the names of its files and of their tensors tell.
  public static func isOne(_ path: String) -> Bool { (try? find(path))?.layout != nil }

  /// The layout of a directory, or of a file alone, which only streams' crosscoders are in.
  private static func find(
    _ path: String
  ) throws(FileError) -> (directory: String, names: [String], layout: (any CrosscoderLayout.Type)?)
  {
    let path = Path.trim(path)
    guard try SystemCall.isDirectory(path) else {
      let (directory, name) = Path.split(path)
      let isOne = StreamCrosscoder.isOne([name], in: directory)
      return (directory, [name], isOne ? StreamCrosscoder.self : nil)
    }
    let names = try FileName.list(path) { String(validating: $0, as: UTF8.self) != nil }
    return (path, names, layouts.first { $0.isOne(names, in: path) })
  }
}

extension NamedTensors {
  /// A finite matrix of a shape.
  func matrix(_ name: String, _ shape: [Int]) throws(FileError) -> Matrix {
    let tensor = try tensor(name)
    try check(tensor, shape)
    return try tensor.finiteMatrix()
  }

  /// A finite vector of a length.
  func vector(_ name: String, _ count: Int) throws(FileError) -> [Float] {
    let tensor = try tensor(name)
    try check(tensor, [count])
    return try tensor.finiteMatrix().array
  }

  /// The slices of a finite tensor of three axes along its middle one, each first axis × last axis.
  func slices(_ name: String, _ shape: [Int]) throws(FileError) -> [Matrix] {
    let tensor = try tensor(name)
    try check(tensor, shape)
    let all = try tensor.finiteMatrix()
    return (0..<shape[1]).map { slice in
      all.gatheringRows(Array(stride(from: slice, to: all.rows, by: shape[1])))
    }
  }

  /// The slices of a finite tensor of three axes along its first one.
  func layers(_ name: String, _ shape: [Int]) throws(FileError) -> [Matrix] {
    let tensor = try tensor(name)
    try check(tensor, shape)
    var layers: [Matrix] = []
    for layer in 0..<shape[0] {
      let matrix = try tensor.matrix(rows: layer * shape[1]..<(layer + 1) * shape[1])
      try tensor.checkFinite(matrix)
      layers.append(matrix)
    }
    return layers
  }

  private func check(_ tensor: StoredTensor, _ shape: [Int]) throws(FileError) {
    guard tensor.shape == shape else {
      throw .wrongShape(
        file: tensor.file, tensor: tensor.name, expected: TensorShape.describe(shape),
        found: tensor.shape)
    }
  }

  /// The tensors of a safetensors file in a directory.
  init(_ directory: String, _ name: String) throws(FileError) {
    self.init(try SafetensorsFile("\(directory)/\(name)"))
  }
}

/// Layers that names of files count from 0 on.
enum LayerFiles {
  /// How many there are of a form such as `W_enc_{i}.safetensors`.
  ///
  /// - Throws: ``FileError`` if one is missing below the last.
  static func count(
    _ names: [String], _ prefix: String, in directory: String
  ) throws(FileError) -> Int {
    let found = names.compactMap { number($0, prefix) }.sorted()
    for (index, layer) in found.enumerated() where index != layer {
      throw .wrongContents(
        file: directory, expected: "every layer from 0 to \(found.last ?? 0)",
        found: "no \(prefix)\(index).safetensors")
    }
    return found.count
  }

  static func number(_ name: String, _ prefix: String) -> Int? {
    guard name.hasPrefix(prefix), name.hasSuffix(".safetensors") else { return nil }
    return Int(name.dropFirst(prefix.count).dropLast(".safetensors".count))
  }
}
