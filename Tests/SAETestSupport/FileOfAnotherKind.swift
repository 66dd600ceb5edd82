import SAEFormats

/// A file that holds no tensors, and words of the message that says so.
package struct FileOfAnotherKind: Sendable, CustomStringConvertible {
  package let bytes: [UInt8]
  package let words: [String]

  package var description: String { words.joined(separator: ", ") }

  package static let all: [FileOfAnotherKind] = {
    func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    let tar =
      [UInt8](repeating: 0x61, count: 257) + text("ustar\0") + [UInt8](repeating: 0, count: 300)
    let samples: [([UInt8], [String])] = [
      ([], ["an empty file"]),
      (
        text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12345\n"),
        ["Git LFS pointer", "12345 bytes", "git lfs pull"]
      ),
      (text("version https://hawser.github.com/spec/v1\nsize 7\n"), ["Git LFS", "7 bytes"]),
      (text("<!DOCTYPE html>\n<html lang=\"en\">"), ["web page"]),
      (text("\u{FEFF}  \n<HTML><body>404</body></HTML>"), ["web page"]),
      (text("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"), ["XML"]),
      ([0x80, 2, 0x7D, 0x71, 0, 0x28, 0x58, 5, 0, 0, 0], ["pickle", "save_file"]),
      ([0x80, 4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x7D, 0x2E], ["Python pickle"]),
      (
        [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E],
        ["before version 1.6"]
      ),
      (zip(["m/data.pkl", "m/constants.pkl", "m/code/a.py"]), ["TorchScript"]),
      (zip(["word/document.xml", "b.txt"]), ["zip archive", "document.xml"]),
      ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2], ["gzip"]),
      (text("BZh91AY&SY"), ["bzip2"]),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0], ["xz"]),
      ([0x28, 0xB5, 0x2F, 0xFD, 0], ["zstd"]),
      (tar, ["tar archive"]),
      (text("{\"error\": \"Repository not found\"}"), ["JSON"]),
      (text(" [1, 2]"), ["JSON"]),
      (text("# a comment\nmodel_name: x\nk: 3\n"), ["YAML"]),
      (text("---\na: 1\n"), ["YAML"]),
      (text("Entry not found"), ["text that begins \"Entry not found\""]),
      (text("PAR1") + [0, 1, 2], ["Parquet"]),
      (text("ARROW1") + [0, 0], ["Arrow"]),
      ([0xFF, 0xFF, 0xFF, 0xFF, 0x78, 1, 0, 0, 0x10, 0, 0, 0], ["Arrow stream"]),
      ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0], ["HDF5"]),
      (text("GGUF") + [3, 0, 0, 0], ["GGUF"]),
      ([0xFF, 0xFE, 0x7B, 0], ["UTF-16"]),
      (text("SQLite format 3\0"), ["SQLite"]),
      ([UInt8](repeating: 0, count: 4096), ["zeros"]),
    ]
    return samples.map { FileOfAnotherKind(bytes: $0, words: $1) }
  }()

  /// A zip archive with stored members, cut short after some bytes.
  private static func zip(_ names: [String], cut: Int? = nil) -> [UInt8] {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let content: [UInt8] = [0x80, 2, 0x4E]
    let checksum = Int(CRC32.of(content.span.bytes))
    var (archive, directory): ([UInt8], [UInt8]) = ([], [])
    for name in names {
      let name = Array(name.utf8)
      let common =
        little(0, 2) + little(0, 2) + little(0, 4) + little(checksum, 4) + little(3, 4)
        + little(3, 4) + little(name.count, 2) + little(0, 2)
      directory +=
        [0x50, 0x4B, 1, 2] + little(20, 2) + little(20, 2) + common + little(0, 2) + little(0, 2)
        + little(0, 2) + little(0, 4) + little(archive.count, 4) + name
      archive += [0x50, 0x4B, 3, 4] + little(20, 2) + common + name + content
    }
    let end =
      [0x50, 0x4B, 5, 6] + little(0, 4) + little(names.count, 2) + little(names.count, 2)
      + little(directory.count, 4) + little(archive.count, 4) + little(0, 2)
    let bytes = archive + directory + end
    return cut.map { Array(bytes.prefix($0)) } ?? bytes
  }
}
