public import SAECore

/// Changes of an autoencoder's latents while a model runs.
///
/// The activations x become
///
///     x + Σ value · decoder row                                of rows that are added
///     x + reconstruct(changed latents) − reconstruct(latents)  of latents that are set or scaled
///
/// and without the autoencoder's error, the reconstruction from the changed latents takes the place of x.
public struct LatentSteering: Sendable {
  /// What is done to a latent.
  public enum Edit: Sendable, Equatable {
    /// Its decoder row, times a number, is added to the activations.
    case add(Float)
    /// Its activation is a number at every token; 0 takes the latent out.
    case set(Float)
    /// Its activation is multiplied.
    case scale(Float)
  }

  /// The autoencoder.
  public let autoencoder: any SparseAutoencoder
  /// What is done to which latents.
  public let edits: [Int: [Edit]]
  /// Whether what the autoencoder does not reconstruct stays in the activations.
  public let keepsError: Bool

  /// - Parameters:
  ///   - autoencoder: of activations as they are.
  ///   - edits: what is done to latents, in this order where one is changed several times.
  ///   - keepsError: whether what it does not reconstruct stays.
  /// - Throws: ``ModelError/invalidOption(name:expected:found:)`` for a latent that it does not have, or a
  ///   number that is not finite.
  public init(
    _ autoencoder: any SparseAutoencoder, _ edits: [(latent: Int, edit: Edit)],
    keepsError: Bool = true
  ) throws(ModelError) {
    for (latent, edit) in edits {
      guard (0..<autoencoder.latentCount).contains(latent) else {
        throw .invalidOption(
          name: "latent", expected: "0 to \(autoencoder.latentCount - 1)", found: "\(latent)")
      }
      guard edit.value.isFinite else {
        throw .invalidOption(
          name: "latent \(latent)", expected: "a finite number", found: "\(edit.value)")
      }
    }
    self.autoencoder = autoencoder
    self.edits = Dictionary(grouping: edits, by: \.latent).mapValues { $0.map(\.edit) }
    self.keepsError = keepsError
  }

  /// The change of a model's activations.
  ///
  /// - Parameters:
  ///   - target: the place that the autoencoder reconstructs.
  ///   - source: the place that it sees; nil: the same.
  ///   - tokens: whose activations are changed.
  public func intervention(
    at target: HookPoint, from source: HookPoint? = nil, on tokens: Intervention.Tokens = .all
  ) -> Intervention {
    Intervention(at: target, from: source, on: tokens) { seen, own in
      try steer(own, seeing: seen)
    }
  }

  /// Changes activations.
  ///
  /// - Parameters:
  ///   - own: tokens × the width that the autoencoder reconstructs.
  ///   - seen: tokens × the width that it sees.
  /// - Throws: `ShapeError` if a width is another.
  func steer(_ own: Matrix, seeing seen: Matrix) throws(ShapeError) -> Matrix {
    try ShapeError.check(
      "activations", "columns", expected: autoencoder.outputDimension, found: own.columns)
    var changed = own
    if !keepsError || edits.values.contains(where: { $0.contains { !$0.isAddition } }) {
      let latents = try autoencoder.encode(seen)
      let reconstruction = try autoencoder.reconstruct(seen, from: latents.changed(by: edits))
      if keepsError {
        changed.add(reconstruction)
        changed.add(try autoencoder.reconstruct(seen, from: latents), times: -1)
      } else {
        changed = reconstruction
      }
    }
    for (latent, some) in edits.sorted(by: { $0.key < $1.key }) {
      for case .add(let value) in some {
        changed.addToRows(autoencoder.decoder[rows: latent..<latent + 1].times(value))
      }
    }
    return changed
  }
}

extension LatentSteering.Edit {
  fileprivate var value: Float {
    switch self {
    case .add(let value), .set(let value), .scale(let value): value
    }
  }

  fileprivate var isAddition: Bool { if case .add = self { true } else { false } }

  /// The activation of a latent that has one.
  fileprivate func callAsFunction(_ activation: Float) -> Float {
    switch self {
    case .add: activation
    case .set(let value): value
    case .scale(let factor): activation * factor
    }
  }
}

extension MatrixView {
  /// The first row, every element times a factor.
  fileprivate func times(_ factor: Float) -> [Float] {
    (0..<columns).map { self[0, $0] * factor }
  }
}

extension SparseLatents {
  /// The latents with other activations; those that become 0 have no entry.
  fileprivate func changed(by edits: [Int: [LatentSteering.Edit]]) -> SparseLatents {
    var (offsets, indices, values) = ([0], [UInt32](), [Float]())
    for token in 0..<tokens {
      var row = Dictionary(
        uniqueKeysWithValues: entries(of: token).map { (Int(self.indices[$0]), self.values[$0]) })
      for (latent, some) in edits {
        let value = some.reduce(row[latent] ?? 0) { $1($0) }
        row[latent] = value == 0 ? nil : value
      }
      for (latent, value) in row.sorted(by: { $0.key < $1.key }) {
        indices.append(UInt32(latent))
        values.append(value)
      }
      offsets.append(indices.count)
    }
    return SparseLatents(
      unchecked: latentCount, rowOffsets: offsets, indices: indices, values: values)
  }
}
