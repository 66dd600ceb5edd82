/// The name of a parameter: the field's symbol, which is also its name in files.
public struct ParameterName: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }

  public var description: String { rawValue }

  /// W_enc, latents × width: row i makes latent i's pre-activation.
  public static let encoder = ParameterName(rawValue: "W_enc")
  /// W_dec, latents × output width: row i is latent i's direction, the rows are the dictionary.
  public static let decoder = ParameterName(rawValue: "W_dec")
  /// b_enc, 1 × latents.
  public static let encoderBias = ParameterName(rawValue: "b_enc")
  /// b_dec, 1 × output width.
  public static let decoderBias = ParameterName(rawValue: "b_dec")
}

/// The parameters of an autoencoder, or its gradients, or an optimizer's moments: named matrices in
/// a fixed order. Vectors are matrices of one row.
public struct ParameterSet: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// The names in the order in which the parameters are stored and updated.
  public private(set) var names: [ParameterName]
  private var matrices: [Matrix]

  /// Takes named matrices.
  ///
  /// - Precondition: no name stands twice.
  public init(dictionaryLiteral parameters: (ParameterName, Matrix)...) {
    self.init(names: parameters.map(\.0), matrices: parameters.map(\.1))
  }

  package init(names: [ParameterName], matrices: [Matrix]) {
    precondition(Set(names).count == names.count, "a parameter's name stands twice in \(names)")
    self.names = names
    self.matrices = matrices
  }

  /// The matrix of a name.
  ///
  /// - Precondition: the set has the name.
  public subscript(name: ParameterName) -> Matrix {
    get { matrices[index(of: name)] }
    _modify { yield &matrices[index(of: name)] }
  }

  /// The matrix of the name at a position of ``names``.
  public subscript(position: Int) -> Matrix {
    get { matrices[position] }
    _modify { yield &matrices[position] }
  }

  /// Whether the set has a parameter of the name.
  public func contains(_ name: ParameterName) -> Bool { names.contains(name) }

  /// Numbers in all matrices together.
  public var count: Int { matrices.reduce(0) { $0 + $1.count } }

  /// A set of the same names and shapes, all zero.
  public func zeros() -> ParameterSet {
    ParameterSet(
      names: names,
      matrices: matrices.map { Matrix(rows: $0.rows, columns: $0.columns) })
  }

  private func index(of name: ParameterName) -> Int {
    guard let index = names.firstIndex(of: name) else {
      preconditionFailure("no parameter \(name) among \(names)")
    }
    return index
  }
}
