import SAECore

/// A matrix of weights and a bias for each of its outputs.
struct LinearMap: Sendable {
  let weight: WeightMatrix
  /// nil: none.
  let bias: [Float]?

  func callAsFunction(_ a: MatrixView) -> Matrix {
    var result = weight.product(a)
    if let bias { result.addToRows(bias) }
    return result
  }
}

/// The weights of a norm.
struct NormWeights: Sendable {
  let kind: Normalization
  /// What a normalized row is multiplied by, 1 added where the kind says so.
  let weight: [Float]
  /// Of layer norms; zeros otherwise.
  let bias: [Float]

  /// Rows, normalized.
  func callAsFunction(_ rows: MatrixView) -> Matrix { normalized(rows, weight, bias) }

  /// Rows, normalized without the bias.
  func withoutBias(_ rows: MatrixView) -> Matrix {
    normalized(rows, weight, [Float](repeating: 0, count: weight.count))
  }

  /// Rows, normalized without weight and bias.
  func withoutWeight(_ rows: MatrixView) -> Matrix {
    normalized(
      rows, [Float](repeating: 1, count: weight.count), [Float](repeating: 0, count: weight.count))
  }

  /// Rows that are normalized already, with weight and bias.
  func weighting(_ rows: Matrix) -> Matrix {
    Matrix(rows: rows.rows, columns: rows.columns) { rows[$0, $1] * weight[$1] + bias[$1] }
  }

  /// Adds normalized rows to others.
  func add(_ rows: MatrixView, to stream: inout Matrix) {
    guard kind.kind != .layerNorm else {
      stream.add(self(rows))
      return
    }
    stream.addRMSNorm(of: rows, weight: weight, epsilon: Float(kind.epsilon))
  }

  private func normalized(_ rows: MatrixView, _ weight: [Float], _ bias: [Float]) -> Matrix {
    var result = Matrix(uninitialized: rows.rows, rows.columns) { _ in }
    switch kind.kind {
    case .layerNorm:
      result.setLayerNorm(of: rows, weight: weight, bias: bias, epsilon: Float(kind.epsilon))
    case .rootMeanSquare, .shiftedRootMeanSquare:
      result.setRMSNorm(of: rows, weight: weight, epsilon: Float(kind.epsilon))
    }
    return result
  }
}

/// The weights of one layer.
struct LayerWeights: Sendable {
  let attentionNorm: NormWeights
  /// Queries of all heads, then keys, then values.
  let heads: LinearMap
  /// What each head's query and key are normalized with; nil: they are not.
  let queryNorm: [Float]?
  let keyNorm: [Float]?
  let attentionOutput: LinearMap
  /// nil: what attention adds to the stream is not normalized.
  let attentionOutputNorm: NormWeights?
  let feedForwardNorm: NormWeights
  /// Gate, where there is one, and up.
  let feedForwardInput: LinearMap
  let feedForwardOutput: LinearMap
  let feedForwardOutputNorm: NormWeights?
}
