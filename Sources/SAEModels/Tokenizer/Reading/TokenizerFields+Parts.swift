import SAECore

/// The parts of the pipeline that are known. Every other is refused by name.
extension TokenizerFields {
  func normalizer() throws(ModelError) -> Normalizer {
    let type = try type()
    if let form = NormalizationForm(rawValue: type) {
      try allow(["type"])
      return .form(form)
    }
    switch type {
    case "Lowercase":
      try allow(["type"])
      return .lowercase
    case "Prepend":
      try allow(["type", "prepend"])
      return .prepend(Array(try string("prepend").utf8))
    case "Replace":
      try allow(["type", "pattern", "content"])
      return .replace(try pattern("pattern"), Array(try string("content").utf8))
    case "Sequence":
      try allow(["type", "normalizers"])
      var steps: [Normalizer] = []
      for part in try parts("normalizers") { steps.append(try part.normalizer()) }
      return .sequence(steps)
    default:
      throw unsupported(
        "type", "NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace or Sequence")
    }
  }

  /// - Parameter isLast: whether no other part comes after it.
  func splitter(isLast: Bool) throws(ModelError) -> Splitter {
    switch try type() {
    case "ByteLevel":
      try allow(["type", "add_prefix_space", "trim_offsets", "use_regex"])
      guard isLast else { throw unsupported("type", "ByteLevel at the end of a sequence") }
      return .byteLevel(
        addsPrefixSpace: try bool("add_prefix_space"),
        try bool("use_regex", default: true) ? Splitter.words : nil)
    case "Split":
      try allow(["type", "pattern", "behavior", "invert"])
      guard let behavior = SplitBehavior(rawValue: try string("behavior")) else {
        throw unsupported(
          "behavior", SplitBehavior.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return .split(
        try pattern("pattern"), behavior, isInverted: try bool("invert", default: false))
    case "Digits":
      try allow(["type", "individual_digits"])
      return .digits(individually: try bool("individual_digits", default: false))
    case "Metaspace": return .metaspace(try metaspace())
    case "Whitespace":
      try allow(["type"])
      return .split(Splitter.wordsAndPunctuation, .removed, isInverted: true)
    case "Sequence":
      try allow(["type", "pretokenizers"])
      var steps: [Splitter] = []
      let parts = try parts("pretokenizers")
      for (index, part) in parts.enumerated() {
        steps.append(try part.splitter(isLast: isLast && index == parts.count - 1))
      }
      return .sequence(steps)
    default:
      throw unsupported(
        "type", "ByteLevel, Split, Digits, Metaspace, Whitespace or Sequence")
    }
  }

  private func metaspace() throws(ModelError) -> Metaspace {
    try allow(["type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"])
    let mark = try scalar("replacement")
    var prepending = Metaspace.Prepending.always
    if object["prepend_scheme"] != nil {
      guard let found = Metaspace.Prepending(rawValue: try string("prepend_scheme")) else {
        throw invalid("prepend_scheme", "always, first or never")
      }
      prepending = found
    }
    // Files of before 2024 say it so.
    if try !bool("add_prefix_space", default: true) {
      guard object["prepend_scheme"] == nil || prepending == .never else {
        throw invalid("add_prefix_space", "true, or the prepend_scheme never")
      }
      prepending = .never
    }
    return Metaspace(
      mark: mark, prepending: prepending, splits: try bool("split", default: true))
  }

  func decoder() throws(ModelError) -> TokenDecoder {
    switch try type() {
    case "ByteLevel":
      try allow(["type", "add_prefix_space", "trim_offsets", "use_regex"])
      return .byteLevel
    case "ByteFallback":
      try allow(["type"])
      return .byteFallback
    case "Fuse":
      try allow(["type"])
      return .fuse
    case "Replace":
      try allow(["type", "pattern", "content"])
      return .replace(try pattern("pattern"), Array(try string("content").utf8))
    case "Strip":
      try allow(["type", "content", "start", "stop"])
      return .strip(
        try scalar("content"), start: try integer("start", in: 0...1_000_000),
        end: try integer("stop", in: 0...1_000_000))
    case "Metaspace": return .metaspace(try metaspace())
    case "Sequence":
      try allow(["type", "decoders"])
      var steps: [TokenDecoder] = []
      for part in try parts("decoders") { steps.append(try part.decoder()) }
      return .sequence(steps)
    default:
      throw unsupported(
        "type", "ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace or Sequence")
    }
  }

  func postProcessor() throws(ModelError) -> PostProcessor {
    switch try type() {
    case "ByteLevel":
      try allow(["type", "add_prefix_space", "trim_offsets", "use_regex"])
      guard try bool("trim_offsets") else { return .sequence([]) }
      return .trimming(addsPrefixSpace: try bool("add_prefix_space"))
    case "TemplateProcessing":
      try allow(["type", "single", "pair", "special_tokens"])
      return .template(try template())
    case "Sequence":
      try allow(["type", "processors"])
      var steps: [PostProcessor] = []
      for part in try parts("processors") { steps.append(try part.postProcessor()) }
      return .sequence(steps)
    default: throw unsupported("type", "ByteLevel, TemplateProcessing or Sequence")
    }
  }

  private func template() throws(ModelError) -> [PostProcessor.Part] {
    var result: [PostProcessor.Part] = []
    let special = try part("special_tokens")
    for part in try parts("single") {
      if let sequence = try part.part("Sequence") {
        guard try sequence.string("id") == "A" else { throw sequence.invalid("id", "\"A\"") }
        result.append(.text)
        continue
      }
      guard let token = try part.part("SpecialToken") else {
        throw invalid("single", "Sequence or SpecialToken")
      }
      let name = try token.string("id")
      guard let entry = try special?.part(name),
        case .array(let ids)? = entry.object["ids"],
        case .array(let texts)? = entry.object["tokens"], ids.count == texts.count
      else { throw invalid("special_tokens", "ids and tokens of \(quoted(name))") }
      var tokens: [(id: UInt32, text: String)] = []
      for (id, text) in zip(ids, texts) {
        guard let id = id.asInteger.flatMap(UInt32.init(exactly:)), let text = text.asString else {
          throw entry.invalid("ids", "ids and texts")
        }
        tokens.append((id, text))
      }
      result.append(.tokens(tokens))
    }
    let count = result.count { if case .text = $0 { true } else { false } }
    guard count == 1 else { throw invalid("single", "one Sequence") }
    return result
  }
}
