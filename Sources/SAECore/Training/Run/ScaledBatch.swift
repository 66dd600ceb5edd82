/// What a step is trained on.
struct ScaledBatch: Sendable {
  /// tokens × input width
  let activations: Matrix
  /// tokens × target width, where the target is not the input.
  let target: Matrix?
  /// ``ScaledActivations/errorWeights``, where each token has a scale of its own.
  var errorWeights: [Float]?
}

extension Trainer {
  /// Trains on a batch of a run with the given options.
  mutating func train(
    on batch: ScaledBatch, _ options: TrainingOptions
  ) throws(TrainingError) -> StepReport {
    try train(
      on: batch.activations, target: batch.target,
      errorWeights: options.data.takesLossInOriginalUnits ? batch.errorWeights : nil)
  }
}

extension ScaledBatch {
  /// A token of zeros, in a source's widths.
  ///
  /// - Throws: ``OptionError`` if the source has more columns of targets than columns.
  init(zerosLike source: any ActivationSource) throws(OptionError) {
    try source.checkWidths()
    activations = Matrix(rows: 1, columns: source.inputWidth)
    target = source.hasTargets ? Matrix(rows: 1, columns: source.targetWidth) : nil
  }
}

extension ActivationSource {
  /// Whether a transcoder's targets stand behind the activations.
  var hasTargets: Bool { targetWidth > 0 }

  /// Columns that are no targets.
  var inputWidth: Int { width - targetWidth }

  /// Rows of this source as inputs and targets.
  func split(_ rows: Matrix) -> (inputs: Matrix, targets: Matrix) {
    let all = 0..<rows.rows
    return (
      Matrix(rows[rows: all, columns: 0..<inputWidth]),
      Matrix(rows[rows: all, columns: inputWidth..<width])
    )
  }

  /// Throws unless targets leave a column for the inputs.
  func checkWidths() throws(OptionError) {
    guard targetWidth == 0 || (1..<max(1, width)).contains(targetWidth) else {
      throw OptionError(
        "targetWidth", expected: "fewer than all \(width) columns", found: "\(targetWidth)")
    }
  }
}
