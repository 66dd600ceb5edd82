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
    return unsafe Matrix(uninitialized: rows, columns) { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe buffer.update(repeating: 0)
      let target = unsafe SharedPointer(base)
      Parallel.forRanges(generators.count, grain: 1) { range, _ in
        for index in range {
          var generator = generators[index]
          for row in index * block..<min((index + 1) * block, rows) {
            var span = unsafe MutableSpan(
              _unsafeStart: target.base + row * columns, count: columns)
            draw(&span, &generator)
          }
        }
      }
    }
  }
}
