/// A step that finishes the ids of a text.
indirect enum PostProcessor: Sendable {
  /// A token before or after the text, or the text.
  enum Part: Sendable {
    case text
    case tokens([(id: UInt32, text: String)])
  }

  case template([Part])
  /// Takes white space off the ends of the tokens' places.
  case trimming(addsPrefixSpace: Bool)
  case sequence([PostProcessor])

  func apply(to result: inout TokenizedText, specialTokens: Bool) {
    switch self {
    case .sequence(let steps):
      for step in steps { step.apply(to: &result, specialTokens: specialTokens) }
    case .template(let parts):
      guard specialTokens else { return }
      let text = result
      result = TokenizedText()
      for part in parts {
        switch part {
        case .text: result.append(text)
        case .tokens(let tokens):
          for token in tokens { result.append(token.id, token.text, 0..<0) }
        }
      }
    case .trimming(let addsPrefixSpace): result.trimOffsets(addsPrefixSpace: addsPrefixSpace)
    }
  }

  /// The ids before the text and after it; nil for a text that occurs more than once.
  var surroundings: (before: [UInt32], after: [UInt32]) {
    switch self {
    case .trimming: return ([], [])
    case .sequence(let steps):
      return steps.reduce(into: ([], [])) { whole, step in
        let (before, after) = step.surroundings
        whole = (before + whole.0, whole.1 + after)
      }
    case .template(let parts):
      var (before, after): ([UInt32], [UInt32]) = ([], [])
      var isAfter = false
      for part in parts {
        switch part {
        case .text: isAfter = true
        case .tokens(let tokens):
          if isAfter { after += tokens.map(\.id) } else { before += tokens.map(\.id) }
        }
      }
      return (before, after)
    }
  }
}
