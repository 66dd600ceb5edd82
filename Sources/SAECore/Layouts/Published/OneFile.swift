/// Autoencoders that are published as one PyTorch file each, told by the names of their tensors.
enum OneFile {
  /// The tensors of an autoencoder with ReLU or TopK, in the target form but for the orientations given.
  ///
  /// - Parameters:
  ///   - encoder: its name; latents × width if `isLinear`, else width × latents.
  ///   - decoder: its name; width × latents if `isLinear`, else latents × width.
  static func files(
    _ layout: SAELayout, _ tensors: NamedTensors, encoder: String, decoder: String,
    encoderBias: String, decoderBias: String, isLinear: Bool = true
  ) throws(FileError) -> SAEFiles {
    let matrix = try tensors.matrix(oneOf: [encoder])
    let (latents, width) =
      isLinear ? (matrix.shape[0], matrix.shape[1]) : (matrix.shape[1], matrix.shape[0])
    var outline = SAEArchive(
      SAEArchitecture(.relu), inputDimension: width, outputDimension: width, latentCount: latents)
    outline.type = matrix.type
    outline.subtractsDecoderBias = false
    var files = SAEFiles(layout, outline)
    try files.take("W_enc", matrix, stored: matrix.shape, isTransposed: !isLinear)
    try files.take(
      "W_dec", try tensors.tensor(decoder),
      stored: isLinear ? [width, latents] : [latents, width],
      isTransposed: isLinear)
    try files.take("b_enc", try tensors.tensor(encoderBias), stored: [latents])
    try files.take("b_dec", try tensors.tensor(decoderBias), stored: [width])
    return files
  }

  /// Two of PyTorch's layers with biases, in a file whose name tells the layer of the model.
  static func files(
    _ layout: SAELayout, _ tensors: NamedTensors, at place: WeightsPlace, encoder: String,
    decoder: String
  ) throws(FileError) -> SAEFiles {
    var files = try files(
      layout, tensors, encoder: "\(encoder).weight", decoder: "\(decoder).weight",
      encoderBias: "\(encoder).bias", decoderBias: "\(decoder).bias")
    if let layer = number(after: "-l", in: place.name) {
      files.outline.metadata["hook_name"] = .string("blocks.\(layer).hook_resid_post")
    }
    return files
  }

  /// The number after a mark in a name: the layer 19 of "…-SAE-l19.pth".
  static func number(after mark: String, in name: String) -> Int? {
    guard let range = name.ranges(of: mark).last else { return nil }
    return Int(name[range.upperBound...].prefix { $0.isNumber })
  }

  static func holds(_ weights: SAECandidate.Weights, _ names: [String]) -> Bool {
    guard case .torch = weights else { return false }
    let found = Set(weights.names)
    return names.allSatisfy(found.contains)
  }
}

/// Goodfire: one file, `encoder_linear` and `decoder_linear`; ReLU.
enum Goodfire: PublishedLayout {
  static let layout = SAELayout.goodfire

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    OneFile.holds(weights, ["encoder_linear.weight", "decoder_linear.weight"])
  }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    try OneFile.files(
      layout, tensors, at: place, encoder: "encoder_linear", decoder: "decoder_linear")
  }
}

/// qresearch's autoencoders of DeepSeek-R1: one file, `encoder` and `decoder`; ReLU.
enum DeepSeekR1: PublishedLayout {
  static let layout = SAELayout.deepSeekR1

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    OneFile.holds(weights, ["encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"])
      && weights.names.count == 4
  }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    try OneFile.files(layout, tensors, at: place, encoder: "encoder", decoder: "decoder")
  }
}

/// Kissane and others' autoencoders of attention heads: `X.pt` with `X_cfg.json` beside it; ReLU.
enum AttentionOutputs: PublishedLayout {
  static let layout = SAELayout.attentionOutputs

  private static func configuration(_ place: WeightsPlace) -> String? {
    guard let dot = place.name.lastIndex(of: ".") else { return nil }
    return place.beside(place.name[..<dot] + "_cfg.json")
  }

  static func isOne(_ weights: SAECandidate.Weights, at place: WeightsPlace) -> Bool {
    OneFile.holds(weights, ["W_enc", "W_dec", "b_enc", "b_dec"]) && configuration(place) != nil
  }

  static func read(
    _ tensors: NamedTensors, at place: WeightsPlace
  ) throws(FileError) -> SAEFiles {
    var files = try OneFile.files(
      layout, tensors, encoder: "W_enc", decoder: "W_dec", encoderBias: "b_enc",
      decoderBias: "b_dec", isLinear: false)
    files.outline.subtractsDecoderBias = true
    guard let path = configuration(place) else { return files }
    var reader = try SettingsReader(path)
    try reader.check("act_size", is: files.outline.inputDimension)
    try reader.check("dict_size", is: files.outline.latentCount)
    files.outline.metadata["hook_name"] = reader.take("act_name")
    files.outline.metadata["model_name"] = reader.take("model_name")
    return files
  }
}
