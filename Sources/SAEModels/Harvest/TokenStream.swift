import SAECore

/// The tokens of a corpus, one after another, in memory or in a file.
public struct TokenStream: Sendable {
  /// The file, or "tokens".
  public let name: String
  /// Tokens.
  public let count: Int
  /// Tokens of each sequence, in a file of two dimensions.
  public let sequenceLength: Int?
  /// The place of the first in the stored ids.
  private let offset: Int

  private enum Storage: Sendable {
    case memory([UInt32])
    case file(StoredTensor)
  }

  private let storage: Storage

  /// Takes ids in memory.
  public init(_ tokens: [UInt32]) {
    name = "tokens"
    count = tokens.count
    sequenceLength = nil
    offset = 0
    storage = .memory(tokens)
  }

  /// Opens a NumPy file of whole numbers; they are read as they are needed. Two dimensions are sequences,
  /// one after another.
  ///
  /// - Throws: ``ModelError/wrongTokens(file:expected:found:)``, or `FileError` if the file is
  ///   malformed.
  public init(npy path: String) throws {
    let tensor = try NpyFile(path).tensor
    guard tensor.shape.count == 1 || tensor.shape.count == 2, tensor.isInOrder else {
      throw ModelError.wrongTokens(
        file: path, expected: "one dimension, or two in the order of rows",
        found: "the shape \(tensor.shape)\(tensor.isInOrder ? "" : " in the order of columns")")
    }
    guard tensor.type.isInteger, tensor.type != .bool else {
      throw ModelError.wrongTokens(
        file: path, expected: "whole numbers", found: "\(tensor.type)")
    }
    name = path
    count = tensor.count
    sequenceLength = tensor.shape.count == 2 && tensor.shape[0] > 1 ? tensor.shape[1] : nil
    offset = 0
    storage = .file(tensor.flattened)
  }

  /// The same tokens under another name.
  func named(_ name: String) -> TokenStream { TokenStream(self, 0..<count, name: name) }

  private init(_ stream: TokenStream, _ range: Range<Int>, name: String? = nil) {
    self.name = name ?? stream.name
    count = range.count
    // A part that begins within a sequence is none of sequences.
    sequenceLength = stream.sequenceLength.flatMap {
      $0 > 0 && range.lowerBound % $0 == 0 ? $0 : nil
    }
    offset = stream.offset + range.lowerBound
    storage = stream.storage
  }

  /// A part of the stream.
  ///
  /// - Precondition: the range lies in the stream.
  public subscript(range: Range<Int>) -> TokenStream {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count,
      "tokens \(range) lie outside a stream of \(count)")
    return TokenStream(self, range)
  }

  /// Some tokens.
  ///
  /// - Throws: ``ModelError/wrongTokens(file:expected:found:)`` if a number is no token id.
  /// - Precondition: the range lies in the stream.
  public func tokens(_ range: Range<Int>) throws -> [UInt32] {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count,
      "tokens \(range) lie outside a stream of \(count)")
    let range = range.lowerBound + offset..<range.upperBound + offset
    switch storage {
    case .memory(let tokens): return Array(tokens[range])
    case .file(let tensor):
      return try tensor.integers(range).map { number in
        guard let token = UInt32(exactly: number) else {
          throw ModelError.wrongTokens(
            file: name, expected: "ids from 0 to \(UInt32.max)", found: "\(number)")
        }
        return token
      }
    }
  }
}
