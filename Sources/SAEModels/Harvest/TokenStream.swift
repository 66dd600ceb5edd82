import SAECore

/// The tokens of a corpus, one after another, in memory or in a file.
public struct TokenStream: Sendable {
  /// The file, or "tokens".
  public let name: String
  /// Tokens.
  public let count: Int
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
    offset = 0
    storage = .memory(tokens)
  }

  /// Opens a NumPy file with one row of whole numbers; they are read as they are needed.
  ///
  /// - Throws: ``ModelError/wrongTokens(file:expected:found:)``, or `FileError` if the file is
  ///   malformed.
  public init(npy path: String) throws {
    let tensor = try NpyFile(path).tensor
    guard tensor.shape.count == 1 else {
      throw ModelError.wrongTokens(
        file: path, expected: "one dimension", found: "the shape \(tensor.shape)")
    }
    guard tensor.type.isInteger, tensor.type != .bool else {
      throw ModelError.wrongTokens(
        file: path, expected: "whole numbers", found: "\(tensor.type)")
    }
    name = path
    count = tensor.count
    offset = 0
    storage = .file(tensor)
  }

  private init(_ stream: TokenStream, _ range: Range<Int>) {
    name = stream.name
    count = range.count
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
