import SAECore

/// The families of models there are.
public enum LanguageModels {
  /// The names of all architectures that can be loaded, as `config.json` calls them.
  public static let architectures: [String] = ModelFamily.all.flatMap(\.architectures)

  /// Reads a model of any family.
  ///
  /// - Throws: ``ModelError`` or `FileError`, naming file, field or tensor.
  public static func load(
    _ directory: String, options: ModelOptions = ModelOptions()
  ) throws -> LanguageModel {
    try LanguageModel(directory: directory, options: options)
  }

  /// What a model computes, without its weights.
  ///
  /// - Throws: ``ModelError`` or `FileError`, naming file and field.
  public static func architecture(_ directory: String) throws -> ModelArchitecture {
    try describe(directory).architecture
  }

  static func describe(
    _ directory: String
  ) throws -> (architecture: ModelArchitecture, family: ModelFamily) {
    try describe(ConfigurationFields("\(directory)/config.json"))
  }

  static func describe(
    _ fields: ConfigurationFields
  ) throws(ModelError) -> (architecture: ModelArchitecture, family: ModelFamily) {
    let found = try fields.strings("architectures") ?? []
    for family in ModelFamily.all {
      guard let name = family.architectures.first(where: found.contains) else { continue }
      return (try family.architecture(fields, name), family)
    }
    throw .unknownArchitecture(file: fields.file, expected: architectures, found: found)
  }

  /// A fingerprint of a model's weights: the CRC-32 of its files of weights, one after another, in eight
  /// hexadecimal digits. It protects from confusion, not from forgery.
  ///
  /// Reads all files once, about a gigabyte per second, and keeps nothing of them in memory.
  ///
  /// - Parameter directory: in Hugging Face's layout.
  /// - Throws: ``ModelError`` or `FileError` if there are no weights or they cannot be read.
  public static func fingerprint(_ directory: String) throws -> String {
    var checksum = CRC32()
    for path in try ModelWeights.files(directory) {
      let file = try FileBytes(mapping: path)
      for begin in stride(from: 0, to: file.count, by: 1 << 24) {
        let range = begin..<min(begin + 1 << 24, file.count)
        checksum.update(file.bytes.extracting(range))
        file.release(range)
      }
    }
    let digits = String(checksum.value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
