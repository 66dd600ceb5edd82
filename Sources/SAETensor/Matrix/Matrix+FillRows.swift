extension Matrix {
  /// Lends each row for changing, to several threads at a time.
  package mutating func fillRows(
    _ fill: @Sendable (_ row: Int, _ values: inout MutableSpan<Float>) -> Void
  ) {
    let (rows, columns) = (rows, columns)
    unsafe withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress, columns > 0 else { return }
      let target = unsafe SharedPointer(base)
      Parallel.forRanges(rows, grain: Parallel.grain(rows, least: 16)) { range, _ in
        for row in range {
          var span = unsafe MutableSpan(
            _unsafeStart: target.base + row * columns, count: columns)
          fill(row, &span)
        }
      }
    }
  }
}
