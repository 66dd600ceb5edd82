/// Lowering the exponent of a sparsity term step by step, its coefficient with it so that the term
/// keeps its size.
///
/// At each of `updates` steps, evenly spaced from the first to the last, the coefficient α is
/// multiplied by the ratio of the term's mean with the exponent in force to its mean with the next
/// one, over the last `queueLength` steps, and the next exponent comes into force. The first of the
/// updates only begins the measuring.
///
/// Source: Karvonen et al. 2024, arXiv 2408.00113, section 4; details as in dictionary_learning.
public struct PAnnealing: Sendable, Equatable, Codable {
  /// Exponents, evenly spaced; in float32, as the library holds them.
  public let exponents: [Double]
  /// The steps after which they come into force, the first step being 0.
  public let updateSteps: [Int]
  /// Steps over which the ratio is taken.
  public let queueLength: Int

  /// Exponents from `first` to `last`, in so many updates, the first and the last of which are after
  /// the first and the last of `steps`.
  public init(
    from first: Double = 1, to last: Double, between steps: ClosedRange<Int>, updates: Int = 10,
    queueLength: Int = 10
  ) {
    // One too many is enough for the check.
    let updates = min(max(0, updates), PAnnealing.mostUpdates + 1)
    let gaps = Double(max(1, updates - 1))
    exponents = (0..<updates).map { Double(Float(first + (last - first) * Double($0) / gaps)) }
    let (span, overflows) = steps.upperBound.subtractingReportingOverflow(steps.lowerBound)
    updateSteps = (0..<updates).map {
      guard !overflows else { return steps.lowerBound }
      let share = Double(span) * Double($0) / gaps
      return steps.lowerBound + min(span, Int(exactly: share.rounded(.down)) ?? span)
    }
    self.queueLength = queueLength
  }

  private static let mostUpdates = 1_000_000

  /// Throws for an exponent that is negative or not finite, or at which a penalty of the form has no
  /// value; for steps that are negative, or counts below 1.
  func check(_ form: ActivationPenalty.Form) throws(OptionError) {
    try OptionError.check("annealing.updates", exponents.count, in: 1...PAnnealing.mostUpdates)
    try OptionError.check(
      "annealing.updateSteps", updateSteps.count, in: exponents.count...exponents.count)
    for exponent in exponents { try OptionError.checkNotNegative("annealing.exponents", exponent) }
    for step in updateSteps {
      try OptionError.check("annealing.updateSteps", step, in: 0...Int.max)
    }
    try OptionError.check("annealing.queueLength", queueLength, in: 1...Int.max)
    guard form == .powers || exponents.allSatisfy({ $0 > 0 }) else {
      throw OptionError(
        "annealing", expected: "exponents above 0 for the form Lp", found: "an exponent of 0")
    }
  }
}

extension PAnnealing {
  /// Where an annealing stands.
  public struct State: Sendable, Equatable {
    /// From which p to which, and when.
    public let schedule: PAnnealing
    /// p
    public private(set) var exponent: Double
    /// The factor by which the coefficient has been multiplied so far.
    public private(set) var coefficientFactor = 1.0
    /// The exponent to come, once it is being measured.
    public private(set) var nextExponent: Double?
    private var updates = 0
    private var queue: [Pair] = []
    private var pending: Pair?

    private struct Pair: Sendable, Equatable {
      let now: Double
      let next: Double
    }

    /// The beginning of an annealing.
    init(_ schedule: PAnnealing) {
      self.schedule = schedule
      exponent = schedule.exponents.first ?? 1
    }

    /// Notes the size of the term in a step that has yet to be made: without coefficient, with the
    /// exponent in force and with the next one.
    mutating func note(_ now: Double, next: Double?) {
      pending = next.map { Pair(now: now, next: $0) }
    }

    /// Goes on after a step, the first being 0.
    mutating func finishStep(_ step: Int) {
      if let pending {
        queue.append(pending)
        if queue.count > schedule.queueLength { queue.removeFirst() }
      }
      pending = nil
      guard schedule.updateSteps.contains(step), updates < schedule.exponents.count else { return }
      if nextExponent != nil {
        let now = queue.reduce(0) { $0 + $1.now }
        let next = queue.reduce(0) { $0 + $1.next }
        // A term that is 0 for lack of activations says nothing about the ratio.
        if next > 0 { coefficientFactor *= now / next }
      }
      exponent = schedule.exponents[updates]
      updates += 1
      nextExponent = schedule.exponents[min(updates, schedule.exponents.count - 1)]
    }
  }
}

extension PAnnealing.State {
  /// Numbers from which an annealing of the same schedule goes on between two steps: updates made,
  /// the exponent, the coefficient's factor, the exponent to come if there is one; and then pairs of
  /// measurements.
  var numbers: (state: [Double], queue: [Double]) {
    (
      [Double(updates), exponent, coefficientFactor] + (nextExponent.map { [$0] } ?? []),
      queue.flatMap { [$0.now, $0.next] }
    )
  }

  /// Goes on from ``numbers``.
  ///
  /// - Throws: ``ShapeError`` if they cannot be of this schedule.
  mutating func restore(state: [Double], queue numbers: [Double]) throws(ShapeError) {
    guard state.count == 3 || state.count == 4 else {
      throw ShapeError("annealing", "numbers, or 3", expected: 4, found: state.count)
    }
    guard let made = Int(exactly: state[0]) else {
      throw ShapeError("annealing", "whole numbers of updates", expected: 1, found: 0)
    }
    guard (0...schedule.exponents.count).contains(made) else {
      throw ShapeError(
        "annealing", "updates or fewer", expected: schedule.exponents.count, found: made)
    }
    guard numbers.count.isMultiple(of: 2), numbers.count / 2 <= schedule.queueLength else {
      throw ShapeError(
        "annealing_queue", "pairs or fewer", expected: schedule.queueLength,
        found: numbers.count / 2)
    }
    updates = made
    exponent = state[1]
    coefficientFactor = state[2]
    nextExponent = state.count > 3 ? state[3] : nil
    queue = stride(from: 0, to: numbers.count, by: 2).map {
      Pair(now: numbers[$0], next: numbers[$0 + 1])
    }
    pending = nil
  }
}

extension PAnnealing.State? {
  /// The numbers that an autoencoder with this annealing has in its
  /// ``TrainableAutoencoder/trainingState``.
  var trainingState: [String: [Double]] {
    guard let numbers = self?.numbers else { return [:] }
    return ["annealing": numbers.state, "annealing_queue": numbers.queue]
  }

  mutating func restore(_ trainingState: [String: [Double]]) throws(ShapeError) {
    let names = self == nil ? [] : ["annealing", "annealing_queue"]
    for name in Set(trainingState.keys).union(names).sorted() {
      let expected = names.contains(name)
      let found = trainingState[name] != nil
      try ShapeError.check(name, "lists", expected: expected ? 1 : 0, found: found ? 1 : 0)
    }
    try self?.restore(
      state: trainingState["annealing"] ?? [], queue: trainingState["annealing_queue"] ?? [])
  }
}

extension ActivationPenalty {
  /// The penalty with the present exponent of an annealing; records the annealing's measurements.
  func evaluate(
    _ activations: SparseLatents, norms: [Float], annealing: inout PAnnealing.State?
  ) -> (value: Double, slopes: [Float]) {
    guard var state = annealing else { return evaluate(activations, norms: norms) }
    let result = withExponent(state.exponent).evaluate(activations, norms: norms)
    state.note(
      result.value,
      next: state.nextExponent.map { withExponent($0).value(activations, norms: norms) })
    annealing = state
    return result
  }
}
