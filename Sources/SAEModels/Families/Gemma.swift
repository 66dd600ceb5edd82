import SAECore

extension ModelFamily {
  /// Gemma: RMS norms with weights that 1 is added to, an embedding times √width.
  ///
  /// `hidden_act` says `gelu` in configurations of models that were trained with its tanh form, which
  /// `hidden_activation` names since: both mean that form.
  ///
  /// Source: Gemma Team 2024, arXiv 2403.08295, section 2.
  static let gemma = ModelFamily(
    architectures: ["GemmaForCausalLM"],
    architecture: { fields, name throws(ModelError) in
      let sizes = try fields.decoderSizes(keyValueHeads: 16, headDimension: 256, context: 8192)
      var activation = try fields.activation(
        ["hidden_activation", "hidden_act"], default: .tanhGELU)
      if activation == .exactGELU, fields["hidden_activation"] ?? .null == .null {
        activation = .tanhGELU
      }
      let attention = AttentionArchitecture(
        sizes, scale: 1 / Double(sizes.headDimension).squareRoot(),
        rotary: try fields.rotary(headDimension: sizes.headDimension))
      let layer = LayerArchitecture(
        attention: try attention.withBiases(fields),
        feedForward: FeedForwardArchitecture(
          hiddenWidth: sizes.hidden, activation: activation, isGated: true),
        norm: try fields.gemmaNorm())
      return try fields.gemmaModel(
        name, sizes, [LayerArchitecture](repeating: layer, count: sizes.layers))
    },
    tensors: TensorNames())

  /// Gemma-2: a norm after each part as well, capped logits, every other layer with a window.
  ///
  /// Source: Gemma Team 2024, arXiv 2408.00118, section 2.
  static let gemma2 = ModelFamily(
    architectures: ["Gemma2ForCausalLM"],
    architecture: { fields, name throws(ModelError) in
      let sizes = try fields.decoderSizes(headDimension: 256, context: 8192)
      let rotary = try fields.rotary(headDimension: sizes.headDimension)
      let windows = try fields.windows(layers: sizes.layers, window: 4096) { $0 % 2 == 0 }
      var layer = try fields.gemmaLayer(sizes)
      layer.attention.softCap = try fields.positiveOrNull("attn_logit_softcapping", default: 50)
      layer.attention.rotary = rotary
      var model = try fields.gemmaModel(
        name, sizes,
        windows.map { window in
          layer.attention.window = window
          return layer
        })
      model.finalSoftCap = try fields.positiveOrNull("final_logit_softcapping", default: 30)
        .map { Float($0) }
      return model
    },
    tensors: TensorNames(layer: .gemma2))

  /// Gemma-3: norms of queries and keys, five layers with a window to one without, and another base of
  /// rotary positions for each of the two; alone, or as the text part of a model that also sees images.
  ///
  /// Source: Gemma Team 2025, arXiv 2503.19786, section 2.
  static let gemma3 = ModelFamily(
    architectures: ["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"],
    architecture: { fields, name throws(ModelError) in
      let fields = try fields.textPart()
      let sizes = try fields.decoderSizes(
        vocabulary: 262_208, width: 2304, hidden: 9216, layers: 26, queryHeads: 8,
        keyValueHeads: 4, headDimension: 256, context: 131_072)
      try fields.require("attn_logit_softcapping", .null)
      let pattern =
        fields["sliding_window_pattern"] == nil
        ? "_sliding_window_pattern" : "sliding_window_pattern"
      let period = try fields.integer(pattern, in: 1...4096, default: 6)
      let windows = try fields.windows(layers: sizes.layers, window: 4096) {
        ($0 + 1) % period != 0
      }
      let types = try fields.strings("layer_types")
      let global = try fields.rotary(
        headDimension: sizes.headDimension, base: 1_000_000, type: "full_attention")
      let local = try fields.localRotary(sizes.headDimension)
      var layer = try fields.gemmaLayer(sizes)
      layer.attention.normalizesHeads = true
      var model = try fields.gemmaModel(
        name, sizes,
        windows.enumerated().map { index, window in
          let slides = types.map { $0[index] == "sliding_attention" } ?? ((index + 1) % period != 0)
          layer.attention.window = window
          layer.attention.rotary = slides ? local : global
          return layer
        })
      model.finalSoftCap = try fields.positiveOrNull("final_logit_softcapping", default: nil)
        .map { Float($0) }
      return model
    },
    tensors: TensorNames(
      roots: ["model.", "language_model.model.", "model.language_model."],
      unembeddings: ["lm_head", "language_model.lm_head"], layer: .gemma2,
      otherParts: [
        "vision_tower.", "multi_modal_projector.", "model.vision_tower.",
        "model.multi_modal_projector.",
      ]))
}

extension LayerNames {
  fileprivate static let gemma2 = LayerNames(feedForwardNorm: "pre_feedforward_layernorm")
}

extension ConfigurationFields {
  fileprivate func gemmaNorm() throws(ModelError) -> Normalization {
    Normalization(
      kind: .shiftedRootMeanSquare, epsilon: try positive("rms_norm_eps", default: 1e-6))
  }

  /// A layer of Gemma-2 or -3.
  fileprivate func gemmaLayer(_ sizes: DecoderSizes) throws(ModelError) -> LayerArchitecture {
    let scalar = try positive("query_pre_attn_scalar", default: 256)
    let attention = AttentionArchitecture(sizes, scale: 1 / scalar.squareRoot(), rotary: nil)
    return LayerArchitecture(
      attention: try attention.withBiases(self),
      feedForward: FeedForwardArchitecture(
        hiddenWidth: sizes.hidden,
        activation: try activation(["hidden_activation", "hidden_act"], default: .tanhGELU),
        isGated: true),
      norm: try gemmaNorm(), normalizesOutputs: true)
  }

  fileprivate func gemmaModel(
    _ name: String, _ sizes: DecoderSizes, _ layers: [LayerArchitecture]
  ) throws(ModelError) -> ModelArchitecture {
    var model = try decoder(name, sizes, layers, norm: gemmaNorm(), isTied: true, beginning: 2)
    model.embeddingScale = Float(sizes.width).squareRoot()
    return model
  }

  /// The rotary settings of Gemma-3's layers with a window; in older configurations they are not scaled.
  fileprivate func localRotary(_ headDimension: Int) throws(ModelError) -> RotarySettings {
    if self["rope_parameters"] ?? .null != .null {
      return try rotary(headDimension: headDimension, type: "sliding_attention")
    }
    return RotarySettings(
      base: try positive("rope_local_base_freq", default: 10_000), dimension: headDimension)
  }

  /// The settings of the text part of a model that has others.
  fileprivate func textPart() throws(ModelError) -> ConfigurationFields {
    guard let value = self["text_config"], value != .null else { return self }
    try refuseUnsupported()
    guard let object = value.asObject else { throw invalid("text_config", "an object") }
    return ConfigurationFields(object, file: file)
  }
}
