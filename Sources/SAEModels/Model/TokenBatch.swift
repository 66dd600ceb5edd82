/// Sequences of token ids that a model runs together, of any lengths.
///
/// Their tokens lie one sequence after another; row t of every matrix of activations belongs to
/// token t.
public struct TokenBatch: Sendable, Equatable {
  /// The ids of all sequences.
  public let tokens: [UInt32]
  /// The rows of each sequence.
  public let sequences: [Range<Int>]

  /// Tokens of all sequences.
  public var count: Int { tokens.count }

  /// Takes sequences.
  public init(_ sequences: [[UInt32]]) {
    var ranges: [Range<Int>] = []
    var begin = 0
    for sequence in sequences {
      ranges.append(begin..<begin + sequence.count)
      begin += sequence.count
    }
    tokens = Array(sequences.joined())
    self.sequences = ranges
  }

  /// Checks that a model can run the batch.
  ///
  /// - Throws: ``ModelError`` if an id lies outside the vocabulary, or a sequence is longer than the
  ///   model has positions.
  func check(vocabularySize: Int, maximumContext: Int) throws(ModelError) {
    for (index, sequence) in sequences.enumerated() {
      guard sequence.count <= maximumContext else {
        throw .sequenceTooLong(sequence: index, expected: maximumContext, found: sequence.count)
      }
    }
    guard let row = tokens.firstIndex(where: { $0 >= vocabularySize }) else { return }
    let sequence = sequences.firstIndex { $0.contains(row) } ?? 0
    throw .tokenOutsideVocabulary(
      sequence: sequence, position: row - sequences[sequence].lowerBound,
      vocabularySize: vocabularySize, found: Int(tokens[row]))
  }
}
