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
public struct GatedAutoencoder: ThresholdingAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_gate, b_mag and r_mag (1 × latents), b_dec (1 × width).
  public var parameters: ParameterSet
  public let configuration: GatedConfiguration
  public var annealing: PAnnealing.State?

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other.
  public init(
    parameters: ParameterSet, configuration: GatedConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes(vectors: [.gateBias, .magnitudeBias, .magnitudeScale])
    self.parameters = parameters
    self.configuration = configuration
    annealing = configuration.annealing.map { PAnnealing.State($0) }
  }

  public func unit(for batch: TrainingBatch, _ inputs: Matrix) -> some ThresholdingUnit {
    GatedUnit(
      gateBias: parameters[.gateBias].array, scales: magnitudeScales,
      magnitudeBias: parameters[.magnitudeBias].array,
      trainsDecoder: configuration.auxiliaryTrainsDecoder)
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
    var configuration = JumpReLUConfiguration.unknownTraining
    configuration.subtractsDecoderBias = self.configuration.subtractsDecoderBias
    do {
      return try JumpReLUAutoencoder(parameters: set, configuration: configuration)
    } catch {
      preconditionFailure("a gated autoencoder's own shapes do not fit: \(error)")
    }
  }

  /// e^r_mag
  private var magnitudeScales: [Float] { parameters[.magnitudeScale].array.map { exp($0) } }
}
