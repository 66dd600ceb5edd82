/// The kind of a file, found from its first bytes and not from its name.
///
/// Every reader of tensors and settings asks it when it cannot read a file, so that a message names the
/// kind of file, and not the byte at which reading failed.
package enum FileKind: Equatable, Sendable {
  /// A header's length and the brace that begins the header.
  case safetensors
  case npy
  /// A zip archive that may hold arrays.
  case zip
  /// A zip archive of PyTorch's, with a pickle and tensors.
  case torch
  /// A known kind of file that holds no tensors, in words.
  case other(String)
  /// Something unknown, in words.
  case unknown(String)

  /// Bytes that are looked at.
  private static let sample = 512

  package init(_ contents: FileBytes) {
    let count = contents.count
    let start = contents.bytes.array(0..<min(FileKind.sample, count))
    if start.isEmpty {
      self = .other("an empty file")
    } else if FileKind.isSafetensors(start) {
      self = .safetensors
    } else if start.starts(with: NpyHeader.magic) {
      self = .npy
    } else if start.starts(with: [0x50, 0x4B, 3, 4]) || start.starts(with: [0x50, 0x4B, 5, 6]) {
      self = FileKind.archive(contents)
    } else if let name = FileKind.binary(start, count) ?? FileKind.text(start, count) {
      self = .other(name)
    } else {
      let bytes = start.prefix(8).map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
      self = .unknown(
        "data of an unknown kind (its first bytes are \(bytes.joined(separator: " ")))")
    }
  }

  /// The kind, in words.
  package var words: String {
    switch self {
    case .safetensors: "a safetensors file"
    case .npy: "an npy file"
    case .zip: "an npz file"
    case .torch: "a PyTorch file"
    case .other(let words), .unknown(let words): words
    }
  }

  private static func isSafetensors(_ start: [UInt8]) -> Bool {
    // A header's length, whose upper half is zero, and the brace that begins it.
    start.count > 8 && start[4..<8].allSatisfy { $0 == 0 } && start[8] == UInt8(ascii: "{")
  }

  /// An archive is told by its members: PyTorch writes such ones, too.
  private static func archive(_ contents: FileBytes) -> FileKind {
    let names: [String]
    if let archive = try? ZipArchive(contents) {
      names = archive.members.map(\.name)
    } else {
      names = firstMember(contents).map { [$0] } ?? []
    }
    if names.contains(where: { $0.hasSuffix("/data.pkl") }) {
      let isProgram = names.contains { $0.hasSuffix("/constants.pkl") || $0.contains("/code/") }
      return isProgram ? .other("a TorchScript program") : .torch
    }
    guard let first = names.first, !names.contains(where: { $0.hasSuffix(".npy") }) else {
      return .zip
    }
    return .other("a zip archive of other files, the first of which is \(quoted(first))")
  }

  /// The name in the first local header, of an archive that is cut short.
  private static func firstMember(_ contents: FileBytes) -> String? {
    guard contents.count > 30 else { return nil }
    let length = Int(contents.bytes.littleEndian(UInt16.self, at: 26))
    guard length > 0, length <= contents.count - 30 else { return nil }
    return String(decoding: contents.bytes.array(30..<30 + length), as: UTF8.self)
  }

  static func pickled(_ what: String) -> String {
    "\(what) (a pickle, which is a program and is not read; torch.save of version 1.6 or later, or "
      + "safetensors.torch.save_file, writes its tensors)"
  }
}

// MARK: - Bytes

