/// A kind of result that the package writes: which files it is made of, so that another kind is not taken
/// for it and lost.
public struct Artifact: Sendable {
  /// Its name in messages.
  let what: String
  /// Names of files that may be in it.
  package let files: Set<String>
  /// One of these must be there; a directory that has none is something else.
  package let marks: Set<String>
  /// How the names of directories in it begin, and what may be in these.
  let folders: [(prefix: String, contents: Artifact)]
  /// For a single file: what a file of another kind is, told by its content; nil for one of this kind.
  private let difference: (@Sendable (_ path: String) -> String?)?

  /// Whether it is a single file.
  var isFile: Bool { difference != nil }

  package init(
    _ what: String, files: Set<String>, marks: Set<String>,
    folders: [(prefix: String, contents: Artifact)] = []
  ) {
    self.what = what
    self.files = files.union(marks)
    self.marks = marks
    self.folders = folders
    difference = nil
  }

  /// A single safetensors file.
  ///
  /// - Parameters:
  ///   - what: the kind of file, for messages: "a file of latents".
  ///   - recognizes: whether a file is one.
  public init(file what: String, recognizes: @escaping @Sendable (SafetensorsFile) -> Bool) {
    self.init(file: what) { path in
      guard let file = try? SafetensorsFile(path) else { return "a file of another format" }
      guard !recognizes(file) else { return nil }
      let names = file.tensors.prefix(3).map { FileName.quoted(Array($0.name.utf8)) }
      return "a safetensors file of something else (\(names.joined(separator: ", "))"
        + "\(file.tensors.count > 3 ? ", …" : ""))"
    }
  }

  private init(file what: String, difference: @escaping @Sendable (_ path: String) -> String?) {
    self.what = what
    (files, marks, folders) = ([], [], [])
    self.difference = difference
  }

  /// A file that ``NpyRowWriter`` writes.
  public static let tokens = Artifact(file: "a file of tokens") { path in
    guard let tensor = try? NpyFile(path).tensor else { return "a file of another format" }
    let isRow = tensor.shape.count == 1 && (tensor.type == .u16 || tensor.type == .u32)
    return isRow ? nil : "an npy file of \(TensorShape.describe(tensor.shape)) \(tensor.type)"
  }

  /// A directory of files that are named.
  ///
  /// - Parameters:
  ///   - what: the kind of directory, for messages: "a page".
  ///   - marks: of these files at least one is there.
  ///   - files: others that may be.
  public static func directory(
    _ what: String, marks: Set<String>, files: Set<String> = []
  ) -> Artifact {
    Artifact(what, files: files, marks: marks)
  }

  /// A file that ``SparseLatentsWriter`` writes.
  public static let latents = Artifact(file: "a file of latents") {
    SparseLatentsFile.isRecognized($0)
  }

  /// A file of tensors of these names and nothing else in its header, as conversions write it.
  public static func tensors(_ names: [String]) -> Artifact {
    let names = Set(names)
    let shown = names.sorted().prefix(3).map { FileName.quoted(Array($0.utf8)) }
    return Artifact(
      file: "a file of the tensors \(shown.joined(separator: ", "))\(names.count > 3 ? ", …" : "")"
    ) {
      $0.metadata.isEmpty && Set($0.tensors.map(\.name)) == names
    }
  }

  /// A directory whose content is never replaced.
  static let nothing = Artifact("nothing", files: [], marks: [])

  /// Throws unless a destination's name is free, or belongs to an empty directory where a directory is to
  /// be written, or to a result that may be replaced.
  ///
  /// - Parameter replacing: whether a result of this kind is replaced.
  package func check(_ destination: Destination, replacing: Bool) throws(FileError) {
    let (folder, name) = (destination.folder, destination.name)
    func refusal(_ found: String) -> FileError {
      let expected =
        replacing
        ? "\(what) to replace, and nothing else"
        : isFile ? "no such file" : "no such directory, or an empty one"
      return .notReplaceable(file: destination.path, expected: expected, found: found)
    }
    switch try folder.entry(name) {
    case nil: return
    case .other: throw refusal("a device, a pipe or a socket")
    case .file:
      guard let difference, replacing else { throw refusal("a file") }
      if let found = difference(destination.path) { throw refusal(found) }
    case .directory:
      guard !isFile else { throw refusal("a directory") }
      let directory = try DirectoryHandle(name, in: folder)
      let names = try directory.names()
      if names.isEmpty { return }
      if let foreign = try foreignName(names, in: directory) { throw refusal(foreign) }
      let shown = names.map { FileName.quoted($0) }.sorted().prefix(10).joined(separator: ", ")
      guard names.contains(where: { marks.contains(String(decoding: $0, as: UTF8.self)) }) else {
        throw refusal("\(shown), and no \(marks.sorted().joined(separator: " or "))")
      }
      guard replacing else { throw refusal(shown) }
    }
  }

  /// The first name in a directory that does not belong there, in quotes.
  package func foreignName(
    _ names: [[UInt8]], in directory: DirectoryHandle
  ) throws(FileError) -> String? {
    for bytes in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard let name = String(validating: bytes, as: UTF8.self) else {
        return FileName.quoted(bytes)
      }
      switch try directory.entry(name) {
      case .file where files.contains(name), nil: continue
      case .directory:
        guard let folder = contents(of: name) else { return FileName.quoted(bytes) }
        let inner = try DirectoryHandle(name, in: directory)
        if let foreign = try folder.foreignName(try inner.names(), in: inner) {
          return "\(foreign) in \(FileName.quoted(bytes))"
        }
      default: return FileName.quoted(bytes)
      }
    }
    return nil
  }

  private func contents(of folder: String) -> Artifact? {
    folders.first { folder.hasPrefix($0.prefix) }?.contents
  }

  /// Removes a directory with the files that this kind may have, and nothing else.
  ///
  /// - Returns: whether all has gone.
  @discardableResult package func remove(_ name: String, in folder: DirectoryHandle) -> Bool {
    guard let directory = try? DirectoryHandle(name, in: folder),
      let names = try? directory.names()
    else { return false }
    for bytes in names {
      guard let name = String(validating: bytes, as: UTF8.self) else { continue }
      if files.contains(name) {
        directory.removeFile(name)
      } else if let contents = contents(of: name) {
        contents.remove(name, in: directory)
      }
    }
    return folder.removeDirectory(name)
  }
}
