import Foundation

@testable import SAECore

/// Runs an archive in double precision by plain loops, from the definitions.
struct PlainEncoder {
  let archive: SAEArchive

  private func rows(_ name: String) -> [[Double]] {
    guard let matrix = archive.parameters[name]?.values else { return [] }
    return (0..<matrix.rows).map { row in
      (0..<matrix.columns).map { Double(matrix[row, $0]) }
    }
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Latents and reconstruction of one token; nil for architectures that this does not know.
  func run(_ token: [Double]) -> (latents: [Double], reconstruction: [Double])? {
    let (decoder, bias) = (rows("W_dec"), rows("b_dec")[0])
    let (scaled, restore) = normalize(token)
    let centered = archive.subtractsDecoderBias ? zip(scaled, bias).map { $0 - $1 } : scaled
    let norms = decoder.map { dot($0, $0).squareRoot() }
    let rescales = archive.settings["rescale_acts_by_decoder_norm"]?.asBool == true
    var latents: [Double]
    if archive.architecture.activation == .matchingPursuit {
      return pursue(centered, decoder, bias)
    } else if archive.architecture.activation == .gated {
      let products = rows("W_enc").map { dot($0, centered) }
      let (gate, scale, magnitude) = (rows("b_gate")[0], rows("r_mag")[0], rows("b_mag")[0])
      latents = products.indices.map { index in
        let value = products[index] * exp(scale[index]) + magnitude[index]
        return products[index] + gate[index] > 0 ? max(value, 0) : 0
      }
    } else {
      guard archive.architecture.activation != .temporal else { return nil }
      let encoderBias = rows("b_enc")[0]
      let scores = zip(rows("W_enc"), encoderBias).enumerated().map { index, pair in
        (dot(pair.0, centered) + pair.1) * (rescales ? norms[index] : 1)
      }
      guard let selected = select(scores) else { return nil }
      latents = selected
    }
    var output = bias
    for (index, latent) in latents.enumerated() where latent != 0 {
      let code = rescales ? latent / norms[index] : latent
      for column in output.indices { output[column] += code * decoder[index][column] }
    }
    for (row, weights) in rows("W_skip").enumerated() { output[row] += dot(weights, token) }
    return (latents, archive.architecture.isTranscoder ? output : restore(output))
  }

  private func select(_ scores: [Double]) -> [Double]? {
    let k = archive.settings["k"]?.asInteger ?? 0
    func largest(_ key: (Int) -> Double, in range: Range<Int>, _ count: Int) -> Set<Int> {
      Set(range.sorted { key($0) != key($1) ? key($0) > key($1) : $0 < $1 }.prefix(count))
    }
    switch archive.architecture.activation {
    case .relu: return scores.map { max($0, 0) }
    case .topK:
      let chosen = largest({ scores[$0] }, in: scores.indices, k)
      return scores.enumerated().map { chosen.contains($0) ? max($1, 0) : 0 }
    case .absTopK:
      let chosen = largest({ abs(scores[$0]) }, in: scores.indices, k)
      return scores.enumerated().map { chosen.contains($0) ? $1 : 0 }
    case .groupMax:
      let size = scores.count / k
      let chosen = (0..<k).reduce(into: Set<Int>()) { chosen, group in
        chosen.formUnion(largest({ max(scores[$0], 0) }, in: group * size..<(group + 1) * size, 1))
      }
      return scores.enumerated().map { chosen.contains($0) ? max($1, 0) : 0 }
    case .jumpReLU:
      return zip(scores, rows("threshold")[0]).map { $0 > $1 ? max($0, 0) : 0 }
    default: return nil
    }
  }

  private func pursue(
    _ token: [Double], _ decoder: [[Double]], _ bias: [Double]
  ) -> (latents: [Double], reconstruction: [Double]) {
    var residual = token
    var latents = [Double](repeating: 0, count: decoder.count)
    let limit = archive.settings["max_iterations"]?.asInteger ?? token.count
    let threshold = archive.settings["residual_threshold"]?.asDouble ?? 0
    let stopsOnDuplicate = archive.settings["stop_on_duplicate_support"]?.asBool ?? true
    for _ in 0..<limit {
      let products = decoder.map { max(dot($0, residual), 0) }
      guard let best = products.indices.max(by: { products[$0] < products[$1] }) else { break }
      let before = latents.map { $0 != 0 }
      latents[best] += products[best]
      for column in residual.indices { residual[column] -= products[best] * decoder[best][column] }
      if stopsOnDuplicate && latents.map({ $0 != 0 }) == before { break }
      if threshold > 0 && dot(residual, residual).squareRoot() < threshold { break }
    }
    var output = archive.subtractsDecoderBias ? bias : bias.map { _ in 0 }
    for (index, latent) in latents.enumerated() {
      for column in output.indices { output[column] += latent * decoder[index][column] }
    }
    return (latents, output)
  }

  private func normalize(_ token: [Double]) -> ([Double], ([Double]) -> [Double]) {
    switch archive.inputNormalization {
    case .layerNorm:
      let mean = token.reduce(0, +) / Double(token.count)
      let centered = token.map { $0 - mean }
      let deviation = (dot(centered, centered) / Double(token.count - 1)).squareRoot()
      return (centered.map { $0 / (deviation + 1e-5) }, { $0.map { $0 * deviation + mean } })
    case .constantNorm:
      let factor = (Double(token.count) / dot(token, token)).squareRoot()
      return (token.map { $0 * factor }, { $0.map { $0 / factor } })
    default: return (token, { $0 })
    }
  }
}
