public import SAECore

extension LanguageModel {
  /// The end of the last layer: after it come the final norm and the logits.
  public var end: HookPoint { .residPost(layerCount - 1) }

  /// The width of the activations at a place.
  ///
  /// - Throws: ``ModelError`` if the model does not have it or has not loaded its layer.
  public func width(at hook: HookPoint) throws(ModelError) -> Int {
    try check(hook)
    return architecture.width(at: hook)
  }

  /// The activations of a batch at one place; nothing after it runs.
  ///
  /// - Returns: tokens × their width.
  /// - Throws: ``ModelError`` if an id, a sequence's length or the place is not the model's.
  public func activations(at hook: HookPoint, of batch: TokenBatch) throws(ModelError) -> Matrix {
    var pass = try ForwardPass(self, batch)
    try pass.advance(to: hook)
    return pass.activations
  }

  /// The activations of a batch at several places, in one run.
  ///
  /// - Returns: tokens × their width for each place, in the order given.
  /// - Throws: ``ModelError`` as for one place.
  public func activations(
    at hooks: [HookPoint], of batch: TokenBatch
  ) throws(ModelError) -> [Matrix] {
    var found: [HookPoint: Matrix] = [:]
    var pass = try ForwardPass(self, batch)
    for hook in Set(hooks).sorted() {
      try pass.advance(to: hook)
      found[hook] = pass.activations
    }
    return hooks.compactMap { found[$0] }
  }

  /// Runs a batch from its tokens on.
  ///
  /// - Parameters:
  ///   - batch: the sequences.
  ///   - end: where the run ends; nil: after the last layer.
  ///   - taps: called as the run comes by their places, in the order given where they share one.
  /// - Returns: the activations where the run ended or was stopped, tokens × their width.
  /// - Throws: ``ModelError``, or the error of a tap.
  public func run(
    _ batch: TokenBatch, to end: HookPoint? = nil, taps: [Tap] = []
  ) throws -> Matrix {
    var pass = try ForwardPass(self, batch)
    try pass.advance(to: end ?? self.end, taps: taps)
    return pass.activations
  }
}

extension LanguageModel {
  func check(_ batch: TokenBatch) throws(ModelError) {
    try batch.check(vocabularySize: vocabularySize, maximumContext: maximumContext)
  }

  /// Throws unless the model has a place and has loaded its layer.
  func check(_ hook: HookPoint) throws(ModelError) {
    guard hook.layer >= 0, hook.layer < layerCount, hook.depth <= loadedLayers else {
      throw .layerOutOfRange(hook: hook.name, layers: loadedLayers)
    }
    guard architecture.has(hook) else {
      throw .noSuchPlace(
        hook: hook.name, model: name, expected: "layers whose parts run one after the other",
        found: "parts in parallel (\(architecture.name))")
    }
  }

  /// Throws unless there is a row for each token, of the width at a place.
  func check(
    _ activations: Matrix, at hook: HookPoint, of batch: TokenBatch
  ) throws(ModelError) {
    let width = architecture.width(at: hook)
    guard activations.rows == batch.count, activations.columns == width else {
      throw .wrongActivations(
        hook: hook.name, expected: "\(batch.count) × \(width)", found: "\(activations.shape)")
    }
  }
}
