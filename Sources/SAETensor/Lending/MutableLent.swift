/// Elements that their owner lends for the length of a call, for threads to write: each its own part.
///
/// As for ``Lent``, a loan ends with the closure that it was given to.
@safe
package struct MutableLent<Element>: @unchecked Sendable {
  // Sendable because no two threads touch the same element, of which one writes it.
  let base: UnsafeMutablePointer<Element>
  package let count: Int

  @_transparent
  init(_ base: UnsafeMutablePointer<Element>, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @inline(__always)
  init(_ buffer: UnsafeMutableBufferPointer<Element>) {
    unsafe self.init(buffer.baseAddress ?? MutableLent.nowhere, count: buffer.count)
  }

  /// Where no elements are.
  static var nowhere: UnsafeMutablePointer<Element> {
    // An alignment is never 0.
    unsafe UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment).unsafelyUnwrapped
  }

  // Transparent, as loops over elements are hot in debug builds, too.
  package subscript(index: Int) -> Element {
    @_transparent unsafeAddress {
      assert(index >= 0 && index < count)
      return unsafe UnsafePointer(base + index)
    }
    @_transparent nonmutating unsafeMutableAddress {
      assert(index >= 0 && index < count)
      return unsafe base + index
    }
  }

  /// Some of the elements.
  package subscript(range: Range<Int>) -> MutableLent {
    @_transparent get {
      assert(range.lowerBound >= 0 && range.upperBound <= count)
      return unsafe MutableLent(base + range.lowerBound, count: range.count)
    }
  }

  /// The elements from a place on.
  @_transparent
  func from(_ start: Int) -> MutableLent { self[start..<count] }

  /// The elements as rows of a width, one after another.
  @inline(__always)
  func rows(of width: Int) -> MutableLentRows<Element> {
    MutableLentRows(self, count: width == 0 ? 0 : count / width, width: width)
  }

  /// The elements for reading.
  var reading: Lent<Element> {
    @_transparent get { unsafe Lent(base, count: count) }
  }
}

extension MutableLent where Element: BitwiseCopyable {
  /// Overwrites the first elements by others.
  @inline(__always)
  func copy(_ elements: Lent<Element>) {
    assert(elements.count <= count, "no room for \(elements.count) elements in \(count)")
    unsafe base.update(from: elements.base, count: elements.count)
  }

  /// Overwrites all elements by one value.
  @inline(__always)
  func fill(_ value: Element) { unsafe base.update(repeating: value, count: count) }

  /// Lends the memory of the elements as that of others of the same size.
  @inline(__always)
  func rebound<Other: BitwiseCopyable, Result>(
    to _: Other.Type, _ body: (MutableLent<Other>) -> Result
  ) -> Result {
    precondition(MemoryLayout<Other>.size == MemoryLayout<Element>.size)
    return unsafe base.withMemoryRebound(to: Other.self, capacity: count) {
      unsafe body(MutableLent<Other>($0, count: count))
    }
  }

  /// Lends the elements as a span.
  @inline(__always)
  package func withSpan<Result>(_ body: (inout MutableSpan<Element>) -> Result) -> Result {
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    return body(&span)
  }
}
