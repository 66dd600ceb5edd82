import SAECore

/// The keys and values of the positions of one sequence that a model has run, so that the next tokens run
/// without those before.
struct KeyValueCache: Sendable {
  /// Positions that were run.
  private(set) var count = 0
  /// Positions × keys and values of all heads, for each layer.
  private(set) var layers: [Matrix]

  /// Room for so many positions.
  init(_ model: LanguageModel, positions: Int) {
    layers = model.architecture.layers.prefix(model.loadedLayers).map {
      Matrix(rows: positions, columns: $0.attention.kernel.keyValueColumns)
    }
  }

  /// Writes the keys and values of the next positions in a layer.
  ///
  /// - Parameter heads: a row for each position: queries, keys and values.
  mutating func set(_ heads: Matrix, in layer: Int) {
    let columns = layers[layer].columns
    layers[layer].copy(
      Matrix(heads[rows: 0..<heads.rows, columns: heads.columns - columns..<heads.columns]),
      toRow: count, column: 0)
  }

  /// Counts positions of which all layers have run.
  mutating func advance(by positions: Int) { count += positions }
}
