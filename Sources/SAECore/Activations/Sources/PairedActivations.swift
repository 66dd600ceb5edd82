/// Activations and what becomes of them, such as a layer's inputs and outputs: what a ``Transcoder`` is
/// trained on.
///
///     let pairs = try PairedActivations(inputs: before, targets: after)
///     var run = try TrainingRun<Transcoder>(
///       TranscoderConfiguration(k: 32), latentCount: 4096, on: pairs, options: options)
///
/// Row i is row i of the inputs and, behind it, row i of the targets: one order of rows serves both.
///
/// A ``TrainingRun`` or ``TrainingSweep`` splits them again, and multiplies each by a factor of its own,
/// as ``TrainingOptions/Data/normalization`` asks; ``Transcoder/foldingScale(_:targetScale:)`` folds both.
/// Refused are normalizations of more than a factor, variants that reconstruct their input, and
/// ``TrainingOptions/Beginning/weights``, ``TrainingOptions/Beginning/calibratesEncoder`` and
/// ``TrainingOptions/Revival/resampling``, which take the target for the input.
public struct PairedActivations: ActivationSource {
  /// What the transcoder sees.
  public let inputs: any ActivationSource
  /// What it is to make of it.
  public let targets: any ActivationSource

  public var width: Int { inputs.width + targets.width }
  public var tokens: Int { inputs.tokens }
  public var targetWidth: Int { targets.width }
  /// Those of the source with the larger blocks.
  public var blocks: RowBlocks {
    let (inputs, targets) = (inputs.blocks, targets.blocks)
    return inputs.largest >= targets.largest ? inputs : targets
  }

  /// Pairs the rows of two sources, which may be of different widths.
  ///
  /// - Parameters:
  ///   - inputs: what the transcoder sees.
  ///   - targets: of the same tokens in the same order, what it is to make of it.
  /// - Throws: ``ShapeError`` if one has more rows than the other, no columns, or targets of its own.
  public init(
    inputs: any ActivationSource, targets: any ActivationSource
  ) throws(ShapeError) {
    try ShapeError.check("targets", "rows", expected: inputs.tokens, found: targets.tokens)
    for (name, source) in [("inputs", inputs), ("targets", targets)] {
      guard source.width > 0 else {
        throw ShapeError(name, "columns or more", expected: 1, found: source.width)
      }
      try ShapeError.check(name, "columns of targets", expected: 0, found: source.targetWidth)
    }
    self.inputs = inputs
    self.targets = targets
  }

  public func read(_ rows: Range<Int>, into matrix: inout Matrix, at row: Int) throws {
    try read([rows], into: &matrix, at: row)
  }

  public func matrix(rows ranges: [Range<Int>]) throws -> Matrix {
    var matrix = Matrix(rows: ranges.reduce(0) { $0 + $1.count }, columns: width)
    try read(ranges, into: &matrix, at: 0)
    return matrix
  }

  private func read(_ ranges: [Range<Int>], into matrix: inout Matrix, at row: Int) throws {
    matrix.copy(try inputs.matrix(rows: ranges), toRow: row, column: 0)
    matrix.copy(try targets.matrix(rows: ranges), toRow: row, column: inputs.width)
  }

  public func prepare(_ ranges: [Range<Int>]) {
    inputs.prepare(ranges)
    targets.prepare(ranges)
  }

  public func release(_ rows: Range<Int>) {
    inputs.release(rows)
    targets.release(rows)
  }

  public func place(ofRow row: Int, column: Int) -> ElementPlace {
    let isInput = column < inputs.width
    let place =
      isInput
      ? inputs.place(ofRow: row, column: column)
      : targets.place(ofRow: row, column: column - inputs.width)
    return ElementPlace(
      place.subject ?? (isInput ? "inputs" : "targets"), row: place.row, column: place.column)
  }
}
