extension Matrix {
  /// All elements, row after row, without a copy.
  public var elements: Span<Float> {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(
        Span(_unsafeStart: storage.elements.base, count: count), borrowing: self)
    }
  }

  /// All elements for changing, row after row.
  public var mutableElements: MutableSpan<Float> {
    @_lifetime(&self)
    mutating get {
      let elements = uniqueElements()
      let span = unsafe MutableSpan(_unsafeStart: elements.base, count: count)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// One row, without a copy.
  @_lifetime(borrow self)
  public func row(_ row: Int) -> Span<Float> {
    precondition(row >= 0 && row < rows, "row \(row) lies outside a matrix of \(shape)")
    return unsafe _overrideLifetime(
      Span(_unsafeStart: storage.elements.base + row * columns, count: columns), borrowing: self)
  }

  /// One row for changing.
  @_lifetime(&self)
  public mutating func mutableRow(_ row: Int) -> MutableSpan<Float> {
    precondition(row >= 0 && row < rows, "row \(row) lies outside a matrix of \(shape)")
    let elements = uniqueElements()
    let span = unsafe MutableSpan(_unsafeStart: elements.base + row * columns, count: columns)
    return unsafe _overrideLifetime(span, mutating: &self)
  }

  /// Lends each row for changing, to several threads at a time.
  package mutating func fillRows(
    _ fill: @Sendable (_ row: Int, _ values: inout MutableSpan<Float>) -> Void
  ) {
    lendMutable { rows in
      rows.forEach(least: 16) { row, elements in elements.withSpan { fill(row, &$0) } }
    }
  }
}
