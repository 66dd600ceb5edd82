/// Tensors in several safetensors files with an index that says which file has which, as the Hugging
/// Face Hub has large models: `NAME-00001-of-00002.safetensors` … and `NAME.safetensors.index.json`.
///
/// The index's total size is not looked at. Opening reads the header of every file.
package struct SafetensorsShards: Sendable {
  /// The index.
  package let path: String
  /// All tensors, in the order of their names.
  package let tensors: [StoredTensor]

  package static let ending = ".safetensors.index.json"

  /// Whether a file's name is that of one of several: NAME-00001-of-00002.safetensors.
  package static func isShard(_ name: String) -> Bool {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false).suffix(3)
    guard parts.count == 3, let first = parts.first, let last = parts.last,
      parts.dropFirst().first == "of", last.hasSuffix(".safetensors")
    else { return false }
    return first.count == 5 && Int(first) != nil
  }

  /// Opens an index and the files that it names.
  ///
  /// - Throws: ``FileError`` if a file is named by more than a name or is not beside the index, or
  ///   does not hold exactly the tensors that it should.
  package init(_ index: String) throws(FileError) {
    guard let map = try JSONValue.read(index).asObject?["weight_map"]?.asObject else {
      throw .invalidSetting(
        file: index, setting: "weight_map", expected: "an object", found: "none")
    }
    let directory = Path.split(index).folder
    var files: [String: SafetensorsFile] = [:]
    var expected: [String: Set<String>] = [:]
    var tensors: [StoredTensor] = []
    for (name, value) in map.members {
      guard let shard = value.asString else {
        throw .invalidSetting(
          file: index, setting: name, expected: "the name of a file",
          found: String(value.description.prefix(100)))
      }
      let file: SafetensorsFile
      if let open = files[shard] {
        file = open
      } else {
        file = try SafetensorsShards.open(shard, in: directory, index)
        files[shard] = file
      }
      expected[shard, default: []].insert(name)
      tensors.append(try file.tensor(name))
    }
    for (shard, file) in files.sorted(by: { $0.key < $1.key }) {
      let others = file.tensors.map(\.name).filter { expected[shard]?.contains($0) != true }
      guard others.isEmpty else {
        throw .unrecognized(
          file: file.path, lookedFor: ["only tensors that \(index) maps to it"], found: others)
      }
    }
    path = index
    self.tensors = tensors.sorted { $0.name < $1.name }
  }

  /// A file beside the index; a name with a path in it could lead anywhere.
  private static func open(
    _ shard: String, in directory: String, _ index: String
  ) throws(FileError) -> SafetensorsFile {
    guard !shard.isEmpty, !shard.contains("/"), !shard.contains("\\"), shard != "..", shard != "."
    else {
      throw .invalidSetting(
        file: index, setting: "weight_map", expected: "names of files beside it",
        found: quoted(shard))
    }
    let path = "\(directory)/\(shard)"
    guard SystemCall.exists(path) else {
      throw .wrongContents(
        file: index, expected: "the file \(quoted(shard)) beside it", found: "none")
    }
    return try SafetensorsFile(path)
  }
}
