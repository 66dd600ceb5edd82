import Foundation

extension ParameterName {
  /// θ, 1 × latents.
  public static let threshold = ParameterName(rawValue: "threshold")
  /// log θ, 1 × latents.
  public static let logThreshold = ParameterName(rawValue: "log_threshold")
}

/// A sparse autoencoder whose latents are silent up to a threshold of their own:
///
///     h = W_enc (x − b_dec) + b_enc      z = h · 1[h > θ]      x̂ = W_decᵀ z + b_dec
///
/// Source: Rajamanoharan et al. 2024, arXiv 2407.14435, section 3.
public struct JumpReLUAutoencoder: SparseAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_enc and threshold or log_threshold (1 × latents), b_dec
  /// (1 × width).
  public var parameters: ParameterSet
  public let configuration: JumpReLUConfiguration
  /// Of the decoder rows, when the last gradients were computed.
  var norms: [Float] = []

  public var inputDimension: Int { parameters[.encoder].columns }
  public var latentCount: Int { parameters[.encoder].rows }

  /// The directions that latents stand for, latents × width.
  public var dictionary: Matrix { parameters[.decoder] }

  /// θ of each latent; one below 0 acts as 0 does.
  public var thresholds: [Float] {
    configuration.parametrization == .logarithmic
      ? parameters[.logThreshold].array.map { exp($0) } : parameters[.threshold].array
  }

  /// An autoencoder of the given parameters.
  ///
  /// - Throws: ``ShapeError`` if shapes do not fit each other.
  public init(
    parameters: ParameterSet, configuration: JumpReLUConfiguration
  ) throws(ShapeError) {
    try parameters.checkShapes(vectors: [.encoderBias, configuration.parametrization.name])
    self.parameters = parameters
    self.configuration = configuration
  }

  /// Encodes activations into the latents whose pre-activation is above their threshold and above 0.
  ///
  /// - Parameter activations: tokens × width, in the scale the weights were trained on.
  /// - Throws: ``ShapeError`` if the width is not ``inputDimension``.
  /// - Complexity: O(tokens · width · latents) time; no tokens × latents matrix is made.
  public func encode(_ activations: Matrix) throws(ShapeError) -> SparseLatents {
    try ShapeError.check(
      "activations", "columns", expected: inputDimension, found: activations.columns)
    return preActivations(of: centered(activations), above: thresholds.map { max($0, 0) })
  }

  public func decode(_ latents: SparseLatents) throws(ShapeError) -> Matrix {
    try ShapeError.check("latents", "latents", expected: latentCount, found: latents.latentCount)
    return latents.reconstruction(by: dictionary, bias: parameters[.decoderBias].array)
  }

  /// x − b_dec, or x where the bias is not subtracted.
  func centered(_ activations: Matrix) -> Matrix {
    configuration.subtractsDecoderBias
      ? activations.subtractingFromRows(parameters[.decoderBias].array) : activations
  }

  func preActivations(of centered: Matrix, above bounds: [Float]) -> SparseLatents {
    .aboveThreshold(
      of: centered, encoder: parameters[.encoder], bias: parameters[.encoderBias].array,
      thresholds: bounds)
  }
}

extension JumpReLUConfiguration.Parametrization {
  /// Of the parameter.
  var name: ParameterName { self == .logarithmic ? .logThreshold : .threshold }

  /// The parameter that stands for thresholds.
  func parameter(_ thresholds: [Float]) -> (ParameterName, [Float]) {
    (name, self == .logarithmic ? thresholds.map { log($0) } : thresholds)
  }
}
