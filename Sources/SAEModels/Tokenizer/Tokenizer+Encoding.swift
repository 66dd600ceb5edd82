import SAECore

extension Tokenizer {
  /// Takes a text apart.
  ///
  /// - Parameters:
  ///   - text: what is taken apart.
  ///   - specialTokens: whether the tokens that the tokenizer puts around a text are added. Those that are in
  ///     the text itself are found in any case.
  public func encode(_ text: String, specialTokens: Bool = false) -> TokenizedText {
    var result = TokenizedText()
    workspaces.use { workspace in
      let bytes = Array(text.utf8)
      forEachPart(of: bytes, tracksPlaces: true, &workspace) { text, part, workspace in
        switch part {
        case .token(let id, let range):
          result.append(
            id, String(decoding: text.bytes[range], as: UTF8.self), text.place(range))
        case .piece(let piece):
          workspace.encoder.encode(piece, of: text.bytes, model)
          var begin = piece.lowerBound
          for (id, length) in zip(workspace.encoder.ids, workspace.encoder.lengths) {
            result.append(id, token(id) ?? "", text.place(begin..<begin + length))
            begin += length
          }
        }
      }
    }
    postProcessor?.apply(to: &result, specialTokens: specialTokens)
    return result
  }

  /// The ids of a text alone, which takes less time.
  ///
  /// - Parameters:
  ///   - text: what is taken apart.
  ///   - specialTokens: as for ``encode(_:specialTokens:)``.
  public func ids(of text: String, specialTokens: Bool = false) -> [UInt32] {
    ids(ofUTF8: Array(text.utf8), specialTokens: specialTokens)
  }

  /// The ids of several texts, on all threads.
  public func ids(of texts: [String], specialTokens: Bool = false) -> [[UInt32]] {
    Parallel.map(texts.count) { ids(of: texts[$0], specialTokens: specialTokens) }
  }

  /// The same of texts whose bytes are known to be UTF-8.
  func ids(ofUTF8 texts: [[UInt8]], specialTokens: Bool = false) -> [[UInt32]] {
    Parallel.map(texts.count) { ids(ofUTF8: texts[$0], specialTokens: specialTokens) }
  }

  private func ids(ofUTF8 bytes: [UInt8], specialTokens: Bool) -> [UInt32] {
    let around = specialTokens ? postProcessor?.surroundings : nil
    var result = around?.before ?? []
    result.reserveCapacity(bytes.count / 3)
    workspaces.use { workspace in
      forEachPart(of: bytes, tracksPlaces: false, &workspace) { text, part, workspace in
        switch part {
        case .token(let id, _): result.append(id)
        case .piece(let piece):
          workspace.encoder.append(piece, of: text.bytes, model, to: &result)
        }
      }
    }
    if let around { result += around.after }
    return result
  }

  private enum Part {
    case token(UInt32, Range<Int>)
    case piece(Range<Int>)
  }

  /// Normalizes and splits a text, and calls `body` with each part in order.
  @inline(__always)
  private func forEachPart(
    of bytes: [UInt8], tracksPlaces: Bool, _ workspace: inout TokenizerWorkspace,
    _ body: (_ text: AlignedText, _ part: Part, _ workspace: inout TokenizerWorkspace) -> Void
  ) {
    // Parts may share white space that both take, so that one may begin before another ends.
    var (position, scalars) = (0, 0)
    func count(_ range: Range<Int>) -> Int {
      bytes[range].reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
    }
    for part in added.plain.parts(of: bytes, 0..<bytes.count) {
      if tracksPlaces {
        let begin = part.range.lowerBound
        scalars += begin < position ? -count(begin..<position) : count(position..<begin)
        position = begin
      }
      var text = AlignedText(bytes[part.range], from: tracksPlaces ? scalars : nil)
      if let id = part.token {
        body(text, .token(id, 0..<text.count), &workspace)
        continue
      }
      normalizer?.apply(to: &text, &workspace.matcher)
      for inner in added.normalized.parts(of: text.bytes, 0..<text.count) {
        if let id = inner.token {
          body(text, .token(id, inner.range), &workspace)
          continue
        }
        guard !inner.range.isEmpty else { continue }
        var split = SplitText(
          text: text, pieces: [inner.range],
          isAtStart: part.range.lowerBound == 0 && inner.range.lowerBound == 0)
        splitter?.apply(to: &split, &workspace.matcher)
        for piece in split.pieces { body(split.text, .piece(piece), &workspace) }
      }
    }
  }
}
