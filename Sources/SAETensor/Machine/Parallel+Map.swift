extension Parallel {
  /// What `body` returns for each index below `count`, made by several threads.
  package static func map<Element: Sendable>(
    _ count: Int, _ body: @Sendable (_ index: Int) -> Element
  ) -> [Element] {
    unsafe [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      let target = unsafe SharedPointer(base)
      forEach(count) { index, _ in unsafe (target.base + index).initialize(to: body(index)) }
      initialized = count
    }
  }
}
