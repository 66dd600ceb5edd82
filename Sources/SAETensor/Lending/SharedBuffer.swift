/// Elements that threads share, each working on its own.
final class SharedBuffer<Element>: Sendable {
  let elements: MutableLent<Element>

  /// `count` elements, each what the closure returns for its place.
  convenience init(count: Int, _ element: (_ index: Int) -> Element) {
    self.init(allocating: count)
    for index in 0..<count { unsafe (elements.base + index).initialize(to: element(index)) }
  }

  private init(allocating count: Int) {
    elements = unsafe MutableLent(.allocate(capacity: max(1, count)), count: count)
  }

  deinit {
    unsafe elements.base.deinitialize(count: elements.count)
    unsafe elements.base.deallocate()
  }
}

extension SharedBuffer where Element: BitwiseCopyable {
  /// Room for `count` elements with arbitrary contents.
  convenience init(uninitialized count: Int) {
    self.init(allocating: count)
  }
}
