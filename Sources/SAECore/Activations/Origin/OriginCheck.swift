/// Tells whether activations, autoencoders and models that are used together are of one origin.
///
/// Two origins are compared in what both know. Names of places count as equal where the places are
/// (``HookName/agrees(with:)``); names of models count only where one of the two does not know the weights'
/// checksum, and then without what stands before them in a path or a repository.
public struct OriginCheck: Sendable {
  private var parties: [(name: String, origin: ActivationOrigin)] = []

  /// Nothing yet.
  public init() {}

  /// Adds what is brought together with the others.
  ///
  /// - Parameters:
  ///   - name: what it is called in messages, such as a path.
  ///   - origin: where it is from.
  public mutating func add(_ name: String, _ origin: ActivationOrigin) {
    // Of many shards of one harvest the first speaks for all.
    guard !origin.isUnknown, !parties.contains(where: { $0.origin == origin }) else { return }
    parties.append((name, origin))
  }

  /// Adds everything of another check.
  public mutating func add(_ other: OriginCheck) {
    for party in other.parties { add(party.name, party.origin) }
  }

  /// Whether one of them knows the checksum of its model's weights.
  public var knowsWeights: Bool { parties.contains { $0.origin.weights != nil } }

  /// What all of them agree on.
  public var common: ActivationOrigin {
    func agreed<Value>(
      _ value: (ActivationOrigin) -> Value?, _ agree: (Value, Value) -> Bool
    ) -> Value? {
      let known = parties.compactMap { value($0.origin) }
      return known.dropFirst().allSatisfy { agree(known[0], $0) } ? known.first : nil
    }
    var common = ActivationOrigin()
    common.model = agreed(\.model) { ModelName.agree($0, $1) }
    common.weights = agreed(\.weights, ==)
    common.hook = agreed(\.hook) { $0.agrees(with: $1) }
    common.context = agreed(\.context, ==)
    common.prefix = agreed(\.prefix) { ActivationOrigin.agree($0, $1) }
    common.keepsPrefix = agreed(\.keepsPrefix, ==)
    common.rotaryFrequencies = agreed(\.rotaryFrequencies, ==)
    common.normalization = agreed(\.normalization, ==)
    return common
  }

  /// Pairs that do not agree, one line each.
  public var mismatches: [OptionError] {
    parties.indices.flatMap { index in
      parties[..<index].compactMap { reference in
        let differences = parties[index].origin.differences(from: reference.origin)
        guard !differences.isEmpty else { return nil }
        let expected = differences.map { "\($0.name) \($0.expected)" }.joined(separator: ", ")
        return OptionError(
          parties[index].name, expected: "activations of \(expected), as \(reference.name)",
          found: differences.map(\.found).joined(separator: ", "))
      }
    }
  }

  /// Throws the first mismatch, if there is one.
  ///
  /// - Throws: ``OptionError`` that says what differs from what.
  public func check() throws(OptionError) {
    if let mismatch = mismatches.first { throw mismatch }
  }
}

extension ActivationOrigin {
  /// The first property that both know and know differently.
  fileprivate func differences(
    from other: ActivationOrigin
  ) -> [(name: String, expected: String, found: String)] {
    var differences: [(name: String, expected: String, found: String)] = []
    func compare<Value>(
      _ name: String, _ found: Value?, _ expected: Value?, _ agree: (Value, Value) -> Bool
    ) {
      guard let found, let expected, !agree(found, expected) else { return }
      differences.append((name, "\(expected)", "\(found)"))
    }
    compare("hook", hook, other.hook) { $0.agrees(with: $1) }
    if weights != nil, other.weights != nil {
      compare("weights", weights, other.weights, ==)
    } else {
      compare("model", model, other.model) { ModelName.agree($0, $1) }
    }
    compare("context", context, other.context, ==)
    compare("prefix", prefix, other.prefix) { ActivationOrigin.agree($0, $1) }
    compare("prefix activations", keepsPrefix.map(Self.kept), other.keepsPrefix.map(Self.kept), ==)
    compare("rotary frequencies", rotaryFrequencies, other.rotaryFrequencies, ==)
    compare("normalization", normalization, other.normalization, ==)
    return differences
  }

  private static func kept(_ keeps: Bool) -> String { keeps ? "kept" : "left out" }

  /// A beginning-of-sequence token without an id may be any token.
  static func agree(_ one: Prefix, _ other: Prefix) -> Bool {
    switch (one, other) {
    case (.unnamed, .token), (.token, .unnamed): true
    default: one == other
    }
  }
}
