import Foundation
import SAECore
import Testing

@testable import SAEModels

/// What configurations mean, in both generations.
struct ConfigurationTests {
  static func architecture(_ fields: [String: Any]) throws -> ModelArchitecture {
    let bytes = [UInt8](try JSONSerialization.data(withJSONObject: fields))
    let object = try JSONValue.parse(bytes, file: "config.json").asObject
    return try LanguageModels.describe(
      ConfigurationFields(try #require(object), file: "config.json")
    ).architecture
  }

  static func configuration(_ name: String) throws -> [String: Any] {
    try #require(
      RandomFamily.configurations.first { ($0["architectures"] as? [String]) == [name] })
  }

  @Test func rotarySettingsInBothGenerations() throws {
    for name in ["LlamaForCausalLM", "Gemma2ForCausalLM", "Qwen3ForCausalLM"] {
      let old = try Self.configuration(name)
      var new = old
      var parameters = (old["rope_scaling"] as? [String: Any]) ?? ["rope_type": "default"]
      parameters["rope_theta"] = old["rope_theta"]
      new["rope_parameters"] = parameters
      new["rope_theta"] = nil
      new["rope_scaling"] = nil
      #expect(try Self.architecture(new) == Self.architecture(old), "\(name)")
    }
    let old = try Self.configuration("Gemma3ForCausalLM")
    var new = old
    new["rope_parameters"] = [
      "full_attention": ["rope_type": "linear", "factor": 2.0, "rope_theta": 100.0],
      "sliding_attention": ["rope_type": "default", "rope_theta": 10_000.0],
    ]
    for field in ["rope_theta", "rope_scaling"] { new[field] = nil }
    new["layer_types"] = ["sliding_attention", "full_attention", "sliding_attention"]
    new["sliding_window_pattern"] = nil
    #expect(try Self.architecture(new) == Self.architecture(old))
    var pythia = try Self.configuration("GPTNeoXForCausalLM")
    let plain = try Self.architecture(pythia)
    pythia["rope_parameters"] = ["rope_theta": 100.0, "partial_rotary_factor": 0.5]
    pythia["rotary_pct"] = nil
    #expect(try Self.architecture(pythia) == plain)
    pythia["rope_parameters"] = nil
    #expect(try Self.architecture(pythia).layers[0].attention.rotary?.dimension == 2)
  }

  /// The text part of a model that also sees images runs as the same text model.
  @Test func textParts() throws {
    let text = try Self.configuration("Gemma3ForCausalLM")
    let plain = try RandomFamily(text)
    let batch = FamilyTests.batch
    let expected = try LanguageModels.load(plain.directory).run(batch)
    for root in ["language_model.model.", "model.language_model."] {
      let whole = try RandomFamily(
        ["architectures": ["Gemma3ForConditionalGeneration"], "text_config": text],
        rename: { root + $0.dropFirst("model.".count) })
      let model = try LanguageModels.load(whole.directory)
      #expect(try model.run(batch) == expected, "\(root)")
    }
  }

  @Test func fieldsThatAreRefused() throws {
    func refused(_ name: String, _ changes: [String: Any]) throws -> String? {
      do {
        _ = try Self.architecture(Self.configuration(name).merging(changes) { $1 })
        return nil
      } catch ModelError.invalidField(_, let field, _, _) {
        return field
      } catch ModelError.unsupportedField(_, let field, _, _) {
        return field
      }
    }
    let cases: [(String, String, Any)] = [
      ("LlamaForCausalLM", "rope_scaling", ["rope_type": "llama3", "factor": 8.0]),
      ("LlamaForCausalLM", "hidden_act", "geglu"), ("LlamaForCausalLM", "mlp_bias", 3),
      ("LlamaForCausalLM", "num_local_experts", 8),
      ("LlamaForCausalLM", "partial_rotary_factor", 0.5),
      ("Gemma3ForCausalLM", "attn_logit_softcapping", 30),
      ("Gemma3ForCausalLM", "text_config", 3), ("Qwen3ForCausalLM", "layer_types", ["linear"]),
      ("GPT2LMHeadModel", "add_cross_attention", true), ("GPT2LMHeadModel", "n_head", 5),
      ("GPTNeoXForCausalLM", "rotary_pct", 1.5), ("GPTNeoXForCausalLM", "num_key_value_heads", 1),
      ("MistralForCausalLM", "sliding_window", -1),
    ]
    for (name, field, value) in cases {
      let found = try refused(name, [field: value])
      #expect(found != nil, "\(name): \(field)")
      if field != "rope_scaling" { #expect(found == field, "\(name)") }
      #expect(try refused(name, [:]) == nil)
    }
  }

  /// Names of modules mean the places that they are in a family.
  @Test func modulesOfFamilies() throws {
    func hook(_ name: String, _ family: String) throws -> String? {
      try? Self.architecture(Self.configuration(family)).hook(named: HookName(name)).name
    }
    let cases: [(String, String, String?)] = [
      ("model.layers.1.output", "Gemma3ForCausalLM", "hook_resid_post"),
      ("model.layers.1.self_attn.o_proj.input", "Gemma3ForCausalLM", "attn.hook_z"),
      ("model.layers.1.post_feedforward_layernorm.output", "Gemma3ForCausalLM", "hook_mlp_out"),
      ("model.layers.1.post_attention_layernorm.output", "Gemma3ForCausalLM", "hook_attn_out"),
      ("model.layers.1.post_attention_layernorm.output", "LlamaForCausalLM", "mlp.hook_in"),
      ("model.layers.1.mlp.output", "LlamaForCausalLM", "hook_mlp_out"),
      ("model.layers.1.mlp.output", "Gemma2ForCausalLM", nil),
      ("model.layers.1.self_attn", "Gemma2ForCausalLM", nil),
      ("transformer.h.1.mlp.c_proj.input", "GPT2LMHeadModel", "mlp.hook_post"),
      ("gpt_neox.layers.1.attention.dense.input", "GPTNeoXForCausalLM", "attn.hook_z"),
      ("model.layers.1.mystery", "LlamaForCausalLM", nil),
    ]
    for (name, family, site) in cases {
      #expect(try hook(name, family) == site.map { "blocks.1.\($0)" }, "\(name), \(family)")
    }
  }
}
