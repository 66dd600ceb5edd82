extension Matrix {
  /// All elements, row after row, without a copy.
  public var elements: Span<Float> {
    @_lifetime(borrow self)
    get {
      let span = unsafe Span(_unsafeStart: UnsafePointer(storage.base), count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// All elements for changing, row after row.
  public var mutableElements: MutableSpan<Float> {
    @_lifetime(&self)
    mutating get {
      let base = unsafe uniqueBase()
      let span = unsafe MutableSpan(_unsafeStart: base, count: count)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// One row, without a copy.
  @_lifetime(borrow self)
  public func row(_ row: Int) -> Span<Float> {
    precondition(row >= 0 && row < rows, "row \(row) lies outside a matrix of \(shape)")
    let span = unsafe Span(
      _unsafeStart: UnsafePointer(storage.base + row * columns), count: columns)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// One row for changing.
  @_lifetime(&self)
  public mutating func mutableRow(_ row: Int) -> MutableSpan<Float> {
    precondition(row >= 0 && row < rows, "row \(row) lies outside a matrix of \(shape)")
    let base = unsafe uniqueBase()
    let span = unsafe MutableSpan(_unsafeStart: base + row * columns, count: columns)
    return unsafe _overrideLifetime(span, mutating: &self)
  }

  package func withUnsafeElements<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try unsafe body(UnsafeBufferPointer(start: storage.base, count: count))
  }

  package mutating func withUnsafeMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try unsafe body(UnsafeMutableBufferPointer(start: storage.base, count: count))
  }
}
