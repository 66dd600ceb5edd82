import SAECore

extension LanguageModel {
  /// Continues a text token by token.
  ///
  /// The keys and values of earlier tokens are kept, so that each token runs alone; the tokens are the same
  /// as if the whole text ran each time, to the bit.
  ///
  /// - Parameters:
  ///   - prompt: the ids of the text's beginning, a beginning-of-sequence token among them if there should
  ///     be one.
  ///   - options: how many tokens, and how they are chosen.
  ///   - interventions: changes of activations on the way, in their order where they share a place.
  ///   - body: called with each token as it is chosen; an error ends the generation.
  /// - Returns: the tokens after the prompt, with the one that ends the text if there is one.
  /// - Throws: ``ModelError`` if an option, an id or a place is not the model's, or the text becomes longer
  ///   than it has positions; and the errors of interventions.
  public func generate(
    _ prompt: [UInt32], options: GenerationOptions, interventions: [Intervention] = [],
    _ body: (UInt32) throws -> Void = { _ in }
  ) throws -> [UInt32] {
    try options.check()
    guard loadedLayers == layerCount else {
      throw ModelError.layerOutOfRange(hook: end.name, layers: loadedLayers)
    }
    guard !prompt.isEmpty else {
      throw ModelError.invalidOption(name: "prompt", expected: "at least one token", found: "none")
    }
    let positions = prompt.count + max(0, options.count - 1)
    guard positions <= maximumContext else {
      throw ModelError.sequenceTooLong(sequence: 0, expected: maximumContext, found: positions)
    }
    var memory = MemoryEstimate()
    for layer in architecture.layers {
      memory.add("keys and values", floats: positions, layer.attention.kernel.keyValueColumns)
    }
    try memory.check("\(positions) positions")
    let stops = options.stops ?? architecture.endOfSequence
    var chooser = TokenChooser(options.sampling)
    var cache = KeyValueCache(self, positions: positions)
    var (next, found) = (prompt, [UInt32]())
    while found.count < options.count {
      var pass = try ForwardPass(self, next: next, after: cache)
      // The pass has the only copy, which it changes in place.
      cache = KeyValueCache(self, positions: 0)
      try pass.advance(to: end, interventions: interventions, promptLength: prompt.count)
      let last = pass.activations
      let token = chooser.choose(logits(last[rows: last.rows - 1..<last.rows]).array)
      found.append(token)
      try body(token)
      if stops.contains(token) { break }
      guard let kept = pass.takeCache() else { break }
      cache = kept
      next = [token]
    }
    return found
  }
}
