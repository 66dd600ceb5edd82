public import SAECore

/// A tap's request after it has seen the activations.
public enum TapResult: Sendable {
  /// Run on.
  case proceed
  /// Run on with others in their place, tokens × their width.
  case replace(Matrix)
  /// End the run at this place.
  case stop
}

/// A function that reads or replaces the activations at one place of a run.
public struct Tap {
  /// The place.
  public let hook: HookPoint
  /// Gets the activations, tokens × their width.
  public let body: (_ activations: Matrix) throws -> TapResult

  /// A tap at a place.
  public init(_ hook: HookPoint, _ body: @escaping (Matrix) throws -> TapResult) {
    self.hook = hook
    self.body = body
  }
}

extension ForwardPass {
  /// Runs on to a place and calls taps as it comes by theirs, in the order given where they share one.
  ///
  /// - Returns: whether no tap stopped the run.
  /// - Throws: ``ModelError``, or the error of a tap.
  @discardableResult
  public mutating func advance(to end: HookPoint, taps: [Tap]) throws -> Bool {
    for tap in taps {
      try model.check(tap.hook)
      guard tap.hook >= place else {
        throw ModelError.hookBehindStart(hook: tap.hook.name, start: place.name)
      }
    }
    try model.check(end)
    let passed = taps.filter { $0.hook <= end }
    for place in Set(passed.map(\.hook)).sorted() {
      try advance(to: place)
      for tap in passed where tap.hook == place {
        switch try tap.body(activations) {
        case .proceed: break
        case .replace(let others): try replace(with: others)
        case .stop: return false
        }
      }
    }
    try advance(to: end)
    return true
  }
}
