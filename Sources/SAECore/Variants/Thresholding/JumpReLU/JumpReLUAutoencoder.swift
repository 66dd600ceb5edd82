import Foundation

extension ParameterName {
  /// θ, 1 × latents.
  public static let threshold = ParameterName(rawValue: "threshold")
  /// log θ, 1 × latents.
  public static let logThreshold = ParameterName(rawValue: "log_threshold")
}

/// A sparse autoencoder each of whose latents is active above its own threshold:
///
///     h = W_enc (x − b_dec) + b_enc      z = h · 1[h > θ]      x̂ = W_decᵀ z + b_dec
///
/// Source: Rajamanoharan et al. 2024, arXiv 2407.14435, section 3.
public struct JumpReLUAutoencoder: ThresholdingAutoencoder, Equatable {
  /// W_enc and W_dec (latents × width), b_enc and threshold or log_threshold (1 × latents), b_dec
  /// (1 × width).
  public var parameters: ParameterSet
  public let configuration: JumpReLUConfiguration
  /// Of the decoder rows, when the last gradients were computed.
  private var norms: [Float] = []

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

  public mutating func unit(
    for batch: TrainingBatch, _ inputs: Matrix
  ) -> some ThresholdingUnit {
    if configuration.parametrization == .clamped {
      parameters[.threshold] = .rowVector(parameters[.threshold].array.map { max($0, 0) })
    }
    norms = decoder.rowNorms()
    return JumpReLUUnit(self, norms: norms, batch, inputs)
  }

  /// The latents whose pre-activation is above their threshold and above 0.
  public func latents(of inputs: Matrix) -> SparseLatents {
    preActivations(
      of: inputs, bias: parameters[.encoderBias].array, above: thresholds.map { max($0, 0) })
  }

  public mutating func finishStep(_ pass: TrainingPass, step: Int) {
    let factors = configuration.thresholdFactors(
      l0: pass.activity.l0, normsBefore: norms, normsAfter: decoder.rowNorms())
    guard let factors else { return }
    let moved = zip(thresholds, factors).map { $0 * $1 }
    let (name, values) = configuration.parametrization.parameter(moved)
    parameters[name] = .rowVector(values)
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
