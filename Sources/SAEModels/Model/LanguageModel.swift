public import SAECore

/// A decoder-only transformer that can be run in parts.
///
/// An architecture is a type that conforms, in a file of its own, and its entry in
/// ``LanguageModels/architectures``. It provides the parts; the code that runs, taps and judges them is
/// written once, in extensions.
public protocol LanguageModel: Sendable {
  /// The names by which `config.json` calls the architecture.
  static var architectures: [String] { get }

  /// Reads a model from a directory in Hugging Face's layout.
  ///
  /// - Throws: ``ModelError`` or `FileError`, naming file, field or tensor.
  init(directory: String, options: ModelOptions) throws

  /// The model's name in messages and metadata.
  var name: String { get }
  /// How it was read.
  var options: ModelOptions { get }
  /// Width of the residual stream.
  var width: Int { get }
  /// Layers of the architecture.
  var layerCount: Int { get }
  /// Layers that were read.
  var loadedLayers: Int { get }
  /// Ids lie below this.
  var vocabularySize: Int { get }
  /// Positions that the model was made for.
  var maximumContext: Int { get }
  /// The token that texts begin with; nil if the configuration names none.
  var beginningOfSequence: UInt32? { get }

  /// The residual stream as it enters layer 0, tokens × width.
  ///
  /// - Precondition: the ids lie in the vocabulary.
  func embed(_ batch: TokenBatch) -> Matrix

  /// Runs consecutive layers on the residual stream as it enters the first of them.
  ///
  /// - Precondition: the layers are loaded, and the stream has a row for each token.
  func run(layers: Range<Int>, on stream: inout Matrix, of batch: TokenBatch)

  /// The stream as it leaves the last layer, normalized for the unembedding.
  func finalNorm(_ stream: MatrixView) -> Matrix

  /// The logits of rows of the stream as it leaves the last layer, rows × vocabulary.
  func logits(_ stream: MatrixView) -> Matrix
}

/// The architectures there are.
public enum LanguageModels {
  /// Every architecture that can be loaded.
  public static let architectures: [any LanguageModel.Type] = [Gemma2.self]

  /// Reads a model of any architecture.
  ///
  /// - Throws: ``ModelError`` or `FileError`, naming file, field or tensor.
  public static func load(
    _ directory: String, options: ModelOptions = ModelOptions()
  ) throws -> any LanguageModel {
    let fields = try ConfigurationFields("\(directory)/config.json")
    let found = try fields.strings("architectures") ?? []
    guard let type = architectures.first(where: { !Set($0.architectures).isDisjoint(with: found) })
    else {
      throw ModelError.unknownArchitecture(
        file: fields.file, expected: architectures.flatMap { $0.architectures }, found: found)
    }
    return try type.init(directory: directory, options: options)
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
