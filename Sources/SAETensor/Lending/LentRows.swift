/// Lent elements in rows.
package struct LentRows<Element>: Sendable {
  let elements: Lent<Element>
  /// Rows.
  package let count: Int
  /// Elements of a row.
  package let width: Int
  /// Elements from a row to the next.
  let stride: Int

  @_transparent
  init(_ elements: Lent<Element>, count: Int, width: Int, stride: Int) {
    self.elements = elements
    self.count = count
    self.width = width
    self.stride = stride
  }

  /// One row.
  @_transparent
  package func row(_ index: Int) -> Lent<Element> {
    let start = index * stride
    return elements[start..<start + width]
  }

  /// Some of the rows.
  @inline(__always)
  func rows(_ range: Range<Int>) -> LentRows {
    LentRows(
      elements.from(range.lowerBound * stride), count: range.count, width: width, stride: stride)
  }

  /// The same rows from a column on.
  @inline(__always)
  func columns(from start: Int) -> LentRows {
    LentRows(
      elements.from(min(start, elements.count)), count: count, width: width - start,
      stride: stride)
  }
}

/// Lent elements in rows, for threads to write: each its own rows.
package struct MutableLentRows<Element>: Sendable {
  /// All elements, row after row.
  let elements: MutableLent<Element>
  /// Rows.
  package let count: Int
  /// Elements of a row, and from a row to the next.
  package let width: Int

  @_transparent
  init(_ elements: MutableLent<Element>, count: Int, width: Int) {
    self.elements = elements
    self.count = count
    self.width = width
  }

  /// One row.
  @_transparent
  package func row(_ index: Int) -> MutableLent<Element> {
    let start = index * width
    return elements[start..<start + width]
  }

  /// Some rows.
  subscript(rows range: Range<Int>) -> MutableLentRows {
    MutableLentRows(
      elements[range.lowerBound * width..<range.upperBound * width], count: range.count,
      width: width)
  }

  /// Calls `body` with every row, on all threads, each taking at least `least` rows at a time.
  @inline(__always)
  package func forEach(
    least: Int, _ body: @Sendable (_ row: Int, _ elements: MutableLent<Element>) -> Void
  ) {
    guard width > 0 else { return }
    Parallel.forEach(count, least: least) { body($0, row($0)) }
  }
}
