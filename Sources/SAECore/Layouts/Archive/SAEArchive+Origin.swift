/// The origin of the activations that an autoencoder was trained on.
extension SAEArchive {
  /// SAELens' names, and ours where it has none.
  private enum Key {
    static let model = "model_name"
    static let hook = "hook_name"
    static let context = "context_size"
    static let prefix = "prepend_bos"
    static let weights = "model_weights_crc32"
    static let prefixToken = "prefix_token"
    static let prefixActivations = "prefix_activations"
    static let rotaryFrequencies = "rotary_frequencies"
  }

  /// The origin, from the files, of the activations that it was trained on, and the normalization of
  /// those that it takes.
  ///
  /// SAELens' `context_size` counts the beginning-of-sequence token, so it has a meaning where
  /// `prepend_bos` has one.
  public var activationOrigin: ActivationOrigin {
    var origin = ActivationOrigin()
    origin.model = metadata[Key.model]?.asString
    origin.weights = metadata[Key.weights]?.asString
    origin.hook = metadata[Key.hook]?.asString.map { HookName($0) }
    let hasPrefix = metadata[Key.prefix]?.asBool
    if let size = metadata[Key.context]?.asInteger, let hasPrefix, size > (hasPrefix ? 1 : 0) {
      origin.context = size - (hasPrefix ? 1 : 0)
    }
    if let token = metadata[Key.prefixToken]?.asInteger {
      origin.prefix = .token(token)
    } else {
      origin.prefix = hasPrefix.map { $0 ? .unnamed : .nothing }
    }
    origin.keepsPrefix = metadata[Key.prefixActivations]?.asString.map { $0 == "kept" }
    origin.rotaryFrequencies = metadata[Key.rotaryFrequencies]?.asString
    let needsFactor = inputNormalization == .averageOnly && activationScale == nil
    origin.normalization = (needsFactor ? inputNormalization : .none).rawValue
    return origin
  }

  /// Notes in the metadata the origin of the activations that it was trained on; unknown parts are left
  /// out. ``inputNormalization`` stays as it is.
  public mutating func setActivationOrigin(_ origin: ActivationOrigin) {
    let hasPrefix = origin.prefix.map { $0 != .nothing }
    metadata[Key.model] = origin.model.map { .string($0) }
    metadata[Key.weights] = origin.weights.map { .string($0) }
    metadata[Key.hook] = origin.hook.map { .string($0.text) }
    metadata[Key.prefix] = hasPrefix.map { .bool($0) }
    metadata[Key.context] = hasPrefix.flatMap { has in
      origin.context.map { .integer($0 + (has ? 1 : 0)) }
    }
    if case .token(let id)? = origin.prefix {
      metadata[Key.prefixToken] = .integer(id)
    } else {
      metadata[Key.prefixToken] = nil
    }
    metadata[Key.prefixActivations] = origin.keepsPrefix.map { .string($0 ? "kept" : "left out") }
    metadata[Key.rotaryFrequencies] = origin.rotaryFrequencies.map { .string($0) }
  }
}
