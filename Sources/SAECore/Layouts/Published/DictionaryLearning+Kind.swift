extension DictionaryLearning {
  /// The library's classes.
  enum Kind: String, CaseIterable {
    case plain = "AutoEncoder"
    case newer = "AutoEncoderNew"
    case gated = "GatedAutoEncoder"
    case topK = "AutoEncoderTopK"
    case batchTopK = "BatchTopKSAE"
    case matryoshka = "MatryoshkaBatchTopKSAE"
    case jumpReLU = "JumpReluAutoEncoder"
    case switching = "SwitchAutoEncoder"

    /// Selections over batches run by their threshold.
    var activation: SAEArchitecture.Activation {
      switch self {
      case .plain, .newer: .relu
      case .gated: .gated
      case .topK: .topK
      case .batchTopK, .matryoshka, .jumpReLU: .jumpReLU
      case .switching: .mixture
      }
    }

    var batchSelection: SAEArchitecture.Activation? {
      switch self {
      case .batchTopK: .batchTopK
      case .matryoshka: .matryoshkaBatchTopK
      default: nil
      }
    }

    var hasK: Bool { self == .topK || self == .switching || batchSelection != nil }

    /// Whether its maps are layers of PyTorch, latents × width and width × latents.
    var isLinear: Bool { self != .matryoshka && self != .jumpReLU }

    private var encoderBias: String? {
      switch self {
      case .plain, .newer, .topK, .batchTopK: "encoder.bias"
      case .matryoshka, .jumpReLU: "b_enc"
      case .gated, .switching: nil
      }
    }

    private var decoderBias: String {
      switch self {
      case .plain: "bias"
      case .newer: "decoder.bias"
      case .gated: "decoder_bias"
      case .topK, .batchTopK, .matryoshka, .jumpReLU, .switching: "b_dec"
      }
    }

    /// Takes the weights.
    func take(
      _ tensors: NamedTensors, _ encoder: StoredTensor, into files: inout SAEFiles
    ) throws(FileError) {
      let (latents, width) = (files.outline.latentCount, files.outline.inputDimension)
      try files.take("W_enc", encoder, stored: encoder.shape, isTransposed: !isLinear)
      switch self {
      case .switching:
        try files.take("W_dec", try tensors.tensor("decoder"), stored: [latents, width])
      case .matryoshka, .jumpReLU:
        try files.take("W_dec", try tensors.tensor("W_dec"), stored: [latents, width])
      default:
        try files.take(
          "W_dec", try tensors.tensor("decoder.weight"), stored: [width, latents],
          isTransposed: true)
      }
      try files.take("b_dec", try tensors.tensor(decoderBias), stored: [width])
      if let encoderBias {
        try files.take("b_enc", try tensors.tensor(encoderBias), stored: [latents])
      }
      switch self {
      case .gated:
        for (name, stored) in [("b_gate", "gate_bias"), ("b_mag", "mag_bias"), ("r_mag", "r_mag")] {
          try files.take(name, try tensors.tensor(stored), stored: [latents])
        }
      case .jumpReLU:
        try files.take(SAEArchive.threshold, try tensors.tensor("threshold"), stored: [latents])
      // The library normalizes a decoder as it loads it.
      case .plain: files.finishing = .unitDecoderRows
      default: break
      }
    }
  }
}
