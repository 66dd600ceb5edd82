/// Elements that their owner lends for the length of a call, for any number of threads to read.
///
/// A loan, which a ``Lender`` makes, ends with the closure that it was given to. Bounds are checked where
/// assertions are; sizes are to be checked before elements are lent.
@safe
package struct Lent<Element>: @unchecked Sendable {
  // Sendable because nobody writes the elements while they are lent.
  let base: UnsafePointer<Element>
  package let count: Int

  @_transparent
  init(_ base: UnsafePointer<Element>, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @inline(__always)
  init(_ buffer: UnsafeBufferPointer<Element>) {
    unsafe self.init(buffer.baseAddress ?? UnsafePointer(MutableLent.nowhere), count: buffer.count)
  }

  // Transparent, as loops over elements are hot in debug builds, too.
  package subscript(index: Int) -> Element {
    @_transparent unsafeAddress {
      assert(index >= 0 && index < count)
      return unsafe base + index
    }
  }

  /// Some of the elements.
  package subscript(range: Range<Int>) -> Lent {
    @_transparent get {
      assert(range.lowerBound >= 0 && range.upperBound <= count)
      return unsafe Lent(base + range.lowerBound, count: range.count)
    }
  }

  /// The elements from a place on.
  @_transparent
  func from(_ start: Int) -> Lent { self[start..<count] }
}

extension Lent where Element: BitwiseCopyable {
  /// Lends the memory of the elements as that of others of the same size.
  @inline(__always)
  func rebound<Other: BitwiseCopyable, Result>(
    to _: Other.Type, _ body: (Lent<Other>) -> Result
  ) -> Result {
    precondition(MemoryLayout<Other>.size == MemoryLayout<Element>.size)
    return unsafe base.withMemoryRebound(to: Other.self, capacity: count) {
      unsafe body(Lent<Other>($0, count: count))
    }
  }
}

extension Array {
  /// Appends lent elements.
  mutating func append(_ elements: Lent<Element>) {
    unsafe append(contentsOf: UnsafeBufferPointer(start: elements.base, count: elements.count))
  }
}
