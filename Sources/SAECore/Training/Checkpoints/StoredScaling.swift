/// A normalisation as a checkpoint has it: its kind and factor in the header, a whitening's numbers as
/// tensors of double precision.
struct StoredScaling: Codable {
  enum Kind: String, Codable {
    case none
    case factor
    case whitening
    case layerNorm = "layer_norm"
    case constantNorm = "constant_norm"
  }

  static let mean = "normalization.mean"
  static let matrix = "normalization.matrix"
  static let inverse = "normalization.inverse"

  var kind: Kind
  var factor: Double?

  init(_ scaling: ActivationScaling) {
    switch scaling {
    case .identity: kind = .none
    case .factor(let value): (kind, factor) = (.factor, value)
    case .whitening: kind = .whitening
    case .layerNorm: kind = .layerNorm
    case .constantNorm: kind = .constantNorm
    }
  }

  /// What a run with a normalisation has.
  static func kind(of normalization: ActivationNormalization) -> Kind {
    switch normalization {
    case .none: .none
    case .expectedAverageOnlyIn, .unitMeanSquaredNorm: .factor
    case .covarianceWhitening: .whitening
    case .layerNorm: .layerNorm
    case .constantNormRescale: .constantNorm
    }
  }

  static func check(
    factor: Double, _ setting: String, file: String
  ) throws(TensorFileError) {
    guard factor.isFinite, factor > 0 else {
      throw .invalidSetting(
        file: file, setting: setting, expected: "a finite number above 0",
        found: "\(factor)")
    }
  }

  /// The tensors that a normalisation needs.
  static func tensors(
    of scaling: ActivationScaling
  ) -> [(name: String, shape: [Int], values: [Double])] {
    guard case .whitening(let whitening) = scaling else { return [] }
    let size = whitening.dimension
    return [
      (mean, [size], whitening.mean), (matrix, [size, size], whitening.matrix),
      (inverse, [size, size], whitening.inverse),
    ]
  }

  /// The normalisation.
  ///
  /// - Throws: ``TensorFileError`` if a number is missing, not finite, or does not fit.
  func scaling(
    from file: SafetensorsFile, path: String
  ) throws(TensorFileError) -> ActivationScaling {
    switch kind {
    case .none: return .identity
    case .layerNorm: return .layerNorm
    case .constantNorm: return .constantNorm
    case .factor:
      guard let factor else {
        throw .invalidSetting(
          file: path, setting: "scaling.factor", expected: "a number", found: "none")
      }
      try StoredScaling.check(factor: factor, "scaling.factor", file: path)
      return .factor(factor)
    case .whitening:
      let mean = try file.tensor(StoredScaling.mean)
      let size = mean.count
      var numbers: [[Double]] = []
      for (name, shape) in [
        (StoredScaling.mean, [size]), (StoredScaling.matrix, [size, size]),
        (StoredScaling.inverse, [size, size]),
      ] {
        let tensor = try file.tensor(name)
        guard tensor.shape == shape, tensor.type == .f64 else {
          throw .wrongShape(
            file: path, tensor: name, expected: "\(Shape.describe(shape)) F64 numbers",
            found: tensor.shape)
        }
        let values = tensor.doubles()
        guard values.allSatisfy(\.isFinite) else {
          throw .invalidSetting(
            file: path, setting: name, expected: "finite numbers", found: "NaN or infinity")
        }
        numbers.append(values)
      }
      return .whitening(Whitening(mean: numbers[0], matrix: numbers[1], inverse: numbers[2]))
    }
  }
}
