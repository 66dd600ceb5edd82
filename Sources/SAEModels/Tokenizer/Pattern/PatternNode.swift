/// A part of a regular expression.
indirect enum PatternNode: Equatable {
  /// One scalar.
  case set(ScalarSet)
  /// One scalar as often as it is there, at least and at most; kept ones are not given back.
  case many(ScalarSet, ClosedRange<Int>, keeps: Bool)
  /// One after another.
  case all([PatternNode])
  /// The first that matches.
  case first([PatternNode])
  /// A part that may be missing.
  case optional(PatternNode)
  /// What follows must match, or must not.
  case ahead(PatternNode, isWanted: Bool)

  /// What a match may begin with.
  struct Beginning {
    var set: (low: UInt64, high: UInt64) = (0, 0)
    var reachesBeyondASCII = false
    /// Whether nothing at all may match.
    var isEmpty = false

    static let anything = Beginning(set: (.max, .max), reachesBeyondASCII: true, isEmpty: true)

    init(
      set: (low: UInt64, high: UInt64) = (0, 0), reachesBeyondASCII: Bool = false,
      isEmpty: Bool = false
    ) {
      self.set = set
      self.reachesBeyondASCII = reachesBeyondASCII
      self.isEmpty = isEmpty
    }

    init(_ scalars: ScalarSet, isEmpty: Bool) {
      self.init(
        set: (scalars.low, scalars.high), reachesBeyondASCII: scalars.reachesBeyondASCII,
        isEmpty: isEmpty)
    }

    mutating func formUnion(_ other: Beginning) {
      set = (set.low | other.set.low, set.high | other.set.high)
      reachesBeyondASCII = reachesBeyondASCII || other.reachesBeyondASCII
    }
  }

  var beginning: Beginning {
    switch self {
    case .set(let set): return Beginning(set, isEmpty: false)
    case .many(let set, let counts, _): return Beginning(set, isEmpty: counts.lowerBound == 0)
    case .all(let parts):
      var whole = Beginning(isEmpty: true)
      for part in parts {
        let next = part.beginning
        whole.formUnion(next)
        guard next.isEmpty else {
          whole.isEmpty = false
          return whole
        }
      }
      return whole
    case .first(let choices):
      var whole = Beginning()
      for choice in choices {
        let next = choice.beginning
        whole.formUnion(next)
        whole.isEmpty = whole.isEmpty || next.isEmpty
      }
      return whole
    case .optional(let part):
      var whole = part.beginning
      whole.isEmpty = true
      return whole
    case .ahead: return Beginning(isEmpty: true)
    }
  }
}
