import SAECore

/// Reads a regular expression in the notation of Oniguruma, as far as tokenizers use it.
///
/// Literals, `.`, classes, `\p{…}`, `\s`, `\d`, `\w` and their opposites, groups without capture, `(?i:…)`,
/// alternatives, looking ahead, and repetition of one scalar, possessive or not. A group may be
/// repeated by `?` alone, so that no text takes exponential time.
struct PatternParser {
  /// A construct that is not supported, or an error of the notation.
  struct Problem: Error, Equatable {
    let expected: String
    let found: String
  }

  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var ignoresCase = false
  private var depth = 0

  private init(_ text: String) { scalars = Array(text.unicodeScalars) }

  static func parse(_ text: String) throws(Problem) -> PatternNode {
    var parser = PatternParser(text)
    let node = try parser.choices()
    guard parser.next == nil else { throw Problem(expected: "the end", found: "\")\"") }
    return node
  }

  private var next: Unicode.Scalar? {
    position < scalars.count ? scalars[position] : nil
  }

  private mutating func accept(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[position...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  private mutating func take() throws(Problem) -> Unicode.Scalar {
    guard let scalar = next else { throw Problem(expected: "more", found: "the end") }
    position += 1
    return scalar
  }

  private mutating func choices() throws(Problem) -> PatternNode {
    var choices = [try sequence()]
    while accept("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .first(choices)
  }

  private mutating func sequence() throws(Problem) -> PatternNode {
    var parts: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated()) }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  private mutating func repeated() throws(Problem) -> PatternNode {
    let begin = position
    let part = try atom()
    guard let counts = try counts() else { return part }
    if next == "?" {
      throw Problem(expected: "greedy repetition", found: quoted(text(from: begin, 1)))
    }
    let keeps = accept("+")
    switch part {
    case .set(let set): return .many(set, counts, keeps: keeps)
    case .ahead: throw Problem(expected: "no repetition here", found: quoted(text(from: begin)))
    default:
      guard counts == 0...1, !keeps else {
        throw Problem(
          expected: "repetition of a single character or \"?\"", found: quoted(text(from: begin)))
      }
      return .optional(part)
    }
  }

  /// The counts of a repetition; nil where there is none.
  private mutating func counts() throws(Problem) -> ClosedRange<Int>? {
    let begin = position
    if accept("*") { return 0...Int.max }
    if accept("+") { return 1...Int.max }
    if accept("?") { return 0...1 }
    guard accept("{") else { return nil }
    let problem = { [scalars] (end: Int) in
      Problem(
        expected: "a repetition such as {1,3}",
        found: quoted(String(String.UnicodeScalarView(scalars[begin..<end]))))
    }
    let least = number()
    var most = least
    if accept(",") { most = next == "}" ? Int.max : number() }
    guard let least, let most, least <= most, most > 0, accept("}") else {
      throw problem(min(position + 1, scalars.count))
    }
    return least...most
  }

  private mutating func number() -> Int? {
    var digits = ""
    while let scalar = next, ("0"..."9").contains(scalar), digits.utf8.count < 6 {
      digits.unicodeScalars.append(scalar)
      position += 1
    }
    return Int(digits)
  }

  private mutating func atom() throws(Problem) -> PatternNode {
    let begin = position
    switch try take() {
    case "(": return try group(begin)
    case "[": return .set(try characterClass())
    case ".":
      var set = ScalarSet("\n")
      set.invert()
      return .set(set)
    case "\\": return .set(try escape())
    case "^", "$", "*", "+", "?", "{":
      throw Problem(
        expected: "a character, a class or a group", found: quoted(String(scalars[begin])))
    case let scalar: return .set(literal(scalar))
    }
  }

  private mutating func group(_ begin: Int) throws(Problem) -> PatternNode {
    let outer = ignoresCase
    var ahead: Bool?
    if accept("?:") {
    } else if accept("?i:") {
      ignoresCase = true
    } else if accept("?=") {
      ahead = true
    } else if accept("?!") {
      ahead = false
    } else if next == "?" {
      throw Problem(
        expected: "(?:…), (?i:…), (?=…) or (?!…)", found: quoted(text(from: begin, 3)))
    }
    depth += 1
    guard depth < 16 else { throw Problem(expected: "fewer than 16 levels", found: "more") }
    let inside = try choices()
    guard accept(")") else { throw Problem(expected: "\")\"", found: "the end") }
    depth -= 1
    ignoresCase = outer
    return ahead.map { .ahead(inside, isWanted: $0) } ?? inside
  }

  private mutating func escape() throws(Problem) -> ScalarSet {
    let scalar = try take()
    switch scalar {
    case "n": return ScalarSet("\n")
    case "r": return ScalarSet("\r")
    case "t": return ScalarSet("\t")
    case "f": return ScalarSet("\u{C}")
    case "v": return ScalarSet("\u{B}")
    case "s": return ScalarSet(classes: ScalarClass.space)
    case "S": return ScalarSet(classes: ~ScalarClass.space)
    case "d": return ScalarSet(classes: ScalarClass.digit)
    case "D": return ScalarSet(classes: ~ScalarClass.digit)
    case "w": return ScalarSet(classes: ScalarClass.word)
    case "W": return ScalarSet(classes: ~ScalarClass.word)
    case "p", "P": return try property(isInverted: scalar == "P")
    case "x", "u": return literal(try hexadecimal(scalar))
    default:
      let isWord =
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      guard !isWord else {
        throw Problem(expected: "an escape that is supported", found: quoted("\\\(scalar)"))
      }
      return literal(scalar)
    }
  }

  private mutating func property(isInverted: Bool) throws(Problem) -> ScalarSet {
    guard accept("{") else { throw Problem(expected: "\\p{…}", found: "\"\\p\"") }
    var inverts = isInverted
    if accept("^") { inverts.toggle() }
    var name = ""
    while let scalar = next, scalar != "}", name.utf8.count < 32 {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    guard accept("}"), let mask = ScalarClass.mask(property: name) else {
      throw Problem(
        expected: "the abbreviation of a general category", found: quoted("\\p{\(name)}"))
    }
    return ScalarSet(classes: inverts ? ~mask : mask)
  }

  private mutating func hexadecimal(_ kind: Unicode.Scalar) throws(Problem) -> Unicode.Scalar {
    let braces = accept("{")
    var value: UInt32 = 0
    var count = 0
    while let digit = next.flatMap({ Character($0).hexDigitValue }),
      count < (braces ? 6 : kind == "x" ? 2 : 4)
    {
      value = value << 4 | UInt32(digit)
      position += 1
      count += 1
    }
    guard count > 0, !braces || accept("}"), let scalar = Unicode.Scalar(value) else {
      throw Problem(expected: "the number of a scalar", found: "another")
    }
    return scalar
  }

  private mutating func characterClass() throws(Problem) -> ScalarSet {
    var set = ScalarSet()
    let isInverted = accept("^")
    var isFirst = true
    while isFirst || next != "]" {
      isFirst = false
      var lower: Unicode.Scalar?
      switch try take() {
      case "[":
        throw Problem(
          expected: "no class within a class", found: quoted(text(from: position - 1, 2)))
      case "&" where next == "&":
        throw Problem(expected: "no intersection of classes", found: "\"&&\"")
      case "\\":
        let found = try escape()
        // The end of a range must be one scalar.
        lower = found.single
        if lower == nil || next != "-" {
          set.insert(found)
          continue
        }
      case let scalar: lower = scalar
      }
      guard let lower else { continue }
      guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
        set.insert(literal(lower))
        continue
      }
      position += 1
      var upper: Unicode.Scalar? = try take()
      if upper == "\\" { upper = try escape().single }
      guard let upper, upper >= lower, !ignoresCase else {
        throw Problem(expected: "a range of characters", found: "another")
      }
      set.insert(lower.value...upper.value)
    }
    position += 1
    if isInverted { set.invert() }
    return set
  }

  /// One scalar; where case is ignored, all that fold to the same.
  private func literal(_ scalar: Unicode.Scalar) -> ScalarSet {
    var set = ScalarSet(scalar)
    guard ignoresCase else { return set }
    for text in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping]
    where text.unicodeScalars.count == 1 {
      for other in text.unicodeScalars { set.insert(other.value...other.value) }
    }
    // The long s and the sign of Kelvin.
    if set.contains(0x73) { set.insert(0x17F...0x17F) }
    if set.contains(0x6B) { set.insert(0x212A...0x212A) }
    return set
  }

  private func text(from begin: Int, _ more: Int = 0) -> String {
    String(
      String.UnicodeScalarView(scalars[begin..<min(max(position, begin) + more, scalars.count)]))
  }
}
