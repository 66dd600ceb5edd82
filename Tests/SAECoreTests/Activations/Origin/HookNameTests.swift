import SAECore
import Testing

@Suite struct HookNameTests {
  /// Names that stand for one place, and no other list's.
  static let places: [[String]] = [
    ["blocks.0.hook_resid_pre", "model.layers.0.input", "layers.0.input"],
    [
      "blocks.4.hook_resid_post", "blocks.5.hook_resid_pre", "model.layers.4",
      "model.layers.4.output", "model.layers.5.input", "layers.4", "transformer.h.4",
      "gpt_neox.layers.4.output", "model.language_model.layers.4.output", "resid_post_layer_4",
      "resid_pre_layer_5",
    ],
    ["blocks.5.hook_resid_post", "layers.5"],
    ["blocks.4.hook_mlp_out", "mlp_out_layer_4"],
    ["blocks.4.hook_resid_mid"],
    ["blocks.4.attn.hook_z"],
    ["blocks.5.hook_mlp_out"],
    ["hook_embed"], ["embed_tokens"], ["elsewhere"],
  ]

  @Test func namesOfOnePlaceAgree() {
    for (index, names) in Self.places.enumerated() {
      for (other, others) in Self.places.enumerated() {
        for one in names {
          for two in others {
            #expect(
              HookName(one).agrees(with: HookName(two)) == (index == other), "\(one), \(two)")
          }
        }
      }
    }
  }

  /// A module stands for the hooks that it is in one architecture or another.
  @Test func modulesOfALayer() {
    let hook = HookName("blocks.4.hook_mlp_out")
    #expect(hook.agrees(with: HookName("model.layers.4.mlp")))
    #expect(hook.agrees(with: HookName("model.layers.4.post_feedforward_layernorm.output")))
    #expect(hook.agrees(with: HookName("model.layers.4.unknown_part")))
    #expect(!hook.agrees(with: HookName("model.layers.5.mlp")))
    #expect(!hook.agrees(with: HookName("model.layers.4")))
    #expect(!hook.agrees(with: HookName("model.layers.4.self_attn.o_proj.input")))
    let module = HookName("layers.4.mlp")
    #expect(module.agrees(with: HookName("model.layers.4.mlp.output")))
    #expect(!module.agrees(with: HookName("model.layers.4.mlp.input")))
    #expect(!module.agrees(with: HookName("model.layers.4.self_attn")))
    let norm = HookName("model.layers.4.post_attention_layernorm.output")
    #expect(norm.agrees(with: HookName("blocks.4.hook_attn_out")))
    #expect(norm.agrees(with: HookName("blocks.4.mlp.hook_in")))
    #expect(!norm.agrees(with: HookName("blocks.4.attn.hook_z")))
  }

  @Test func depths() {
    #expect(HookName("blocks.0.hook_resid_pre").residualDepth == 0)
    #expect(HookName("model.layers.17.output").residualDepth == 18)
    for name in ["blocks.4.hook_mlp_out", "layers.4.mlp", "", "blocks.04.hook_resid_pre", "layers"]
    {
      #expect(HookName(name).residualDepth == nil)
    }
  }
}
