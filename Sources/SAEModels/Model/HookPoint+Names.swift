public import SAECore

extension HookPoint {
  /// The names of all places of a layer.
  public static let siteNames = Site.allCases.map(\.rawValue).joined(separator: ", ")

  /// Reads a name, in any of the forms that `HookName` knows.
  ///
  /// - Throws: ``ModelError/unknownHook(name:)`` if it is none of a place, or of one that depends on the
  ///   model (``ModelArchitecture/hook(named:)``).
  public init(_ name: String) throws(ModelError) {
    guard let hook = HookPoint(HookName(name)) else { throw .unknownHook(name: name) }
    self = hook
  }

  /// The place of a name; nil if it is none, or which one depends on the model.
  public init?(_ name: HookName) {
    let places = HookPoint.places(of: name)
    guard places.count == 1 else { return nil }
    self = places[0]
  }

  /// The places that a name can mean, in one model or another.
  fileprivate static func places(of name: HookName) -> [HookPoint] {
    name.hooks.compactMap { hook in
      let parts = hook.split(separator: ".", maxSplits: 2)
      guard parts.count == 3, let layer = Int(parts[1]), let site = Site(rawValue: String(parts[2]))
      else { return nil }
      return HookPoint(site, layer: layer)
    }
  }
}

extension ModelArchitecture {
  /// The place of a name, in any of the forms that `HookName` knows.
  ///
  /// - Throws: ``ModelError/unknownHook(name:)`` if the architecture has none of it.
  public func hook(named name: HookName) throws(ModelError) -> HookPoint {
    let places = HookPoint.places(of: name)
    let own = places.first { place in
      name.module.map { isPlace($0, place.site) } ?? true
    }
    guard let own else { throw .unknownHook(name: name.text) }
    return own
  }

  /// Whether a module's output, or its input where its name says so, is a place of its layer: where norms
  /// follow a layer's parts, what the parts give is not yet what is added to the stream.
  private func isPlace(_ module: String, _ site: HookPoint.Site) -> Bool {
    let hasOutputNorms = layers.contains { $0.normalizesOutputs }
    switch module {
    case "post_attention_layernorm": return (site == .attentionOutput) == hasOutputNorms
    case "post_attention_layernorm.input": return !hasOutputNorms
    default:
      let isAdded = site == .attentionOutput || site == .feedForwardOutput
      return !isAdded || !hasOutputNorms || module.hasSuffix("layernorm")
    }
  }
}
