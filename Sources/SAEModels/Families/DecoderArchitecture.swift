import SAECore

extension AttentionArchitecture {
  /// Attention of the sizes, without windows, caps and biases.
  init(_ sizes: ConfigurationFields.DecoderSizes, scale: Double, rotary: RotarySettings?) {
    self.init(
      queryHeads: sizes.queryHeads, keyValueHeads: sizes.keyValueHeads,
      headDimension: sizes.headDimension, scale: scale, rotary: rotary)
  }

  /// The same with biases in all four products where `attention_bias` says so.
  func withBiases(_ fields: ConfigurationFields) throws(ModelError) -> AttentionArchitecture {
    var attention = self
    attention.hasInputBias = try fields.flag("attention_bias", default: false)
    attention.hasOutputBias = attention.hasInputBias
    return attention
  }
}

extension ConfigurationFields {
  /// A model of layers, with the fields that all families share.
  ///
  /// - Parameters:
  ///   - isTied: where `tie_word_embeddings` is missing.
  ///   - beginning: where `bos_token_id` is missing.
  func decoder(
    _ name: String, _ sizes: DecoderSizes, _ layers: [LayerArchitecture], norm: Normalization,
    isTied: Bool, beginning: Int?
  ) throws(ModelError) -> ModelArchitecture {
    try refuseUnsupported()
    var model = ModelArchitecture(
      name, vocabularySize: sizes.vocabulary, width: sizes.width, maximumContext: sizes.context,
      layers: layers, finalNorm: norm, isTied: try flag("tie_word_embeddings", default: isTied))
    model.beginningOfSequence = try token(
      "bos_token_id", vocabulary: sizes.vocabulary, default: beginning)
    model.endOfSequence = try endOfSequence(vocabulary: sizes.vocabulary)
    return model
  }
}
