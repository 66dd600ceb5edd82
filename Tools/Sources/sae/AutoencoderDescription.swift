import Foundation
import SAECore

/// The description of an autoencoder that `info` prints; for a boosted one, of the base and of the
/// booster.
struct AutoencoderDescription: Encodable {
  let layout: String
  let architecture: String
  let inputDimension: Int
  let outputDimension: Int
  let latents: Int
  let dtype: String
  let subtractsDecoderBias: Bool
  let inputNormalization: String
  let activationScale: Double?
  let settings: JSON
  let metadata: JSON
  /// Encoder and decoder latents × width, whatever the layout.
  let parameters: [TensorDescription]
  /// Why this package does not run it; nil if it does.
  var refusal: String?

  init(_ files: SAEFiles) {
    let archive = files.outline
    layout = files.layout.rawValue
    architecture = "\(archive.architecture)"
    inputDimension = archive.inputDimension
    outputDimension = archive.outputDimension
    latents = archive.latentCount
    dtype = archive.type.rawValue
    subtractsDecoderBias = archive.subtractsDecoderBias
    inputNormalization = archive.inputNormalization.rawValue
    activationScale = archive.activationScale
    settings = JSON(.object(archive.settings))
    metadata = JSON(.object(archive.metadata))
    parameters = files.parameters.map(TensorDescription.init)
    do throws(FileError) {
      try archive.checkRuns()
      refusal = nil
    } catch {
      refusal = error.namingOption.description
    }
  }

  var rows: [(String, String)] {
    var rows = [
      ("layout", layout), ("architecture", architecture),
      ("width", "\(inputDimension)"), ("latents", "\(latents)"), ("dtype", dtype),
      ("subtracts b_dec", subtractsDecoderBias ? "yes" : "no"),
      ("normalization", inputNormalization),
    ]
    if outputDimension != inputDimension {
      rows.insert(("output width", "\(outputDimension)"), at: 3)
    }
    if let refusal { rows.append(("not run", refusal)) }
    if let activationScale { rows.append(("activation scale", "\(activationScale)")) }
    for (name, value) in settings.members { rows.append((name, "\(value)")) }
    for (name, value) in metadata.members { rows.append(("metadata \(name)", "\(value)")) }
    return rows
  }
}

/// A JSON value from a file, as it is.
struct JSON: Encodable {
  let value: JSONValue

  init(_ value: JSONValue) { self.value = value }

  var members: [(key: String, value: JSONValue)] { value.asObject?.members ?? [] }

  func encode(to encoder: any Encoder) throws {
    switch value {
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let value): try value.encode(to: encoder)
    case .string(let text): try text.encode(to: encoder)
    case .number:
      if let integer = value.asInteger {
        try integer.encode(to: encoder)
      } else {
        var container = encoder.singleValueContainer()
        try container.encode(value.asDouble)
      }
    case .array(let values): try values.map(JSON.init).encode(to: encoder)
    case .object(let object):
      var container = encoder.container(keyedBy: Key.self)
      for (name, value) in object.members { try container.encode(JSON(value), forKey: Key(name)) }
    }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }

    init?(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }
}
