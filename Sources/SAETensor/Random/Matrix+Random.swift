extension Matrix {
  /// A matrix whose rows `draw` fills with random numbers, the same for any number of threads.
  ///
  /// The generator is split for every 64 rows.
  package static func random(
    rows: Int, columns: Int, using generator: inout RandomGenerator,
    _ draw: @Sendable (_ row: inout MutableSpan<Float>, _ generator: inout RandomGenerator) -> Void
  ) -> Matrix {
    let block = 64
    let generators = (0..<(rows + block - 1) / block).map { _ in generator.split() }
    return Matrix(uninitialized: rows, columns) { matrix in
      matrix.elements.fill(0)
      Parallel.forEach(generators.count) { index in
        var generator = generators[index]
        for row in index * block..<min((index + 1) * block, rows) {
          matrix.row(row).withSpan { draw(&$0, &generator) }
        }
      }
    }
  }
}
