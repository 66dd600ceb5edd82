public import SAECore

/// A place in the residual stream, named as TransformerLens names it: `blocks.4.hook_resid_post`.
///
/// Layers count from 0. The stream that leaves layer N enters layer N + 1: `blocks.4.hook_resid_post` and
/// `blocks.5.hook_resid_pre` are the same activations, and the places are equal.
public struct HookPoint: Sendable, Hashable {
  /// Layers that lie before the place.
  public let depth: Int
  /// The layer in the name.
  public let layer: Int
  /// The name it was made with.
  public let name: String

  /// The residual stream as it enters a layer; for layer 0, the embedding.
  public static func residPre(_ layer: Int) -> HookPoint {
    HookPoint(depth: layer, layer: layer, name: "blocks.\(layer).hook_resid_pre")
  }

  /// The residual stream as it leaves a layer.
  public static func residPost(_ layer: Int) -> HookPoint {
    HookPoint(depth: layer + 1, layer: layer, name: "blocks.\(layer).hook_resid_post")
  }

  private init(depth: Int, layer: Int, name: String) {
    self.depth = depth
    self.layer = layer
    self.name = name
  }

  /// Reads a name, in any of the forms that `HookName` knows; the place gets TransformerLens' name.
  ///
  /// - Throws: ``ModelError/unknownHook(name:)`` if it is not one of the residual stream between layers.
  public init(_ name: String) throws(ModelError) {
    guard let hook = HookPoint(HookName(name)) else { throw .unknownHook(name: name) }
    self = hook
  }

  /// The place of a name; nil if it is not in the residual stream between layers.
  public init?(_ name: HookName) {
    guard let depth = name.residualDepth else { return nil }
    self =
      depth == 0 || name.text.hasSuffix("hook_resid_pre") ? .residPre(depth) : .residPost(depth - 1)
  }

  public static func == (a: HookPoint, b: HookPoint) -> Bool { a.depth == b.depth }

  public func hash(into hasher: inout Hasher) { hasher.combine(depth) }
}

extension HookPoint: CustomStringConvertible {
  public var description: String { name }
}
