public import SAECore

extension DomainReport {
  /// An autoencoder and what to call it.
  public struct Candidate: Sendable {
    /// What the autoencoder is called in the report.
    public let name: String
    /// The autoencoder, for raw activations.
    public let autoencoder: any SparseAutoencoder

    /// `autoencoder` under `name`.
    public init(_ name: String, _ autoencoder: any SparseAutoencoder) {
      self.name = name
      self.autoencoder = autoencoder
    }
  }

  /// Measures two families of autoencoders on the same tokens and compares them.
  ///
  /// - Parameters:
  ///   - domain: trained on the domain.
  ///   - broad: trained on general text.
  ///   - source: tokens held out from all trainings.
  ///   - mask: which of them count, and their contexts; blocks of 128 tokens without contexts.
  ///   - fitting: other tokens, to fit the linear part of the errors on; without them the dark
  ///     matter is not measured.
  ///   - penalty: of that fit.
  ///   - batchTokens: tokens that are encoded at a time.
  ///   - bootstrap: how intervals are made.
  /// - Returns: the report.
  /// - Throws: `ShapeError` if something does not fit, `OptionError` if the linear part cannot be fitted or there is
  ///   nothing to compare, and what keeps activations from being read.
  public static func measure(
    domain: [Candidate], broad: [Candidate], on source: some ActivationSource,
    mask: TokenMask = .all, fitting: (any ActivationSource)? = nil, penalty: Double = 1e-6,
    batchTokens: Int = 4096, bootstrap: BlockBootstrap = BlockBootstrap()
  ) throws -> DomainReport {
    func measured(_ candidate: Candidate) throws -> Evaluation {
      let linearPart = try fitting.map {
        try LinearErrorPrediction(
          of: candidate.autoencoder, on: $0, penalty: penalty, batchTokens: batchTokens)
      }
      return try evaluate(
        candidate.autoencoder, on: source, name: candidate.name, mask: mask,
        linearPart: linearPart, batchTokens: batchTokens, bootstrap: bootstrap)
    }
    return try DomainReport(domain: domain.map(measured), broad: broad.map(measured))
  }
}
