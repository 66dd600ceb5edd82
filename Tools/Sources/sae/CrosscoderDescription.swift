import SAECore

/// A crosscoder or a cross-layer transcoder, as its files describe it.
struct CrosscoderDescription: Encodable {
  let inputs: Int
  let outputs: Int
  let inputDimension: Int
  let outputDimension: Int
  /// Latents of all groups.
  let latents: Int
  /// Latents of each group: of each layer of a cross-layer transcoder.
  let latentsPerGroup: [Int]
  let model: String?
  let inputHooks: [String]
  let outputHooks: [String]

  init(_ crosscoder: Crosscoder) {
    inputs = crosscoder.inputs.count
    outputs = crosscoder.outputs.count
    inputDimension = crosscoder.inputDimension
    outputDimension = crosscoder.outputDimension
    latents = crosscoder.latentCount
    latentsPerGroup = crosscoder.groups.map(\.latentCount)
    model = crosscoder.model
    inputHooks = crosscoder.hooks.inputs
    outputHooks = crosscoder.hooks.outputs
  }

  var rows: [(String, String)] {
    var rows = [
      ("inputs", "\(inputs) of width \(inputDimension)"),
      ("outputs", "\(outputs) of width \(outputDimension)"), ("latents", count(latents)),
    ]
    if latentsPerGroup.count > 1 {
      rows.append(("latents per layer", latentsPerGroup.map { count($0) }.joined(separator: ", ")))
    }
    if let model { rows.append(("model", model)) }
    for (name, hooks) in [("input", inputHooks), ("output", outputHooks)] {
      for (index, hook) in hooks.enumerated() { rows.append(("\(name) \(index)", hook)) }
    }
    return rows
  }
}
