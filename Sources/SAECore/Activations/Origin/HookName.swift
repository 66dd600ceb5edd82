/// The name of a place in a language model, as TransformerLens, Hugging Face's modules or
/// dictionary_learning call it, and which place that is.
///
/// `blocks.4.hook_resid_post`, `blocks.5.hook_resid_pre`, `model.layers.4`, `model.layers.4.output`,
/// `model.layers.5.input`, `layers.4` (as sparsify names its folders) and `resid_post_layer_4` are all
/// the residual stream between the layers 4 and 5, counted from 0.
public struct HookName: Sendable, Equatable {
  /// As it was given.
  public let text: String
  private let place: Place

  private enum Place: Sendable, Equatable {
    /// The residual stream after so many layers.
    case residual(depth: Int)
    /// Another of TransformerLens' hooks in a layer.
    case hook(layer: Int, String)
    /// A module of a layer, its output unless the name says otherwise.
    case module(layer: Int, String)
    case other(String)
  }

  /// Reads a name; any text is one.
  public init(_ text: String) {
    self.text = text
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    place =
      HookName.transformerLens(parts) ?? HookName.module(parts) ?? HookName.dictionaryLearning(text)
      ?? .other(text)
  }

  /// Layers before the place where it is in the residual stream between layers; nil elsewhere.
  public var residualDepth: Int? {
    if case .residual(let depth) = place { depth } else { nil }
  }

  /// The module of a layer, without the layer's own name; `.input` stands behind it where not its output is
  /// meant. Nil where the name is not of Hugging Face's modules in a layer.
  public var module: String? {
    if case .module(_, let module) = place { module } else { nil }
  }

  /// TransformerLens' names of the places that it can mean. A module's are those that it has in one
  /// architecture or another: what enters the MLP in one is what attention adds in the other.
  public var hooks: [String] {
    switch place {
    case .residual(let depth):
      depth == 0 || text.hasSuffix("hook_resid_pre")
        ? ["blocks.\(depth).hook_resid_pre"] : ["blocks.\(depth - 1).hook_resid_post"]
    case .hook(let layer, let name): ["blocks.\(layer).\(name)"]
    case .module(let layer, let module):
      (HookName.modules[module] ?? []).map { "blocks.\(layer).\($0)" }
    case .other: []
    }
  }

  /// Whether two names can be those of one place. Which of TransformerLens' hooks belongs to one of Hugging
  /// Face's modules depends on the architecture: they agree if it does in any, and if the module is not
  /// known.
  public func agrees(with other: HookName) -> Bool {
    switch (place, other.place) {
    case (.hook(let layer, let hook), .module(let otherLayer, let module)),
      (.module(let otherLayer, let module), .hook(let layer, let hook)):
      layer == otherLayer && HookName.modules[module]?.contains(hook) ?? true
    default: place == other.place
    }
  }

  /// The hooks in a layer that outputs of modules are, or inputs where the name says so, by the names that
  /// Llama, Gemma, GPT-2 and GPT-NeoX give them.
  private static let modules: [String: [String]] = {
    let (attention, feedForward, input) = ("hook_attn_out", "hook_mlp_out", "mlp.hook_in")
    var modules: [String: [String]] = [:]
    for (names, hooks) in [
      (["self_attn.o_proj.input", "attn.c_proj.input", "attention.dense.input"], ["attn.hook_z"]),
      (["self_attn", "attn", "attention"], [attention]),
      (["self_attn.o_proj", "attn.c_proj", "attention.dense"], [attention]),
      (["post_attention_layernorm"], [attention, input]),
      (
        [
          "post_attention_layernorm.input", "pre_feedforward_layernorm.input", "ln_2.input",
        ], ["hook_resid_mid"]
      ),
      (["pre_feedforward_layernorm", "ln_2", "mlp.input"], [input]),
      (
        ["mlp.down_proj.input", "mlp.c_proj.input", "mlp.dense_4h_to_h.input"],
        ["mlp.hook_post"]
      ),
      (
        ["mlp", "mlp.down_proj", "mlp.c_proj", "mlp.dense_4h_to_h", "post_feedforward_layernorm"],
        [feedForward]
      ),
    ] {
      for name in names { modules[name] = hooks }
    }
    return modules
  }()

  private static func transformerLens(_ parts: [String]) -> Place? {
    guard parts.count > 2, parts[0] == "blocks", let layer = number(parts[1]) else { return nil }
    return hook(layer, parts[2...].joined(separator: "."))
  }

  private static func hook(_ layer: Int, _ name: String) -> Place {
    switch name {
    case "hook_resid_pre": .residual(depth: layer)
    case "hook_resid_post": .residual(depth: layer + 1)
    default: .hook(layer: layer, name)
    }
  }

  /// What lists of layers are called, and what may stand before.
  private static let lists: Set = ["layers", "h"]
  private static let owners: Set = [
    "model", "transformer", "gpt_neox", "language_model", "decoder", "base_model", "backbone",
  ]

  private static func module(_ parts: [String]) -> Place? {
    guard let list = parts.firstIndex(where: { !owners.contains($0) }), lists.contains(parts[list]),
      list + 1 < parts.count, let layer = number(parts[list + 1])
    else { return nil }
    var rest = parts[(list + 2)...]
    let side = rest.last.flatMap { ["input", "output"].contains($0) ? $0 : nil }
    if side != nil { rest.removeLast() }
    guard !rest.isEmpty else { return .residual(depth: side == "input" ? layer : layer + 1) }
    return .module(layer: layer, rest.joined(separator: ".") + (side == "input" ? ".input" : ""))
  }

  private static func dictionaryLearning(_ text: String) -> Place? {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, parts[2] == "layer", let layer = number(parts[3]) else { return nil }
    return hook(layer, "hook_\(parts[0])_\(parts[1])")
  }

  /// A layer's number as models have it.
  private static func number(_ text: String) -> Int? {
    guard let number = Int(text), (0..<100_000).contains(number), String(number) == text else {
      return nil
    }
    return number
  }
}

extension HookName: CustomStringConvertible, Codable {
  public var description: String { text }

  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
