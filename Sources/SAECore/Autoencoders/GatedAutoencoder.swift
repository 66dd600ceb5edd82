import Foundation

extension ParameterName {
  /// b_gate, 1 × latents.
  public static let gateBias = ParameterName(rawValue: "b_gate")
  /// b_mag, 1 × latents.
  public static let magnitudeBias = ParameterName(rawValue: "b_mag")
  /// r_mag, 1 × latents: the logarithm of a latent's scale.
  public static let magnitudeScale = ParameterName(rawValue: "r_mag")
}

/// A sparse autoencoder that decides which latents are active apart from how active they are:
///
///     p = W_enc (x − b_dec)      z = 1[p + b_gate > 0] · max(p · e^r_mag + b_mag, 0)
///     x̂ = W_decᵀ z + b_dec
///
/// Source: Rajamanoharan et al. 2024, arXiv 2404.16014, section 3.
public struct GatedAutoencoder: SparseAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_gate, b_mag and r_mag (1 × latents), b_dec (1 × width).
  public var parameters: ParameterSet
  public let configuration: GatedConfiguration
  /// Where the annealing of the penalty's exponent stands, if there is one.
  public internal(set) var annealing: PAnnealingState?

  public var inputDimension: Int { parameters[.encoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }

  /// The directions that latents stand for, latents × width.
  public var dictionary: Matrix { parameters[.decoder] }

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other.
  public init(
    parameters: ParameterSet, configuration: GatedConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes(vectors: [.gateBias, .magnitudeBias, .magnitudeScale])
    self.parameters = parameters
    self.configuration = configuration
    annealing = configuration.annealing.map { PAnnealingState($0) }
  }

  /// Encodes activations into the latents whose gate is open and whose magnitude is above 0.
  ///
  /// - Parameter activations: tokens × width, in the scale the weights were trained on.
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  /// - Complexity: O(tokens · width · latents) time; no tokens × latents matrix is made.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    return gates(of: centered(activations)).latents().droppingZeros()
  }

  public func decode(_ latents: SparseLatents) throws(ShapeError) -> Matrix {
    try ShapeError.check("latents", "latents", expected: latentCount, found: latents.latentCount)
    return latents.reconstruction(by: dictionary, bias: parameters[.decoderBias].array)
  }

  /// The JumpReLU autoencoder with the same latents: a gate is open where the magnitude's
  /// pre-activation is above b_mag − e^r_mag b_gate.
  ///
  /// Latents agree within rounding, but where a pre-activation comes that near to its threshold.
  public func jumpReLU() -> JumpReLUAutoencoder {
    let scales = magnitudeScales
    let (gateBias, bias) = (parameters[.gateBias].array, parameters[.magnitudeBias].array)
    let thresholds = bias.indices.map { max(0, bias[$0] - scales[$0] * gateBias[$0]) }
    var set = parameters.replacing(
      [.gateBias, .magnitudeBias, .magnitudeScale],
      with: [(.encoderBias, bias), (.threshold, thresholds)])
    set[.encoder].multiplyRows(by: scales)
    var configuration = JumpReLUConfiguration.saeLens(coefficient: .one)
    configuration.subtractsDecoderBias = self.configuration.subtractsDecoderBias
    do {
      return try JumpReLUAutoencoder(parameters: set, configuration: configuration)
    } catch {
      preconditionFailure("a gated autoencoder's own shapes do not fit: \(error)")
    }
  }

  /// e^r_mag
  var magnitudeScales: [Float] { parameters[.magnitudeScale].array.map { exp($0) } }

  /// x − b_dec, or x where the bias is not subtracted.
  func centered(_ activations: Matrix) -> Matrix {
    configuration.subtractsDecoderBias
      ? activations.subtractingFromRows(parameters[.decoderBias].array) : activations
  }

  /// The open gates of a batch.
  func gates(of centered: Matrix) -> OpenGates {
    let gateBias = parameters[.gateBias].array
    let products = SparseLatents.aboveThreshold(
      of: centered, encoder: parameters[.encoder],
      bias: [Float](repeating: 0, count: latentCount), thresholds: gateBias.map { -$0 })
    return OpenGates(
      products: products, gateBias: gateBias, scales: magnitudeScales,
      magnitudeBias: parameters[.magnitudeBias].array)
  }
}

/// The entries of a batch whose gate is open, and what follows of them.
struct OpenGates {
  /// p
  let products: SparseLatents
  let gateBias: [Float]
  /// e^r_mag
  let scales: [Float]
  let magnitudeBias: [Float]

  /// z; 0 where the magnitude is not above 0.
  func latents() -> SparseLatents {
    let (p, scales, bias) = (products.values, scales, magnitudeBias)
    return products.replacingValues(
      products.mapEntries { entry, _, latent in max(p[entry] * scales[latent] + bias[latent], 0) })
  }

  /// A = max(p + b_gate, 0)
  func gateActivations() -> SparseLatents {
    let (p, bias) = (products.values, gateBias)
    return products.replacingValues(
      products.mapEntries { entry, _, latent in p[entry] + bias[latent] })
  }
}
