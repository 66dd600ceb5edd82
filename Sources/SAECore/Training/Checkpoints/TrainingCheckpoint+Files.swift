import Foundation

/// On disk a checkpoint is a directory: `checkpoint.json`, and `state.safetensors` with the tensors
///
///     parameters.NAME              F32   each parameter
///     optimizer.SET.NAME           F32   what the optimizer keeps for it
///     optimizer.NAME               F64   the optimizer's other numbers
///     model.NAME                   F64   what the variant keeps besides
///     normalization.NAME           F64   the mean that is subtracted; of a whitening matrix and inverse too
///     target_normalization.NAME    F64   the same of a transcoder's targets
///     silence                      I64   dead-latent counters
extension TrainingCheckpoint {
  static let header = "checkpoint.json"
  static let state = "state.safetensors"

  /// What is in `checkpoint.json`.
  private struct Header: CheckpointHeader {
    static let format = "swift-sae checkpoint"

    var format: String = Self.format
    var version: Int = Self.version
    var run: Description
    var step: Int
    var tokens: Int
    var scaling: StoredScaling
    var targetScaling: StoredScaling?
    /// In the place of ``targetScaling`` in checkpoints of version 0.1.
    var targetScale: Double?
    var position: ShuffledActivations.Position
    var activations: ActivationSample?
    /// The parameters' names, in order.
    var parameters: [String]
    var watch: DivergenceWatch?
    /// Of `state.safetensors`.
    var crc32: UInt32
    var headerCrc32: UInt32?
    var metadata: [String: String]
  }

  /// Writes the checkpoint as a new directory, which appears when it is complete and on the disk.
  ///
  /// - Parameters:
  ///   - path: the checkpoint's directory.
  ///   - replacing: whether a checkpoint of that name gives way; it stays until then.
  /// - Throws: ``FileError`` if something is there and stays, or the disk refuses.
  public func write(to path: String, replacing: Bool = false) throws(FileError) {
    let directory = try AtomicDirectory(path)
    do {
      try writeFiles(directory.temporary)
    } catch {
      throw error.naming(path, insteadOf: directory.temporary)
    }
    try directory.finish(replacing: replacing ? .checkpoint : nil)
  }

