/// Byte-pair encoding: a piece's characters are ids, and pairs of ids become one in the order in which
/// the merges were learned (Sennrich, Haddow and Birch 2016).
struct BytePairModel: Sendable {
  /// What a character becomes that the vocabulary does not have.
  struct Unknown: Sendable {
    let id: UInt32
    /// Whether neighbors become one.
    let isFused: Bool
  }

  /// The texts of the vocabulary.
  let texts: ByteTexts
  /// The id of each text, by its number.
  let ids: [UInt32]
  let merges: MergeTable
  /// nil leaves unknown characters out.
  let unknown: Unknown?
  /// The ids of <0x00> to <0xFF>, where unknown characters become bytes; nil for those that are not there.
  let fallback: [UInt32?]?
  /// Whether a piece that the vocabulary has is that id, without merges.
  let ignoresMerges: Bool
  /// The id of each byte's letter, where pieces are bytes; `none` for those that are not there.
  let letterIDs: [UInt32]?

  static let none = UInt32.max

  /// The id of a text.
  func id(of text: some Collection<UInt8>) -> UInt32? { texts.find(text).map { ids[$0] } }

  /// The id of a whole piece.
  func wholeID(of piece: ArraySlice<UInt8>) -> UInt32? {
    guard letterIDs != nil else { return id(of: piece) }
    return id(of: piece.flatMap { ByteLetters.encoded[Int($0)] })
  }
}
