/// What lends elements for the length of a call.
package protocol Lender {
  /// The lent elements.
  associatedtype Loan

  /// Calls `body` with the elements, which nobody changes meanwhile.
  func lend<Result>(_ body: (Loan) throws -> Result) rethrows -> Result
}

extension Array: Lender {
  @inline(__always)
  package func lend<Result>(_ body: (Lent<Element>) throws -> Result) rethrows -> Result {
    try unsafe withUnsafeBufferPointer { try unsafe body(Lent($0)) }
  }

  /// Calls `body` with the elements for writing.
  @inline(__always)
  package mutating func lendMutable<Result>(
    _ body: (MutableLent<Element>) throws -> Result
  ) rethrows -> Result {
    try unsafe withUnsafeMutableBufferPointer { try unsafe body(MutableLent($0)) }
  }
}

extension Array where Element: BitwiseCopyable {
  /// An array of `count` elements that `fill` writes, all of them.
  package init(filling count: Int, _ fill: (MutableLent<Element>) -> Void) {
    unsafe self.init(unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe fill(MutableLent(buffer)[0..<count])
      initialized = count
    }
  }
}

extension Matrix: Lender {
  @inline(__always)
  package func lend<Result>(_ body: (LentRows<Float>) throws -> Result) rethrows -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      LentRows(storage.elements.reading, count: rows, width: columns, stride: columns))
  }

  /// Calls `body` with the rows for writing.
  @inline(__always)
  package mutating func lendMutable<Result>(
    _ body: (MutableLentRows<Float>) throws -> Result
  ) rethrows -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    return try body(MutableLentRows(storage.elements, count: rows, width: columns))
  }
}

extension MatrixView: Lender {
  /// - Precondition: the view is not a transposed one, whose rows do not lie in one piece.
  package func lend<Result>(_ body: (LentRows<Float>) throws -> Result) rethrows -> Result {
    precondition(columnStride == 1, "the rows of a transposed view are not contiguous")
    defer { withExtendedLifetime(storage) {} }
    return try body(LentRows(elements, count: rows, width: columns, stride: rowStride))
  }
}

/// Lends elements of two owners.
@inline(__always)
package func lending<A: Lender, B: Lender, Result>(
  _ a: A, _ b: B, _ body: (A.Loan, B.Loan) throws -> Result
) rethrows -> Result {
  try a.lend { a in try b.lend { b in try body(a, b) } }
}

/// Lends elements of three owners.
@inline(__always)
package func lending<A: Lender, B: Lender, C: Lender, Result>(
  _ a: A, _ b: B, _ c: C, _ body: (A.Loan, B.Loan, C.Loan) throws -> Result
) rethrows -> Result {
  try a.lend { a in try lending(b, c) { b, c in try body(a, b, c) } }
}

/// Lends elements of four owners.
@inline(__always)
package func lending<A: Lender, B: Lender, C: Lender, D: Lender, Result>(
  _ a: A, _ b: B, _ c: C, _ d: D, _ body: (A.Loan, B.Loan, C.Loan, D.Loan) throws -> Result
) rethrows -> Result {
  try lending(a, b) { a, b in try lending(c, d) { c, d in try body(a, b, c, d) } }
}
