extension ActivationSource {
  /// The rows without NaN or infinity, in ranges; reads all rows once.
  ///
  /// - Parameter progress: called with the rows that were read.
  /// - Throws: what keeps rows from being read, and what `progress` throws.
  public func finiteRows(progress: (_ rows: Int) throws -> Void = { _ in }) throws -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    func add(_ rows: Range<Int>) {
      if let last = ranges.last, last.upperBound == rows.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<rows.upperBound
      } else {
        ranges.append(rows)
      }
    }
    for block in blocks.joined(upTo: 4096) {
      let matrix = try matrix(rows: block)
      if matrix.isFinite() {
        add(block)
      } else {
        for row in 0..<block.count where matrix.isFinite(rows: row..<row + 1) {
          add(block.lowerBound + row..<block.lowerBound + row + 1)
        }
      }
      release(block)
      try progress(block.upperBound)
    }
    return ranges
  }

  /// Throws if a row has NaN or infinity; reads all rows once.
  ///
  /// - Parameter progress: called with the rows that were read.
  /// - Throws: ``FileError`` with the first such number, what keeps rows from being read, and what
  ///   `progress` throws.
  public func checkFinite(progress: (_ rows: Int) throws -> Void = { _ in }) throws {
    for block in blocks.joined(upTo: 4096) {
      _ = try finiteMatrix(rows: block)
      release(block)
      try progress(block.upperBound)
    }
  }
}
