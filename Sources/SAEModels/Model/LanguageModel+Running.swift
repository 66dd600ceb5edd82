public import SAECore

/// A tap's request after it has seen the activations.
public enum TapResult: Sendable {
  /// Run on.
  case proceed
  /// End the run at this place.
  case stop
}

/// A function that reads or changes the residual stream at one place of a run.
public struct Tap {
  /// The place.
  public let hook: HookPoint
  /// Gets the activations, tokens × width, and may change them; the run goes on with the result.
  public let body: (_ activations: inout Matrix) throws -> TapResult

  /// A tap at a place.
  public init(_ hook: HookPoint, _ body: @escaping (inout Matrix) throws -> TapResult) {
    self.hook = hook
    self.body = body
  }
}

extension LanguageModel {
  /// The end of the last layer: after it come the final norm and the logits.
  public var end: HookPoint { .residPost(layerCount - 1) }

  /// The activations of a batch at one place; layers after it do not run.
  ///
  /// - Returns: tokens × width.
  /// - Throws: ``ModelError`` if an id, a sequence's length or the place is not the model's.
  public func activations(at hook: HookPoint, of batch: TokenBatch) throws -> Matrix {
    try check(batch)
    return try resume(embed(batch), at: .residPre(0), of: batch, to: hook)
  }

  /// Runs a batch from its tokens on.
  ///
  /// - Parameters:
  ///   - batch: the sequences.
  ///   - end: where the run ends; nil: after the last layer.
  ///   - taps: called as the run comes by their places, in the order given where they share one.
  /// - Returns: the activations where the run ended or was stopped, tokens × width.
  /// - Throws: ``ModelError``, or the error of a tap.
  public func run(
    _ batch: TokenBatch, to end: HookPoint? = nil, taps: [Tap] = []
  ) throws -> Matrix {
    try check(batch)
    return try resume(embed(batch), at: .residPre(0), of: batch, to: end, taps: taps)
  }

  /// Runs on from activations at a place, whatever they are; nothing before it is computed.
  ///
  /// - Parameters:
  ///   - activations: tokens × width, a row for each token of the batch.
  ///   - start: where the pass goes on.
  ///   - batch: the sequences.
  ///   - end: where the run ends; nil: after the last layer.
  ///   - taps: called as the run comes by their places, those at `start` included.
  /// - Returns: the activations where the run ended or was stopped, tokens × width.
  /// - Throws: ``ModelError``, or the error of a tap.
  public func resume(
    _ activations: consuming Matrix, at start: HookPoint, of batch: TokenBatch,
    to end: HookPoint? = nil, taps: [Tap] = []
  ) throws -> Matrix {
    let end = end ?? self.end
    try check(batch)
    for hook in [start, end] + taps.map(\.hook) {
      guard hook.layer < layerCount, hook.depth <= loadedLayers else {
        throw ModelError.layerOutOfRange(hook: hook.name, layers: loadedLayers)
      }
      guard hook.depth >= start.depth else {
        throw ModelError.hookBehindStart(hook: hook.name, start: start.name)
      }
    }
    var stream = activations
    guard stream.rows == batch.count, stream.columns == width else {
      throw ModelError.wrongActivations(
        hook: start.name, expected: "\(batch.count) × \(width)", found: "\(stream.shape)")
    }
    var depth = start.depth
    let passed = taps.filter { $0.hook.depth <= end.depth }
    for place in Set(passed.map(\.hook.depth)).sorted() {
      run(layers: depth..<place, on: &stream, of: batch)
      depth = place
      for tap in passed where tap.hook.depth == place {
        if case .stop = try tap.body(&stream) { return stream }
        guard stream.rows == batch.count, stream.columns == width else {
          throw ModelError.wrongActivations(
            hook: tap.hook.name, expected: "\(batch.count) × \(width)", found: "\(stream.shape)")
        }
      }
    }
    run(layers: depth..<end.depth, on: &stream, of: batch)
    return stream
  }

  func check(_ batch: TokenBatch) throws(ModelError) {
    try batch.check(vocabularySize: vocabularySize, maximumContext: maximumContext)
  }
}
