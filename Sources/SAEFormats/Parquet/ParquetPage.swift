/// The texts of a dictionary page.
struct ParquetDictionary {
  private let bytes: [UInt8]
  private let texts: [Range<Int>]

  /// nil if there are not so many texts.
  init?(_ bytes: [UInt8], count: Int) {
    var texts: [Range<Int>] = []
    var position = 0
    // A text takes four bytes at least.
    guard count <= bytes.count / 4 else { return nil }
    for _ in 0..<count {
      guard let text = ParquetPage.text(bytes[...], at: position) else { return nil }
      texts.append(text)
      position = text.upperBound
    }
    self.bytes = bytes
    self.texts = texts
  }

  subscript(index: Int) -> ArraySlice<UInt8>? {
    texts.indices.contains(index) ? bytes[texts[index]] : nil
  }
}

/// A page of texts.
struct ParquetPage {
  /// Where it is, for messages.
  struct Place {
    let file: String
    let offset: Int
    let column: String
  }

  let place: Place
  /// Values, those that are missing included.
  let count: Int
  /// Which are there; nil where all are.
  let levels: ArraySlice<UInt8>?
  let values: ArraySlice<UInt8>
  /// What the values are numbers of; nil where they are texts themselves.
  let dictionary: ParquetDictionary?

  /// Where the bytes of a plain text lie, whose length begins at a place.
  static func text(_ bytes: ArraySlice<UInt8>, at position: Int) -> Range<Int>? {
    guard bytes.endIndex - position >= 4 else { return nil }
    let length = bytes[position..<position + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    let begin = position + 4
    return length <= bytes.endIndex - begin ? begin..<begin + length : nil
  }

  /// - Returns: whether `body` never returned false.
  func forEach(_ body: (_ value: ArraySlice<UInt8>?) throws -> Bool) throws -> Bool {
    var levels = levels.map { HybridRuns($0, width: 1) }
    var position = values.startIndex
    var numbers: HybridRuns?
    if dictionary != nil {
      // The first byte is the width of a number.
      let width = Int(values.first ?? 0)
      guard width <= 32 else { throw malformed("numbers of at most 32 bits") }
      numbers = HybridRuns(values.dropFirst(), width: width)
    }
    for _ in 0..<count {
      if levels != nil {
        guard let level = levels?.next() else { throw malformed("a level for each value") }
        if level == 0 {
          guard try body(nil) else { return false }
          continue
        }
      }
      let value: ArraySlice<UInt8>
      if let dictionary {
        guard let number = numbers?.next(), let text = dictionary[Int(number)] else {
          throw malformed("the number of a text in the dictionary for each value")
        }
        value = text
      } else {
        guard let text = ParquetPage.text(values, at: position) else {
          throw malformed("a text for each value")
        }
        value = values[text]
        position = text.upperBound
      }
      guard try body(value) else { return false }
    }
    return true
  }

  private func malformed(_ expected: String) -> FileError {
    .malformed(
      file: place.file, offset: place.offset,
      expected: "\(expected) in the page (column \(quoted(place.column)))", found: "something else")
  }
}
