/// Finds the matches of a pattern, one after another, with its own memory for what can be taken back.
struct PatternMatcher {
  private struct Choice {
    let step: Int
    var position: Int
    /// Scalars down to here can be given back.
    let least: Int
  }

  private var choices: [Choice] = []
  private let classes = ScalarClass.table

  /// The end of the match that begins at a place; nil if none does.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8.
  ///   - end: where the text ends.
  mutating func match(
    _ pattern: borrowing Pattern, in bytes: Span<UInt8>, at begin: Int, end: Int
  ) -> Int? {
    var candidates = pattern.candidates[begin < end ? Int(bytes[begin]) : 256]
    while candidates != 0 {
      let index = candidates.trailingZeroBitCount
      if let found = run(pattern, pattern.alternatives[index], bytes, begin, end) { return found }
      candidates &= candidates &- 1
    }
    return nil
  }

  private mutating func run(
    _ pattern: borrowing Pattern, _ first: Int, _ bytes: Span<UInt8>, _ begin: Int, _ end: Int
  ) -> Int? {
    let floor = choices.count
    defer { choices.removeLast(choices.count - floor) }
    let steps = pattern.steps.span
    let sets = pattern.sets.span
    var step = first
    var position = begin
    while true {
      var isMatch = true
      switch steps[step].kind {
      case .end: return position
      case .jump: step = steps[step].target
      case .set:
        let next = advance(sets[steps[step].set], bytes, position, end)
        isMatch = next > position
        position = next
        step &+= 1
      case .many, .manyKept:
        let counts = steps[step].counts
        let start = position
        var least = position
        var count = 0
        while count < counts.upperBound {
          let next = advance(sets[steps[step].set], bytes, position, end)
          guard next > position else { break }
          position = next
          count &+= 1
          if count == counts.lowerBound { least = position }
        }
        isMatch = count >= counts.lowerBound
        if counts.lowerBound == 0 { least = start }
        step &+= 1
        if isMatch, position > least, steps[step &- 1].kind == .many, steps[step].kind != .end {
          choices.append(Choice(step: step, position: position, least: least))
        }
      case .choose:
        choices.append(Choice(step: steps[step].target, position: position, least: position))
        step &+= 1
      case .ahead, .notAhead:
        let found = run(pattern, step + 1, bytes, position, end) != nil
        isMatch = found == (steps[step].kind == .ahead)
        step = steps[step].target
      }
      if isMatch { continue }
      guard choices.count > floor, let choice = choices.popLast() else { return nil }
      step = choice.step
      position = choice.position
      guard position > choice.least else { continue }
      // One scalar is given back; more may be, later.
      repeat { position &-= 1 } while bytes[position] & 0xC0 == 0x80
      if position > choice.least {
        choices.append(Choice(step: step, position: position, least: choice.least))
      }
    }
  }

  /// The place after the scalar at a place, or the same place if it is not in the set.
  @inline(__always)
  private func advance(
    _ set: borrowing ScalarSet, _ bytes: Span<UInt8>, _ position: Int, _ end: Int
  ) -> Int {
    guard position < end else { return position }
    let byte = bytes[position]
    if byte < 0x80 { return set.containsASCII(byte) ? position &+ 1 : position }
    let (value, length) = UTF8Scalar.decode(bytes, position)
    return set.contains(value, class: classes[Int(value)]) ? position &+ length : position
  }
}

/// Scalars in bytes that are known to be UTF-8.
enum UTF8Scalar {
  /// The scalar at a place, and its bytes.
  @inline(__always)
  static func decode(_ bytes: Span<UInt8>, _ position: Int) -> (value: UInt32, length: Int) {
    let first = UInt32(bytes[position])
    if first < 0x80 { return (first, 1) }
    func next(_ offset: Int) -> UInt32 { UInt32(bytes[position &+ offset]) & 0x3F }
    if first < 0xE0 { return ((first & 0x1F) << 6 | next(1), 2) }
    if first < 0xF0 { return ((first & 0x0F) << 12 | next(1) << 6 | next(2), 3) }
    return ((first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
  }

  /// The bytes of the scalar that a byte begins.
  @inline(__always)
  static func length(_ first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
  }
}