  private func writeFiles(_ directory: String) throws(FileError) {
    let file = "\(directory)/\(TrainingCheckpoint.state)"
    try writeState(file)
    let written = try FileBytes(mapping: file)
    let header = Header(
      run: run, step: trainer.step, tokens: trainer.tokens, scaling: StoredScaling(scaling),
      targetScaling: targetScaling.map { StoredScaling($0) }, position: position,
      activations: activations,
      parameters: trainer.parameters.names.map(\.rawValue), watch: trainer.watch,
      crc32: CRC32.of(written.bytes),
      metadata: metadata)
    let path = "\(directory)/\(TrainingCheckpoint.header)"
    try AtomicFile.write(
      try header.encoded(
        number: ("scaling.factor", header.scaling.factor ?? .nan), file: path), to: path)
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: ``FileError`` if there is none, or it is not as it was written.
  public init(contentsOf path: String) throws(FileError) {
    let headerFile = "\(path)/\(TrainingCheckpoint.header)"
    let header = try Header(contentsOf: headerFile)
    let contents = try FileBytes(mapping: "\(path)/\(TrainingCheckpoint.state)")
    let checksum = CRC32.of(contents.bytes)
    guard checksum == header.crc32 else {
      let kind = FileKind(contents)
      guard kind == .safetensors else {
        throw .wrongContents(
          file: contents.name, expected: "a checkpoint's state, a safetensors file",
          found: kind.words)
      }
      throw .wrongChecksum(
        file: path, member: TrainingCheckpoint.state, expected: header.crc32, found: checksum)
    }
    let file = try SafetensorsFile(contents)
    let names = header.parameters.map { ParameterName(rawValue: $0) }
    guard Set(names).count == names.count else {
      throw .invalidSetting(
        file: path, setting: "parameters", expected: "names that differ",
        found: header.parameters.joined(separator: ", "))
    }
    trainer = TrainerState(
      step: header.step, tokens: header.tokens,
      parameters: try file.parameterSet(names, prefix: "parameters."),
      model: try file.doubles(prefix: "model."),
      optimizer: try file.optimizerState(names),
      sinceFiring: try file.tensor("silence").integers())
    if let watch = header.watch { trainer.watch = watch }
    scaling = try header.scaling.scaling(from: file, prefix: StoredScaling.prefix, path: path)
    targetScaling =
      try header.targetScaling?.scaling(from: file, prefix: StoredScaling.targetPrefix, path: path)
      ?? header.targetScale.map { header.scaling.kind == .none ? .identity : .factor($0) }
    position = header.position
    activations = header.activations
    run = header.version == 1 ? try header.run.fromVersion1(file: headerFile) : header.run
    metadata = header.metadata
    name = path
  }

  private func writeState(_ path: String) throws(FileError) {
    var sets = [("parameters.", trainer.parameters)]
    for (name, set) in trainer.optimizer.parameters { sets.append(("optimizer.\(name).", set)) }
    var numbers = trainer.optimizer.numbers.map { ("optimizer.\($0.key)", [$0.value]) }
    numbers += trainer.model.map { ("model.\($0.key)", $0.value) }
    var declarations = [TensorDeclaration("silence", .i64, [trainer.sinceFiring.count])]
    for (prefix, set) in sets {
      declarations += set.names.map {
        TensorDeclaration("\(prefix)\($0)", .f32, [set[$0].rows, set[$0].columns])
      }
    }
    declarations += numbers.map { TensorDeclaration($0.0, .f64, [$0.1.count]) }
    var scalingTensors = StoredScaling.tensors(of: scaling, prefix: StoredScaling.prefix)
    if let targetScaling {
      scalingTensors += StoredScaling.tensors(of: targetScaling, prefix: StoredScaling.targetPrefix)
    }
    declarations += scalingTensors.map { TensorDeclaration($0.name, .f64, $0.shape) }
    var writer = try SafetensorsWriter(path, declarations)
    for (prefix, set) in sets {
      for name in set.names { try writer.append(set[name], to: "\(prefix)\(name)") }
    }
    for (name, values) in numbers { try writer.append(values, to: name) }
    for (name, _, values) in scalingTensors { try writer.append(values, to: name) }
    try writer.append(trainer.sinceFiring, to: "silence")
    try writer.finish()
  }
}

extension SafetensorsFile {
  fileprivate func parameterSet(
    _ names: [ParameterName], prefix: String
  ) throws(FileError) -> ParameterSet {
    var matrices: [Matrix] = []
    for name in names { matrices.append(try tensor("\(prefix)\(name)").matrix()) }
    return ParameterSet(names: names, matrices: matrices)
  }

  /// The tensors of double precision whose name is the prefix and a part without a dot.
  fileprivate func doubles(prefix: String) throws(FileError) -> [String: [Double]] {
    var values: [String: [Double]] = [:]
    for tensor in tensors where tensor.name.hasPrefix(prefix) && tensor.type == .f64 {
      let name = String(tensor.name.dropFirst(prefix.count))
      if !name.contains(".") { values[name] = tensor.doubles() }
    }
    return values
  }

  fileprivate func optimizerState(
    _ names: [ParameterName]
  ) throws(FileError) -> OptimizerState {
    let prefix = "optimizer."
    var sets: Set<String> = []
    for tensor in tensors where tensor.name.hasPrefix(prefix) && tensor.type == .f32 {
      let parts = tensor.name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
      if parts.count == 2 { sets.insert(String(parts[0])) }
    }
    var state = OptimizerState(parameters: [:], numbers: [:])
    for set in sets {
      let kept = names.filter { contains("\(prefix)\(set).\($0)") }
      state.parameters[set] = try parameterSet(kept, prefix: "\(prefix)\(set).")
    }
    for (name, values) in try doubles(prefix: prefix) {
      guard let value = values.first, values.count == 1 else {
        throw .wrongShape(
          file: path, tensor: prefix + name, expected: "1 number", found: [values.count])
      }
      state.numbers[name] = value
    }
    return state
  }
}
