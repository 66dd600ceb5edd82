/// Gates with magnitudes. Its codes are z and the gates' positive pre-activations A = max(p + b_gate, 0).
/// The penalty is a function of A, and an auxiliary reconstruction is made of it:
///
///     L = L_rec + λ penalty(A) + L_rec of A W_dec + b_dec
///
/// No gradient passes the gates' step; gates learn by the last two terms.
struct GatedUnit: ThresholdingUnit {
  let bias: [Float]
  let bounds: [Float]
  let trainsDecoder: Bool
  private let vectors: GateVectors
  private var sums = Sums()

  /// Σ over tokens of gradients, one per latent.
  private struct Sums {
    var gates: [Double] = []
    var magnitudes: [Double] = []
    var scales: [Double] = []
    var products: [Double] = []
  }

  static var reconstructions: [String] { ["reconstruction", "auxiliary"] }
  static var penalizedCode: Int { 1 }

  init(gateBias: [Float], scales: [Float], magnitudeBias: [Float], trainsDecoder: Bool) {
    vectors = GateVectors(gateBias: gateBias, scales: scales, magnitudeBias: magnitudeBias)
    bias = [Float](repeating: 0, count: gateBias.count)
    bounds = gateBias.map { -$0 }
    self.trainsDecoder = trainsDecoder
  }

  func makeCodes(of hidden: inout LatentElements, _ codes: inout [LatentElements]) {
    guard hidden.isPanel else {
      let vectors = vectors
      codes[0].set(hidden) { _, latent, p in vectors.latent(p, latent) }
      codes[1].set(hidden) { _, latent, p in vectors.gate(p, latent) }
      return
    }
    var gates = Matrix(rows: 0, columns: 0)
    swap(&gates, &codes[1].panel)
    GatePanel.open(
      hidden.panel, vectors[hidden.latents], gates: &gates, latents: &codes[0].panel)
    swap(&gates, &codes[1].panel)
  }

  mutating func passGradients(
    _ hidden: inout LatentElements, _ codes: inout [LatentElements],
    _ gradients: inout [LatentElements]
  ) {
    // From here codes[0] is the gradient of p, and hidden the gradient of r_mag from each token.
    if hidden.isPanel {
      var magnitudes = Matrix(rows: 0, columns: 0)
      swap(&magnitudes, &gradients[0].panel)
      GatePanel.passGradients(
        gates: codes[1].panel, scales: vectors[hidden.latents].scales, &magnitudes,
        &gradients[1].panel, latents: &codes[0].panel, products: &hidden.panel)
      swap(&magnitudes, &gradients[0].panel)
    } else {
      let scales = vectors.scales
      gradients[0].combine(codes[0]) { _, _, gradient, z in z > 0 ? gradient : 0 }
      codes[0] = gradients[1]
      codes[0].combine(gradients[0]) { _, latent, gate, magnitude in
        gate + magnitude * scales[latent]
      }
      hidden.combine(gradients[0]) { _, latent, p, magnitude in magnitude * p * scales[latent] }
    }
    sums.gates += gradients[1].sumsByLatent()
    sums.magnitudes += gradients[0].sumsByLatent()
    sums.scales += hidden.sumsByLatent()
    sums.products += codes[0].sumsByLatent()
    swap(&gradients[0], &codes[0])
  }

  var inputSums: [Double] { sums.products }

  func finish(
    _ inputSums: inout [Double], into gradients: inout ParameterSet
  ) -> [LossTerm] {
    gradients[.gateBias] = .rowVector(sums.gates)
    gradients[.magnitudeBias] = .rowVector(sums.magnitudes)
    gradients[.magnitudeScale] = .rowVector(sums.scales)
    return []
  }
}
