@testable import SAECore

/// Autoencoders as their definitions read, in double and without sparsity, to test on what is done
/// to parameters.
struct DenseAutoencoder {
  enum Kind: Sendable, Equatable {
    case standard
    case jumpReLU
    case gated
    case topK(k: Int)
    /// Competing and reported as n ⊙ h, decoded after division by n again.
    case rescaledTopK(k: Int)
  }

  let kind: Kind
  let parameters: ParameterSet
  var subtractsDecoderBias = true

  struct Pass {
    var latents: [Float] = []
    var reconstruction: [Float] = []
  }

  func run(_ activations: Matrix) -> Pass {
    var pass = Pass()
    for token in 0..<activations.rows {
      let latents = encode(activations, token)
      let code = decodable(latents)
      pass.latents += latents.map { Float($0) }
      for column in 0..<parameters[.decoder].columns {
        let sum = code.indices.reduce(Double(parameters[.decoderBias][0, column])) {
          $0 + code[$1] * Double(parameters[.decoder][$1, column])
        }
        pass.reconstruction.append(Float(sum))
      }
    }
    return pass
  }

  private func value(_ name: String, _ latent: Int) -> Double {
    Double(parameters[ParameterName(rawValue: name)][0, latent])
  }

  private func norm(_ latent: Int) -> Double {
    parameters[.decoder].array[
      (latent * parameters[.decoder].columns)..<((latent + 1) * parameters[.decoder].columns)
    ].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  private func encode(_ activations: Matrix, _ token: Int) -> [Double] {
    let encoder = parameters[.encoder]
    let products = (0..<encoder.rows).map { latent in
      (0..<encoder.columns).reduce(0.0) {
        let bias = subtractsDecoderBias ? Double(parameters[.decoderBias][0, $1]) : 0
        return $0 + (Double(activations[token, $1]) - bias) * Double(encoder[latent, $1])
      }
    }
    switch kind {
    case .standard:
      return products.indices.map { max(0, products[$0] + value("b_enc", $0)) }
    case .jumpReLU:
      return products.indices.map {
        let h = products[$0] + value("b_enc", $0)
        return h > value("threshold", $0) ? max(0, h) : 0
      }
    case .gated:
      return products.indices.map {
        let magnitude = products[$0] * exponential(value("r_mag", $0)) + value("b_mag", $0)
        return products[$0] + value("b_gate", $0) > 0 ? max(0, magnitude) : 0
      }
    case .topK(let k), .rescaledTopK(let k):
      let rescales = kind == .rescaledTopK(k: k)
      let scores = products.indices.map {
        (products[$0] + value("b_enc", $0)) * (rescales ? norm($0) : 1)
      }
      let kept = Set(
        scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(k))
      return scores.indices.map { kept.contains($0) ? max(0, scores[$0]) : 0 }
    }
  }

  private func decodable(_ latents: [Double]) -> [Double] {
    guard case .rescaledTopK = kind else { return latents }
    return latents.indices.map { latents[$0] / norm($0) }
  }

  private func exponential(_ x: Double) -> Double {
    // The Taylor series of a sixteenth, squared four times.
    let small = x / 16
    var term = 1.0
    var sum = 1.0
    for n in 1...20 {
      term *= small / Double(n)
      sum += term
    }
    let squared = sum * sum * sum * sum
    return squared * squared * squared * squared
  }
}
