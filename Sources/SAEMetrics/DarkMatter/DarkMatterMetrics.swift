public import SAECore

/// How much of an SAE's error e = x − x̂ a linear function of the activations predicts, on tokens
/// that the function was not fitted on.
///
/// More or better latents could have explained the predictable part; the rest is "dark matter".
///
/// Source: Engels, Riggs and Tegmark 2024, arXiv 2410.14670, section 3.
public struct DarkMatterMetrics: Metric {
  /// The linear map from activations to errors that is judged.
  public let prediction: LinearErrorPrediction
  private var moments: ErrorMoments
  private var nonFiniteTokens = 0
  /// Σ(e − ê)² of each dimension.
  private var unexplained: [Double]
  /// ‖e‖² relative to that of the first token: Σ and Σ of squares.
  private var squaredNorms = ShiftedSum()
  private var unexplainedSquaredNorm = 0.0

  /// Judges `prediction`, fitted on other tokens than those to come.
  public init(prediction: LinearErrorPrediction) {
    self.prediction = prediction
    moments = ErrorMoments(width: prediction.width)
    unexplained = [Double](repeating: 0, count: prediction.width)
  }

  /// Adds the counted tokens of a batch, none of which the prediction was fitted on.
  ///
  /// - Parameter batch: with activations and reconstruction of the prediction's width.
  /// - Throws: `ShapeError` if a width differs.
  public mutating func update(_ batch: EncodedBatch) throws(ShapeError) {
    try batch.check(width: prediction.width)
    add(batch)
  }

  /// Adds the counted tokens of a batch that fits.
  ///
  /// - Returns: ‖e − ê‖² of each.
  @discardableResult
  mutating func add(_ batch: EncodedBatch) -> [Double] {
    let (activations, reconstruction, rows) = (batch.activations, batch.reconstruction, batch.rows)
    let width = prediction.width
    moments.add(activations, reconstruction, rows: rows)
    var rests: [Double] = []
    rests.reserveCapacity(rows.count)
    for begin in stride(from: 0, to: rows.count, by: 256) {
      let block = rows[begin..<min(begin + 256, rows.count)]
      let predicted = prediction.predict(activations, block)
      for (index, row) in block.enumerated() {
        let (x, y) = (activations.row(Int(row)), reconstruction.row(Int(row)))
        var square = 0.0
        var restSquare = 0.0
        for column in 0..<width {
          let error = Double(x[column]) - Double(y[column])
          let rest = error - predicted[index, column]
          square += error * error
          restSquare += rest * rest
          unexplained[column] += rest * rest
        }
        rests.append(restSquare)
        if !square.isFinite { nonFiniteTokens += 1 }
        squaredNorms.add(square)
        let rest = square - predicted[index, width]
        unexplainedSquaredNorm += rest * rest
      }
    }
    return rests
  }

  /// Adds what another accumulator with the same prediction has counted.
  ///
  /// - Throws: `ShapeError` if its width is another.
  public mutating func merge(_ other: DarkMatterMetrics) throws(ShapeError) {
    try ShapeError.check(
      "merged dark matter", "columns", expected: prediction.width, found: other.prediction.width)
    moments.merge(other.moments)
    for column in unexplained.indices { unexplained[column] += other.unexplained[column] }
    squaredNorms.merge(other.squaredNorms)
    unexplainedSquaredNorm += other.unexplainedSquaredNorm
    nonFiniteTokens += other.nonFiniteTokens
  }

  /// The split of the error on the held-out tokens. Undefined values have nothing to divide by.
  public struct Value: Sendable, Equatable, Codable {
    /// Tokens the linear map was fitted on.
    public var trainingTokens: Int
    /// Held-out tokens, on which everything below is measured.
    public var tokens: Int
    /// Held-out tokens with a NaN or infinity: all values are then NaN.
    public var nonFiniteTokens: Int
    /// 1 − Σ(‖e‖² − prediction)² / Σ(‖e‖² − mean)².
    public var errorNormRSquared: Double?
    /// R² of the error vector: mean over the dimensions with variance of 1 − Σ(e − ê)² / Σ(e − ē)².
    /// What Engels et al. print.
    public var errorRSquared: Double?
    /// 1 − Σ‖e − ê‖² / Σ‖e − ē‖².
    public var pooledErrorRSquared: Double?
    /// FVU: Σ‖e‖² / Σ‖x − x̄‖².
    public var fractionOfVarianceUnexplained: Double?
    /// Σ‖e − ê‖² / Σ‖x − x̄‖².
    public var nonlinearFractionOfVarianceUnexplained: Double?
    /// The difference of the two.
    public var linearFractionOfVarianceUnexplained: Double?
    /// What of the FVU is linear.
    public var linearShare: Double?
  }

  /// The metrics of all held-out tokens so far.
  public var value: Value {
    var value = Value(
      trainingTokens: prediction.trainingTokens, tokens: moments.count,
      nonFiniteTokens: nonFiniteTokens)
    guard moments.count > 0 else { return value }
    let poison = nonFiniteTokens > 0 ? Double.nan : 0
    let columns = 0..<prediction.width
    func total(_ term: (Int) -> Double) -> Double { columns.reduce(poison) { $0 + term($1) } }
    let rest = total { unexplained[$0] }
    let error = total(moments.squaredResidual)
    let variance = total(moments.squaredDeviation)
    value.errorNormRSquared = ratio(
      unexplainedSquaredNorm + poison, squaredNorms.squaredDeviation + poison
    ).map { 1 - $0 }
    let varying = columns.filter { moments.squaredResidualDeviation($0) != 0 }
    value.errorRSquared = ratio(
      varying.reduce(poison) {
        $0 + 1 - unexplained[$1] / moments.squaredResidualDeviation($1)
      }, Double(varying.count))
    value.pooledErrorRSquared = ratio(rest, total(moments.squaredResidualDeviation)).map {
      1 - $0
    }
    value.fractionOfVarianceUnexplained = ratio(error, variance)
    value.nonlinearFractionOfVarianceUnexplained = ratio(rest, variance)
    value.linearFractionOfVarianceUnexplained = ratio(error - rest, variance)
    value.linearShare = ratio(error - rest, error)
    return value
  }
}
