// Compiled into one module with the readers (see `run`), so that it reaches what is internal.

import Foundation

/// What the fuzzer's inputs are taken for, from the environment.
private enum Target: String {
  case safetensors, npy, npz, inflate, configuration

  static let chosen: Target = {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = Target(rawValue: name) else {
      fatalError("FUZZ_TARGET must be safetensors, npy, npz, inflate or configuration")
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
      _ = try GemmaScope.read(file)
    case .inflate:
      let limit = 1 << 20
      let output = try Inflate.inflate(bytes, limit: limit)
      precondition(output.count <= limit)
    case .configuration: try readConfiguration(bytes)
    }
  }

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

  private func readConfiguration(_ bytes: [UInt8]) throws {
    let value = try JSONValue.parse(bytes, file: "x")
    let again = try JSONValue.parse(Array(value.description.utf8), file: "x")
    precondition(value == again, "text written must read as the value it was written from")
    guard let object = value.asObject else { return }
    _ = try SAELensConfiguration.archive(SettingsReader(object, file: "x"))
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  do {
    try Target.chosen.run(bytes)
  } catch let error as TensorFileError {
    precondition(!error.description.contains("\n"), "messages are one line")
  } catch is DeflateError {
    return 0
  } catch {
    fatalError("not a typed error: \(error)")
  }
  return 0
}
