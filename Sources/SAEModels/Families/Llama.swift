import SAECore

extension ModelFamily {
  /// Llama 2 and 3.
  ///
  /// Source: Grattafiori et al. 2024, arXiv 2407.21783, section 3.2.
  static let llama = ModelFamily(
    architectures: ["LlamaForCausalLM"],
    architecture: { fields, name throws(ModelError) in
      let sizes = try fields.decoderSizes(sharesHeads: false, context: 2048)
      var layer = try fields.llamaLayer(sizes)
      layer.attention = try layer.attention.withBiases(fields)
      layer.feedForward.hasBias = try fields.flag("mlp_bias", default: false)
      return try fields.llamaModel(
        name, sizes, [LayerArchitecture](repeating: layer, count: sizes.layers), beginning: 1)
    },
    tensors: TensorNames())

  /// Mistral: Llama with a window in all layers or in none.
  ///
  /// Source: Jiang et al. 2023, arXiv 2310.06825, section 2.
  static let mistral = ModelFamily(
    architectures: ["MistralForCausalLM"],
    architecture: { fields, name throws(ModelError) in
      let sizes = try fields.decoderSizes(keyValueHeads: 8, context: 131_072)
      return try fields.llamaModel(
        name, sizes,
        fields.llamaLayers(
          sizes, windows: fields.windows(layers: sizes.layers, window: 4096) { _ in true }),
        beginning: 1)
    },
    tensors: TensorNames())

  /// Qwen2 and Qwen2.5: Llama with biases of queries, keys and values.
  ///
  /// Source: Yang et al. 2024, arXiv 2407.10671, section 2.2.
  static let qwen2 = ModelFamily(
    architectures: ["Qwen2ForCausalLM"],
    architecture: { fields, name throws(ModelError) in
      let sizes = try fields.decoderSizes(keyValueHeads: 32, context: 32_768)
      var layers = try fields.llamaLayers(sizes, windows: fields.qwenWindows(sizes.layers))
      for index in layers.indices { layers[index].attention.hasInputBias = true }
      return try fields.llamaModel(name, sizes, layers, beginning: nil)
    },
    tensors: TensorNames())

  /// Qwen3: Llama with norms of queries and keys, and heads of their own size.
  ///
  /// Source: Yang et al. 2025, arXiv 2505.09388, section 2.
  static let qwen3 = ModelFamily(
    architectures: ["Qwen3ForCausalLM"],
    architecture: { fields, name throws(ModelError) in
      let sizes = try fields.decoderSizes(keyValueHeads: 32, headDimension: 128, context: 32_768)
      var layers = try fields.llamaLayers(sizes, windows: fields.qwenWindows(sizes.layers))
      for index in layers.indices {
        layers[index].attention.normalizesHeads = true
        layers[index].attention = try layers[index].attention.withBiases(fields)
      }
      return try fields.llamaModel(name, sizes, layers, beginning: nil)
    },
    tensors: TensorNames())
}

extension ConfigurationFields {
  fileprivate func llamaNorm() throws(ModelError) -> Normalization {
    Normalization(kind: .rootMeanSquare, epsilon: try positive("rms_norm_eps", default: 1e-6))
  }

  fileprivate func llamaLayer(_ sizes: DecoderSizes) throws(ModelError) -> LayerArchitecture {
    LayerArchitecture(
      attention: AttentionArchitecture(
        sizes, scale: 1 / Double(sizes.headDimension).squareRoot(),
        rotary: try rotary(headDimension: sizes.headDimension)),
      feedForward: FeedForwardArchitecture(
        hiddenWidth: sizes.hidden, activation: try activation(["hidden_act"], default: .siLU),
        isGated: true),
      norm: try llamaNorm())
  }

  fileprivate func llamaLayers(
    _ sizes: DecoderSizes, windows: [Int?]
  ) throws(ModelError) -> [LayerArchitecture] {
    var layer = try llamaLayer(sizes)
    return windows.map { window in
      layer.attention.window = window
      return layer
    }
  }

  fileprivate func llamaModel(
    _ name: String, _ sizes: DecoderSizes, _ layers: [LayerArchitecture], beginning: Int?
  ) throws(ModelError) -> ModelArchitecture {
    try decoder(name, sizes, layers, norm: llamaNorm(), isTied: false, beginning: beginning)
  }

  /// Windows only where they are asked for, from a layer on.
  fileprivate func qwenWindows(_ layers: Int) throws(ModelError) -> [Int?] {
    let first = try integer("max_window_layers", in: 0...1 << 24, default: 28)
    let windows = try windows(layers: layers, window: 4096) { $0 >= first }
    let areUsed = try flag("use_sliding_window", default: false)
    return areUsed ? windows : [Int?](repeating: nil, count: layers)
  }
}