extension FileKind {
  /// Formats that begin with bytes of their own.
  private static let signatures: [(begin: [UInt8], name: String)] = [
    (Array("PAR1".utf8), "a Parquet file"),
    (Array("ARROW1".utf8), "an Arrow file"),
    (Array("FEA1".utf8), "a Feather file"),
    (Array("GGUF".utf8), "a GGUF file"),
    (Array("lmgg".utf8), "a GGML file"),
    (Array("tjgg".utf8), "a GGML file"),
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file"),
    ([0x1F, 0x8B, 8], "gzip-compressed data, to be decompressed first"),
    (Array("BZh".utf8), "bzip2-compressed data, to be decompressed first"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz-compressed data, to be decompressed first"),
    ([0x28, 0xB5, 0x2F, 0xFD], "zstd-compressed data, to be decompressed first"),
    ([0x04, 0x22, 0x4D, 0x18], "lz4-compressed data, to be decompressed first"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive"),
    (Array("Rar!".utf8), "a RAR archive"),
    (Array("SQLite format 3".utf8), "an SQLite database"),
    (Array("%PDF-".utf8), "a PDF document"),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG image"),
    ([0xFF, 0xD8, 0xFF], "a JPEG image"),
    ([0x7F, 0x45, 0x4C, 0x46], "a program"),
    ([0xFF, 0xFE], "text in UTF-16"),
    ([0xFE, 0xFF], "text in UTF-16"),
  ]

  private static func binary(_ start: [UInt8], _ count: Int) -> String? {
    if let name = pickle(start) { return name }
    for (begin, name) in signatures where start.starts(with: begin) { return name }
    if start.count >= 262, start[257..<262].elementsEqual("ustar".utf8) { return "a tar archive" }
    // A message of the Arrow stream format: a marker and the length of its description.
    if start.count >= 8, start[0..<4].allSatisfy({ $0 == 0xFF }), start[7] == 0, start[4] % 8 == 0,
      start[4..<7].contains(where: { $0 != 0 })
    {
      return "an Arrow stream"
    }
    if start.count == sample, start.allSatisfy({ $0 == 0 }) {
      return "nothing but zeros where it begins, as of a download that is not complete"
    }
    return nil
  }

  private static func pickle(_ start: [UInt8]) -> String? {
    guard start.count > 2, start[0] == 0x80, (2...5).contains(start[1]) else { return nil }
    // torch.save before version 1.6 begins with a number of its own.
    let magic: [UInt8] = [
      0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]
    if start.dropFirst(2).starts(with: magic) {
      return pickled("a PyTorch file from before version 1.6")
    }
    // The second opcode that a pickle may have: a frame, a mark, an empty container, a name or a text.
    let next: [UInt8] = [0x95, 0x28, 0x29, 0x5D, 0x7D, 0x63, 0x58, 0x8C, 0x8A, 0x4B, 0x4D, 0x4A]
    return next.contains(start[2]) ? pickled("a Python pickle") : nil
  }
}

// MARK: - Text

extension FileKind {
  private static func text(_ start: [UInt8], _ count: Int) -> String? {
    guard var text = decoded(start, isWhole: count == start.count) else { return nil }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    let lines = text.split(whereSeparator: \.isNewline).map { trimmed($0) }
    let begin = lines.first { !$0.isEmpty && !$0.hasPrefix("#") } ?? ""
    if begin.hasPrefix("version http"), begin.contains("git-lfs") || begin.contains("hawser") {
      let size = lines.first { $0.hasPrefix("size ") }.flatMap { Int($0.dropFirst(5)) }
      return "a Git LFS pointer to a file" + (size.map { " of \($0) bytes" } ?? "")
        + ", which git lfs pull fetches"
    }
    if begin.hasPrefix("<") {
      let lower = text.lowercased()
      let isPage = ["<!doctype html", "<html", "<head", "<body"].contains { lower.contains($0) }
      return isPage ? "a web page (HTML)" : "XML text"
    }
    if begin.hasPrefix("{") || begin.hasPrefix("[") { return "JSON text" }
    if begin.hasPrefix("---") || isYAML(begin) { return "YAML text" }
    return "text that begins \(quoted(String(begin.prefix(40))))"
  }

  /// As UTF-8 without control characters; a scalar that is cut at the sample's end does not count.
  private static func decoded(_ start: [UInt8], isWhole: Bool) -> String? {
    let isPlain = start.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (9...13).contains($0) }
    guard isPlain else { return nil }
    for cut in 0..<(isWhole ? 1 : min(4, start.count)) {
      if let text = String(validating: start.dropLast(cut), as: UTF8.self) { return text }
    }
    return nil
  }

  private static func trimmed(_ line: Substring) -> String {
    String(line.drop { $0 == " " || $0 == "\t" })
  }

  /// A key of letters and a colon.
  private static func isYAML(_ line: String) -> Bool {
    guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return false }
    let key = line[..<colon]
    let rest = line[line.index(after: colon)...]
    return key.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "." }
      && (rest.isEmpty || rest.hasPrefix(" "))
  }
}

// MARK: - Messages

extension FileBytes {
  /// The error for a file that could not be read as `expected`: it gives the kind of file where that is
  /// known, else the fault.
  package func explaining(
    _ error: FileError, expected: String, _ own: FileKind...
  ) -> FileError {
    let kind = FileKind(self)
    if case .unknown = kind { return error }
    return own.contains(kind)
      ? error : .wrongContents(file: name, expected: expected, found: kind.words)
  }
}

extension FileKind {
  /// The files of a directory that could be weights and are none, each with its kind, for a message; nil
  /// if there is none.
  package static func foreign(in directory: String, _ names: [String]) -> String? {
    var found: [String] = []
    for name in names.prefix(1000) where !name.hasPrefix(".") {
      guard let contents = try? FileBytes(mapping: "\(directory)/\(name)") else { continue }
      switch FileKind(contents) {
      case .other(let words) where !isDocument(name), .unknown(let words) where isWeights(name):
        found.append("\(quoted(name)), \(words)")
      default: continue
      }
    }
    guard !found.isEmpty else { return nil }
    return found.prefix(3).joined(separator: "; ") + (found.count > 3 ? "; and others" : "")
  }

  private static func isWeights(_ name: String) -> Bool {
    [".safetensors", ".npz", ".npy", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack"]
      .contains { name.hasSuffix($0) }
  }

  /// Names of files that often lie beside weights.
  private static func isDocument(_ name: String) -> Bool {
    [".json", ".yaml", ".yml", ".md", ".txt", ".csv", ".py", ".log", ".html", "LICENSE"]
      .contains { name.hasSuffix($0) }
  }
}

extension FileError {
  /// The error that a file is not what is expected of its name, which says what it is by its first bytes.
  public static func unexpected(_ file: String, expected: String) -> FileError {
    do {
      let kind = FileKind(try FileBytes(mapping: file))
      return .wrongContents(file: file, expected: expected, found: kind.words)
    } catch {
      return error
    }
  }
}
