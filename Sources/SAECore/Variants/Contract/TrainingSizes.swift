/// The sizes that a run's memory depends on.
public struct TrainingSizes: Sendable, Equatable {
  /// d_in.
  public var inputDimension: Int
  /// d_out: ``inputDimension`` except for transcoders.
  public var outputDimension: Int
  /// Columns of the source: those of targets follow the input's.
  public var rowWidth: Int
  /// d_sae.
  public var latentCount: Int
  /// Rows of the source.
  public var sourceTokens: Int

  /// Sizes of a run on a source's rows.
  ///
  /// - Parameters:
  ///   - source: what is encoded.
  ///   - targets: what is reconstructed, unless that is the source.
  ///   - latentCount: d_sae.
  public init(
    _ source: any ActivationSource, targets: (any ActivationSource)? = nil, latentCount: Int
  ) {
    inputDimension = source.width
    outputDimension = targets?.width ?? source.width
    rowWidth = source.width + (targets?.width ?? 0)
    self.latentCount = latentCount
    sourceTokens = source.tokens
  }

  /// Sizes of a run that reconstructs its own input.
  public init(width: Int, latentCount: Int, sourceTokens: Int) {
    (inputDimension, outputDimension, rowWidth) = (width, width, width)
    (self.latentCount, self.sourceTokens) = (latentCount, sourceTokens)
  }
}
