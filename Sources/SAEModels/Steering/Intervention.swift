public import SAECore

/// A change of a model's activations at one place while it runs, made of those at this place or an earlier
/// one.
public struct Intervention: Sendable {
  /// The tokens whose activations are changed.
  public enum Tokens: String, Sendable, CaseIterable {
    /// Those of the prompt and those that the model has written.
    case all
    /// Those of the prompt.
    case prompt
    /// Those that the model has written.
    case generated
  }

  /// Makes new activations, tokens × width at the target, of those at the source and at the target.
  public typealias Change = @Sendable (_ seen: Matrix, _ own: Matrix) throws -> Matrix

  /// Where activations are looked at.
  public let source: HookPoint
  /// Where they are changed: the same place or one after it.
  public let target: HookPoint
  /// Whose activations are changed.
  public let tokens: Tokens
  let change: Change

  /// A change of any kind.
  ///
  /// - Parameters:
  ///   - target: where activations are changed.
  ///   - source: where those that the change is made of are looked at; nil: there.
  ///   - tokens: whose activations are changed.
  ///   - change: called with the rows of some tokens.
  public init(
    at target: HookPoint, from source: HookPoint? = nil, on tokens: Tokens = .all,
    _ change: @escaping Change
  ) {
    self.source = source ?? target
    self.target = target
    self.tokens = tokens
    self.change = change
  }

  /// Adds a vector to the activations.
  ///
  /// - Parameters:
  ///   - vector: as long as activations at the place are wide.
  ///   - target: the place.
  ///   - tokens: whose activations are changed.
  public static func adding(
    _ vector: [Float], at target: HookPoint, on tokens: Tokens = .all
  ) -> Intervention {
    Intervention(at: target, on: tokens) { _, own in
      try ShapeError.check("vector", "columns", expected: own.columns, found: vector.count)
      var changed = own
      changed.addToRows(vector)
      return changed
    }
  }

  /// Of the rows of a pass, those that are changed.
  fileprivate func rows(_ positions: Range<Int>, promptLength: Int) -> Range<Int> {
    let prompt = max(0, min(positions.count, promptLength - positions.lowerBound))
    return switch tokens {
    case .all: 0..<positions.count
    case .prompt: 0..<prompt
    case .generated: prompt..<positions.count
    }
  }
}

extension ForwardPass {
  /// Runs on to a place and makes changes on the way, in their order where they share a place.
  ///
  /// - Parameters:
  ///   - end: where the run stops.
  ///   - interventions: the changes.
  ///   - promptLength: the positions of a sequence that are a prompt's; nil: all.
  /// - Throws: ``ModelError`` if a place is not the model's or lies before the run, and the errors of
  ///   changes.
  public mutating func advance(
    to end: HookPoint, interventions: [Intervention], promptLength: Int? = nil
  ) throws {
    for one in interventions {
      try model.check(one.source)
      try model.check(one.target)
      guard one.source <= one.target else {
        throw ModelError.hookBehindStart(hook: one.target.name, start: one.source.name)
      }
      guard one.source >= place else {
        throw ModelError.hookBehindStart(hook: one.source.name, start: place.name)
      }
    }
    var seen: [Int: Matrix] = [:]
    let places = Set(interventions.flatMap { [$0.source, $0.target] }).filter { $0 <= end }
    for place in places.sorted() {
      try advance(to: place)
      for (index, one) in interventions.enumerated() {
        if one.source == place { seen[index] = activations }
        guard one.target == place, let source = seen.removeValue(forKey: index) else { continue }
        try apply(one, source, promptLength)
      }
    }
    try advance(to: end)
  }

  private mutating func apply(
    _ one: Intervention, _ source: Matrix, _ promptLength: Int?
  ) throws {
    let ranges = batch.sequences.map { sequence -> Range<Int> in
      let positions = firstPosition..<firstPosition + sequence.count
      let own = one.rows(positions, promptLength: promptLength ?? .max)
      return sequence.lowerBound + own.lowerBound..<sequence.lowerBound + own.upperBound
    }.filter { !$0.isEmpty }
    guard !ranges.isEmpty else { return }
    var changed = activations
    let own = changed.rows(of: ranges)
    let others = try one.change(source.rows(of: ranges), own)
    guard others.shape == own.shape else {
      throw ModelError.wrongActivations(
        hook: one.target.name, expected: "\(own.shape)", found: "\(others.shape)")
    }
    changed.replaceRows(of: ranges, with: others)
    try replace(with: changed)
  }
}
