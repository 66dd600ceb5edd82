public import Foundation
import SAECore

/// A fault of a model's files, or of a request to run it.
///
/// A fault of a single file's format is a `FileError`.
public enum ModelError: Error, Equatable, Sendable {
  // Configuration
  /// None of the architectures that the configuration names is known.
  case unknownArchitecture(file: String, expected: [String], found: [String])
  /// A field is missing or has an impossible value.
  case invalidField(file: String, field: String, expected: String, found: String)
  /// A field asks for something that changes the result and is not implemented.
  case unsupportedField(file: String, field: String, expected: String, found: String)

  // Weights
  /// There is neither a single file of weights nor an index of several.
  case noWeights(directory: String, expected: [String], found: String)
  /// No file, or not the file that the index says, has the tensor.
  case missingTensor(file: String, tensor: String)
  /// A tensor has another shape than the configuration asks for.
  case wrongShape(file: String, tensor: String, expected: [Int], found: [Int])
  /// A tensor is stored in another type than F32, F16 or BF16.
  case wrongElementType(file: String, tensor: String, found: String)
  /// A tensor that the architecture has no place for.
  case unexpectedTensor(file: String, tensor: String)

  // Running
  /// An id that the model has no embedding for.
  case tokenOutsideVocabulary(sequence: Int, position: Int, vocabularySize: Int, found: Int)
  /// A sequence has more tokens than the model has positions.
  case sequenceTooLong(sequence: Int, expected: Int, found: Int)
  /// Not the name of a place, or of one that depends on the model.
  case unknownHook(name: String)
  /// A name of a place that the model does not have.
  case noSuchPlace(hook: String, model: String, expected: String, found: String)
  /// The place lies after the last layer that was loaded.
  case layerOutOfRange(hook: String, layers: Int)
  /// A place that lies before the one where the run begins.
  case hookBehindStart(hook: String, start: String)
  /// Activations that do not have a row for each token, or another width than the place's.
  case wrongActivations(hook: String, expected: String, found: String)

  // Harvesting and judging
  /// The tokens' file holds something else than a row of whole numbers.
  case wrongTokens(file: String, expected: String, found: String)
  /// The configuration names no such token and none was given.
  case noBeginningOfSequence(model: String)
  /// Options that contradict each other or the model.
  case invalidOption(name: String, expected: String, found: String)
  /// An activation is NaN, infinite, or larger than the type that it is to be stored in can hold.
  case notStorable(hook: String, row: Int, expected: String, found: String)
  /// A shard on disk was made with other settings than those in force.
  case shardDiffers(file: String, field: String, expected: String, found: String)
}

extension ModelError: CustomStringConvertible, LocalizedError {
  public var errorDescription: String? { description }

  public var description: String {
    switch self {
    case .unknownArchitecture(let file, let expected, let found):
      "\(file): expected an architecture of \(expected.joined(separator: ", ")), found "
        + (found.isEmpty ? "none" : found.joined(separator: ", "))
    case .invalidField(let file, let field, let expected, let found):
      "\(file): field \(quoted(field)): expected \(expected), found \(found)"
    case .unsupportedField(let file, let field, let expected, let found):
      "\(file): field \(quoted(field)): only \(expected) is supported, found \(found)"
    case .noWeights(let directory, let expected, let found):
      "\(directory): expected \(expected.joined(separator: " or ")), found \(found)"
    case .missingTensor(let file, let tensor):
      "\(file): expected a tensor \"\(tensor)\", found none"
    case .wrongShape(let file, let tensor, let expected, let found):
      "\(file): tensor \"\(tensor)\": expected the shape \(expected), found \(found)"
    case .wrongElementType(let file, let tensor, let found):
      "\(file): tensor \"\(tensor)\": expected F32, F16 or BF16, found \(found)"
    case .unexpectedTensor(let file, let tensor):
      "\(file): tensor \"\(tensor)\": the architecture has no place for it"
    default: useDescription
    }
  }

  private var useDescription: String {
    switch self {
    case .tokenOutsideVocabulary(let sequence, let position, let vocabularySize, let found):
      "sequence \(sequence), position \(position): expected a token id below \(vocabularySize), "
        + "found \(found)"
    case .sequenceTooLong(let sequence, let expected, let found):
      "sequence \(sequence): expected at most \(expected) tokens, found \(found)"
    case .unknownHook(let name):
      "expected a hook blocks.N.S with S one of \(HookPoint.siteNames), found \"\(name)\""
    case .noSuchPlace(let hook, let model, let expected, let found):
      "\(model): \(hook): expected \(expected), found \(found)"
    case .layerOutOfRange(let hook, let layers):
      "\(hook): expected a place in \(layers) layers"
    case .hookBehindStart(let hook, let start):
      "\(hook): expected a place at or after \(start), where the run begins"
    case .wrongActivations(let hook, let expected, let found):
      "\(hook): expected activations of \(expected), found \(found)"
    case .wrongTokens(let file, let expected, let found):
      "\(file): expected \(expected), found \(found)"
    case .noBeginningOfSequence(let model):
      "\(model): expected a beginning-of-sequence token in its configuration, found none"
    case .invalidOption(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .notStorable(let hook, let row, let expected, let found):
      "\(hook), row \(row): expected activations of \(expected), found \(found)"
    case .shardDiffers(let file, let field, let expected, let found):
      "\(file): \(field): expected \(expected), found \(found)"
    default: "invalid model"
    }
  }
}
