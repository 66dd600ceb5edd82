import Foundation

/// A directory with an autoencoder and one that reconstructs the error of the first, which only together
/// reconstruct activations: `boosted.json`, and the two in the directories `base` and `booster`, each in
/// a layout of its own.
enum BoostedDirectory {
  static let descriptionName = "boosted.json"
  static let base = "base"
  static let booster = "booster"
  private static let format = "swift-sae boosted autoencoder"
  private static let version = 1
  /// The CRC-32 of each half's weights: a half that was exchanged fits by its widths.
  private static let checksums = "weights_crc32"

  static func isOne(_ path: String) -> Bool {
    SystemCall.exists("\(Path.trim(path))/\(descriptionName)")
  }

  /// The descriptions of the base and of the booster.
  ///
  /// - Throws: ``FileError`` if one of the two is missing, something else, or of another pair.
  static func read(_ path: String) throws(FileError) -> [SAEFiles] {
    let path = Path.trim(path)
    var description = try description("\(path)/\(descriptionName)")
    let halves = try pair(
      SAEFiles.find("\(path)/\(base)"), SAEFiles.find("\(path)/\(booster)"))
    // Version 0.1.0 wrote none.
    guard let checksums = try description.object(checksums) else {
      try checkBase(halves)
      return halves
    }
    var reader = SettingsReader(checksums, file: description.file)
    var found: [String] = []
    for (half, files) in zip([base, booster], halves) {
      guard let expected = try reader.string(half) else {
        throw reader.missing(half, "the checksum of the weights")
      }
      // It reads all weights: once.
      found.append(files.weightsChecksum)
      try check(files, found[found.count - 1], is: expected, "the \(half) of this pair")
    }
    try checkBase(halves, found: found[0])
    return halves
  }

  /// The descriptions of a booster that was asked for alone, and of its base: its metadata names the
  /// directory beside its own.
  static func read(booster files: SAEFiles) throws(FileError) -> [SAEFiles] {
    let name = files.outline.boosts ?? ""
    guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else {
      throw files.outline.invalid(
        SAEArchive.boostsKey, "the name of a directory beside it", quoted(name))
    }
    let path = Path.trim(files.path)
    let directory = try SystemCall.isDirectory(path) ? path : Path.split(path).folder
    // The path may be "." itself.
    let base = URL(fileURLWithPath: directory).standardizedFileURL.deletingLastPathComponent()
      .appendingPathComponent(name).path
    guard SystemCall.exists(base) else {
      throw .wrongContents(
        file: path, expected: "the autoencoder that it boosts, at \(base)", found: "nothing")
    }
    let halves = try pair(SAEFiles.find(base), files)
    try checkBase(halves)
    return halves
  }

  /// The description of a pair, of which format and version have been checked and taken.
  private static func description(_ file: String) throws(FileError) -> SettingsReader {
    var reader = try SettingsReader(file)
    let found = try reader.string("format")
    guard found == format else {
      throw reader.invalid("format", format, found.map { .string($0) } ?? .null)
    }
    let number = try reader.positiveInteger("version")
    guard number == version else {
      throw reader.invalid("version", "\(version)", .integer(number))
    }
    return reader
  }

  /// Throws unless the weights are the ones that a pair was written with.
  private static func check(
    _ files: SAEFiles, _ found: String, is checksum: String, _ what: String
  ) throws(FileError) {
    guard found == checksum else {
      throw .wrongContents(
        file: files.path, expected: "\(what), whose weights have the checksum \(checksum)",
        found: "other weights, of checksum \(found)")
    }
  }

  /// Throws unless the base is the one that the booster was written with, as far as the booster tells.
  ///
  /// - Parameter found: the checksum of the base's weights, where it is known.
  private static func checkBase(
    _ halves: [SAEFiles], found: String? = nil
  ) throws(FileError) {
    let checksum = halves[1].outline.metadata[SAEArchive.boostedWeightsKey]?.asString
    guard let checksum else { return }
    try check(
      halves[0], found ?? halves[0].weightsChecksum, is: checksum,
      "the base of the booster \(halves[1].path)")
  }

  private static func pair(
    _ base: SAEFiles, _ booster: SAEFiles
  ) throws(FileError) -> [SAEFiles] {
    guard base.outline.boosts == nil else {
      throw .wrongContents(
        file: base.path, expected: "an autoencoder that stands alone", found: "another booster")
    }
    for (name, expected, found) in [
      ("d_in", base.outline.inputDimension, booster.outline.inputDimension),
      ("d_out", base.outline.outputDimension, booster.outline.outputDimension),
    ] where expected != found {
      throw booster.outline.invalid(name, "\(expected), as the base has", "\(found)")
    }
    return [base, booster]
  }

  /// The error that a directory of two autoencoders was taken for that of one.
  static func isNotOne(_ path: String) -> FileError {
    .wrongContents(
      file: path, expected: "one autoencoder",
      found: "a boosted one: \(base) and \(booster), which belong together")
  }

  /// Writes a new directory.
  static func write(
    base first: SAEArchive, booster second: SAEArchive, to destination: Destination,
    replacing: Bool
  ) throws(FileError) {
    let directory = try AtomicDirectory(destination)
    try first.write(to: directory.file(base))
    let baseChecksum = try SAEFiles.find(directory.file(base)).weightsChecksum
    var archive = second
    archive.metadata[SAEArchive.boostsKey] = .string(base)
    archive.metadata[SAEArchive.boostedWeightsKey] = .string(baseChecksum)
    try archive.write(to: directory.file(booster))
    var halves = JSONObject()
    halves[base] = .string(baseChecksum)
    halves[booster] = .string(try SAEFiles.find(directory.file(booster)).weightsChecksum)
    var description = JSONObject()
    description["format"] = .string(format)
    description["version"] = .integer(version)
    description[checksums] = .object(halves)
    try AtomicFile.write(
      Array("\(JSONValue.object(description))\n".utf8), to: directory.file(descriptionName))
    try directory.finish(replacing: replacing ? .autoencoder : nil)
  }
}

extension SAEArchive {
  /// In the metadata of a booster, the directory beside it that has the autoencoder it boosts.
  static let boostsKey = "boosts"
  /// In the metadata of a booster, the checksum of its base's weights.
  static let boostedWeightsKey = "boosts_weights_crc32"

  /// The name of the directory with the autoencoder that this one boosts; nil if it stands alone.
  var boosts: String? { metadata[SAEArchive.boostsKey]?.asString }

  /// Whether it reconstructs only the error of another autoencoder.
  var isBooster: Bool { boosts != nil }

  /// Writes an autoencoder and one that was trained on its error as a new directory, which
  /// ``SAE/load(_:activationScale:)`` opens as the pair.
  ///
  /// - Parameters:
  ///   - booster: the one that reconstructs the error.
  ///   - path: the directory; its parent must exist.
  ///   - replacing: whether an autoencoder of that name gives way.
  /// - Throws: ``FileError`` as writing an archive does.
  public func write(
    boostedBy booster: SAEArchive, to path: String, replacing: Bool = false
  ) throws(FileError) {
    try BoostedDirectory.write(
      base: self, booster: booster, to: Destination(path), replacing: replacing)
  }
}
