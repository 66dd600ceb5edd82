/// A regular expression that finds its matches in UTF-8.
struct Pattern: Sendable {
  /// A step of a match.
  struct Step: Sendable {
    enum Kind: Sendable {
      /// One scalar of the set.
      case set
      /// Scalars of the set, as many as the counts allow.
      case many
      /// Many, none of which is given back.
      case manyKept
      /// On from the next step, or else from the target.
      case choose
      /// On from the target.
      case jump
      /// The steps up to the target must match here, or must not.
      case ahead, notAhead
      /// The match is complete.
      case end
    }

    let kind: Kind
    /// The number of the set.
    var set = 0
    var counts = 0...0
    var target = 0
  }

  let steps: [Step]
  let sets: [ScalarSet]
  /// Where each alternative begins.
  let alternatives: [Int]
  /// The alternatives that a match may follow at a first byte, one bit each; the last entry is for the
  /// end of the text.
  let candidates: [UInt64]

  /// - Throws: `PatternParser.Problem` where the notation is wrong or not supported.
  init(_ text: String) throws(PatternParser.Problem) {
    let node = try PatternParser.parse(text)
    var choices: [PatternNode] = if case .first(let choices) = node { choices } else { [node] }
    if choices.count > 64 { choices = [node] }
    var compiler = Compiler()
    var starts: [Int] = []
    for choice in choices {
      starts.append(compiler.steps.count)
      compiler.add(choice)
      compiler.steps.append(Step(kind: .end))
    }
    (steps, sets, alternatives) = (compiler.steps, compiler.sets, starts)
    candidates = Pattern.candidates(choices)
  }

  /// The pattern that matches a text.
  init(literal text: String) {
    var compiler = Compiler()
    for scalar in text.unicodeScalars { compiler.add(.set(ScalarSet(scalar))) }
    compiler.steps.append(Step(kind: .end))
    (steps, sets, alternatives) = (compiler.steps, compiler.sets, [0])
    candidates = Pattern.candidates([.all(text.unicodeScalars.map { .set(ScalarSet($0)) })])
  }

  private static func candidates(_ choices: [PatternNode]) -> [UInt64] {
    var candidates = [UInt64](repeating: 0, count: 257)
    for (index, choice) in choices.enumerated() {
      let beginning = choice.beginning
      for byte in 0..<256 {
        let isThere =
          byte >= 128
          ? beginning.reachesBeyondASCII
          : (byte < 64 ? beginning.set.low : beginning.set.high) >> UInt64(byte & 63) & 1 == 1
        if isThere || beginning.isEmpty { candidates[byte] |= 1 << UInt64(index) }
      }
      if beginning.isEmpty { candidates[256] |= 1 << UInt64(index) }
    }
    return candidates
  }

  /// Turns nodes into steps.
  private struct Compiler {
    var steps: [Step] = []
    var sets: [ScalarSet] = []

    mutating func number(_ set: ScalarSet) -> Int {
      if let index = sets.firstIndex(of: set) { return index }
      sets.append(set)
      return sets.count - 1
    }

    mutating func add(_ node: PatternNode) {
      switch node {
      case .set(let set): steps.append(Step(kind: .set, set: number(set)))
      case .many(let set, let counts, let keeps):
        steps.append(
          Step(kind: keeps ? .manyKept : .many, set: number(set), counts: counts))
      case .all(let parts): for part in parts { add(part) }
      case .first(let choices):
        var jumps: [Int] = []
        for choice in choices.dropLast() {
          let choose = steps.count
          steps.append(Step(kind: .choose))
          add(choice)
          jumps.append(steps.count)
          steps.append(Step(kind: .jump))
          steps[choose].target = steps.count
        }
        if let last = choices.last { add(last) }
        for jump in jumps { steps[jump].target = steps.count }
      case .optional(let part):
        let choose = steps.count
        steps.append(Step(kind: .choose))
        add(part)
        steps[choose].target = steps.count
      case .ahead(let part, let isWanted):
        let ahead = steps.count
        steps.append(Step(kind: isWanted ? .ahead : .notAhead))
        add(part)
        steps.append(Step(kind: .end))
        steps[ahead].target = steps.count
      }
    }
  }
}
