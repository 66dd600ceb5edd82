extension RawSpan {
  /// The whole number at a byte offset, aligned or not.
  ///
  /// - Precondition: it lies inside the span.
  func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, at offset: Int
  ) -> Value {
    precondition(
      offset >= 0 && offset <= byteCount - MemoryLayout<Value>.size, "offset \(offset) is outside")
    return Value(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type))
  }

  /// The first place of a byte in a range; nil if it is not there.
  ///
  /// - Precondition: the range lies inside the span.
  package func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
    let found = unsafe extracting(range).withUnsafeBytes { unsafe $0.firstIndex(of: byte) }
    return found.map { $0 + range.lowerBound }
  }

  /// A copy of a range of bytes.
  ///
  /// - Precondition: it lies inside the span.
  package func array(_ range: Range<Int>) -> [UInt8] {
    unsafe extracting(range).withUnsafeBytes { unsafe Array($0) }
  }
}

extension Span where Element: BitwiseCopyable & Numeric {
  /// The elements as they lie in memory: plain numbers, without padding between them.
  var storedBytes: RawSpan {
    @_lifetime(copy self)
    get { unsafe bytes }
  }
}
