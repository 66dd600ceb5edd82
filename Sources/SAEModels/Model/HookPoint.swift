/// A place in a model whose activations can be read and replaced, named as TransformerLens names it:
/// `blocks.4.hook_resid_post`.
///
/// Layers count from 0. The stream that leaves layer N enters layer N + 1: `blocks.4.hook_resid_post` and
/// `blocks.5.hook_resid_pre` are the same activations, and the places are equal.
public struct HookPoint: Sendable {
  /// The places of a layer, in the order in which a run comes by.
  public enum Site: String, Sendable, CaseIterable {
    /// The residual stream as it enters the layer.
    case residPre = "hook_resid_pre"
    /// The heads' outputs, before the output projection: heads × head dimension.
    case attentionHeads = "attn.hook_z"
    /// What attention adds to the stream, after its own norm where there is one.
    case attentionOutput = "hook_attn_out"
    /// The stream between the layer's parts; layers whose parts run in parallel have none.
    case residMid = "hook_resid_mid"
    /// What enters the MLP, before its norm's weight.
    case normalized = "ln2.hook_normalized"
    /// What enters the MLP: after the norm with its weight.
    case feedForwardInput = "mlp.hook_in"
    /// The MLP's hidden layer: after its activation function, and the gate.
    case hidden = "mlp.hook_post"
    /// What the MLP adds to the stream, after its own norm where there is one.
    case feedForwardOutput = "hook_mlp_out"
    /// The residual stream as it leaves the layer.
    case residPost = "hook_resid_post"
  }

  /// The layer in the name.
  public let layer: Int
  /// The place in the layer.
  public let site: Site

  /// A place of a layer.
  public init(_ site: Site, layer: Int) {
    self.layer = layer
    self.site = site
  }

  /// The residual stream as it enters a layer; for layer 0, the embedding.
  public static func residPre(_ layer: Int) -> HookPoint { HookPoint(.residPre, layer: layer) }

  /// The residual stream as it leaves a layer.
  public static func residPost(_ layer: Int) -> HookPoint { HookPoint(.residPost, layer: layer) }

  /// TransformerLens' name.
  public var name: String { "blocks.\(layer).\(site.rawValue)" }

  /// Layers that run, wholly or in part, before the place is reached.
  public var depth: Int { site == .residPre ? layer : layer + 1 }

  /// Whether it is in the residual stream between layers.
  public var isBetweenLayers: Bool { site == .residPre || site == .residPost }

  /// Where a run comes by: equal for equal places.
  private var order: Int {
    let perLayer = Site.allCases.count - 1
    return layer * perLayer + (Site.allCases.firstIndex(of: site) ?? 0)
  }
}

extension HookPoint: Hashable, Comparable {
  public static func == (a: HookPoint, b: HookPoint) -> Bool { a.order == b.order }
  /// Whether a run comes by `a` first.
  public static func < (a: HookPoint, b: HookPoint) -> Bool { a.order < b.order }

  public func hash(into hasher: inout Hasher) { hasher.combine(order) }
}

extension HookPoint: CustomStringConvertible {
  public var description: String { name }
}
