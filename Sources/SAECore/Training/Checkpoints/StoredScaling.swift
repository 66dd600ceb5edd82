/// A normalization as a checkpoint has it: its kind and factor in the header, a center or a whitening's
/// numbers as tensors of double precision.
struct StoredScaling: Codable {
  enum Kind: String, Codable {
    case none
    case factor
    case centered
    case whitening
    case layerNorm = "layer_norm"
    case constantNorm = "constant_norm"
  }

  /// What the names of tensors begin with: of the activations' numbers, and of the targets'.
  static let prefix = "normalization."
  static let targetPrefix = "target_normalization."

  private static let mean = "mean"
  private static let matrix = "matrix"
  private static let inverse = "inverse"

  var kind: Kind
  var factor: Double?

  init(_ scaling: ActivationScaling) {
    switch scaling {
    case .identity: kind = .none
    case .factor(let value): (kind, factor) = (.factor, value)
    case .centered(let value, _): (kind, factor) = (.centered, value)
    case .whitening: kind = .whitening
    case .layerNorm: kind = .layerNorm
    case .constantNorm: kind = .constantNorm
    }
  }

  /// The kind of scaling that a run with a normalization has.
  static func kind(of normalization: ActivationNormalization) -> Kind {
    switch normalization {
    case .none: .none
    case .centered: .centered
    case .expectedAverageOnlyIn, .unitMeanSquaredNorm: .factor
    case .covarianceWhitening: .whitening
    case .layerNorm: .layerNorm
    case .constantNormRescale: .constantNorm
    }
  }

  /// Throws unless a scaling is what a run with a normalization has, for activations of a width.
  ///
  /// - Parameter name: of the setting.
  static func check(
    _ scaling: ActivationScaling, _ normalization: ActivationNormalization, width: Int,
    _ name: String, file: String
  ) throws(FileError) {
    let (kind, expected) = (StoredScaling(scaling).kind, kind(of: normalization))
    guard kind == expected else {
      throw .invalidSetting(
        file: file, setting: "\(name).kind", expected: expected.rawValue, found: kind.rawValue)
    }
    var size: Int?
    switch scaling {
    case .factor(let factor): try check(factor: factor, "\(name).factor", file: file)
    case .centered(let factor, let center):
      try check(factor: factor, "\(name).factor", file: file)
      size = center.count
    case .whitening(let whitening): size = whitening.dimension
    case .identity, .layerNorm, .constantNorm: break
    }
    if let size, size != width {
      throw .invalidSetting(
        file: file, setting: "\(name).mean", expected: "\(width) numbers", found: "\(size)")
    }
  }

  static func check(
    factor: Double, _ setting: String, file: String
  ) throws(FileError) {
    guard factor.isFinite, factor > 0 else {
      throw .invalidSetting(
        file: file, setting: setting, expected: "a finite number above 0",
        found: "\(factor)")
    }
  }

  /// The tensors that a normalization needs.
  static func tensors(
    of scaling: ActivationScaling, prefix: String
  ) -> [(name: String, shape: [Int], values: [Double])] {
    switch scaling {
    case .centered(_, let center): return [(prefix + mean, [center.count], center)]
    case .whitening(let whitening):
      let size = whitening.dimension
      return [
        (prefix + mean, [size], whitening.mean),
        (prefix + matrix, [size, size], whitening.matrix),
        (prefix + inverse, [size, size], whitening.inverse),
      ]
    case .identity, .factor, .layerNorm, .constantNorm: return []
    }
  }

  /// The normalization.
  ///
  /// - Parameters:
  ///   - file: that has the tensors.
  ///   - prefix: what their names begin with.
  ///   - path: the checkpoint's.
  /// - Throws: ``FileError`` if a number is missing, not finite, or does not fit.
  func scaling(
    from file: SafetensorsFile, prefix: String, path: String
  ) throws(FileError) -> ActivationScaling {
    func numbers(_ name: String, _ shape: [Int]) throws(FileError) -> [Double] {
      let tensor = try file.tensor(prefix + name)
      guard tensor.shape == shape, tensor.type == .f64 else {
        throw .wrongShape(
          file: path, tensor: prefix + name, expected: "\(TensorShape.describe(shape)) F64 numbers",
          found: tensor.shape)
      }
      let values = tensor.doubles()
      guard values.allSatisfy(\.isFinite) else {
        throw .invalidSetting(
          file: path, setting: prefix + name, expected: "finite numbers", found: "NaN or infinity")
      }
      return values
    }
    func size() throws(FileError) -> Int { try file.tensor(prefix + Self.mean).count }
    switch kind {
    case .none: return .identity
    case .layerNorm: return .layerNorm
    case .constantNorm: return .constantNorm
    case .factor: return .factor(try checkedFactor(path))
    case .centered:
      return .centered(
        factor: try checkedFactor(path), center: try numbers(Self.mean, [try size()]))
    case .whitening:
      let size = try size()
      return .whitening(
        Whitening(
          mean: try numbers(Self.mean, [size]), matrix: try numbers(Self.matrix, [size, size]),
          inverse: try numbers(Self.inverse, [size, size])))
    }
  }

  private func checkedFactor(_ path: String) throws(FileError) -> Double {
    guard let factor else {
      throw .invalidSetting(
        file: path, setting: "scaling.factor", expected: "a number", found: "none")
    }
    try StoredScaling.check(factor: factor, "scaling.factor", file: path)
    return factor
  }
}
