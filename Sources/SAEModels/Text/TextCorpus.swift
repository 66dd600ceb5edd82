import Foundation
public import SAECore

/// Files of texts, and how they are read: one file, several, folders of them.
public struct TextCorpus: Sendable {
  /// How documents are found in files.
  public struct Options: Sendable, Equatable {
    /// The field or column that has the text, in all formats but plain text.
    public var field: String
    /// Whether documents in plain text lie a blank line apart; else a file is one.
    public var splitsAtBlankLines: Bool

    /// The field `text`, and a file a document.
    public init(field: String = "text", splitsAtBlankLines: Bool = false) {
      self.field = field
      self.splitsAtBlankLines = splitsAtBlankLines
    }
  }

  /// The files, in order.
  public let files: [String]
  /// Bytes of all of them.
  public let byteCount: Int
  /// How they are read.
  public let options: Options

  /// Finds the files.
  ///
  /// - Parameters:
  ///   - paths: files, and folders whose files of texts are taken in the order of their names, those of folders
  ///     in them included; names that begin with a dot are left out.
  ///   - options: how they are read.
  /// - Throws: `FileError` if there is none, or a file has a name that tells of no format.
  public init(_ paths: [String], options: Options = Options()) throws(FileError) {
    var files: [String] = []
    for path in paths {
      guard FileManager.default.fileExists(atPath: "\(path)/.") else {
        guard TextFormat(file: path) != nil else {
          throw .wrongContents(
            file: path, expected: "a name that ends in \(TextCorpus.endings)", found: "another")
        }
        files.append(path)
        continue
      }
      let found = TextCorpus.files(in: path)
      guard !found.isEmpty else {
        throw .wrongContents(
          file: path, expected: "files whose names end in \(TextCorpus.endings)", found: "none")
      }
      files += found
    }
    self.files = files
    self.options = options
    var count = 0
    for file in files { count += try FileBytes(mapping: file).count }
    byteCount = count
  }

  /// Whether a path is a corpus rather than a file of tokens or something else.
  public static func isText(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/.")
      ? !files(in: path).isEmpty : TextFormat(file: path) != nil
  }

  private static var endings: String {
    TextFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
  }

  private static func files(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    var files: [String] = []
    // By bytes: the same on every system.
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    where !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      if FileManager.default.fileExists(atPath: "\(path)/.") {
        files += self.files(in: path)
      } else if TextFormat(file: name) != nil {
        files.append(path)
      }
    }
    return files
  }

  /// Calls `body` with each document, in order, until it returns false.
  ///
  /// A file is mapped, and released behind the place that is being read, so that memory does not grow with
  /// it.
  ///
  /// - Parameter body: gets a document that is not empty, and how many bytes of all files have been read.
  /// - Throws: `FileError`, with file and line, if a file is broken; what `body` throws.
  public func forEachDocument(
    _ body: (_ document: TextDocument, _ bytesRead: Int) throws -> Bool
  ) throws {
    var before = 0
    for file in files {
      let contents = try FileBytes(mapping: file)
      let goesOn = try forEachDocument(in: contents, format: TextFormat(file: file) ?? .text) {
        try $0.bytes.isEmpty || body($0, before + $1)
      }
      guard goesOn else { return }
      before += contents.count
    }
  }

  /// - Returns: whether `body` never returned false.
  func forEachDocument(
    in contents: FileBytes, format: TextFormat,
    _ body: (_ document: TextDocument, _ bytesRead: Int) throws -> Bool
  ) throws -> Bool {
    switch format {
    case .text:
      try PlainTextReader(contents, splitsAtBlankLines: options.splitsAtBlankLines).read(body)
    case .jsonLines: try JSONLinesReader(contents, field: options.field).read(body)
    case .csv: try CSVReader(contents, field: options.field).read(body)
    case .parquet, .arrow: try ColumnReader(contents, format, column: options.field).read(body)
    }
  }
}
