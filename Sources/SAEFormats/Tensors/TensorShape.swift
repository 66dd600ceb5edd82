/// Arithmetic on dimensions that a file declares.
package enum TensorShape {
  /// "4096 × 768", or "a scalar".
  package static func describe(_ shape: [Int]) -> String {
    shape.isEmpty ? "a scalar" : shape.map(String.init).joined(separator: " × ")
  }

  /// The number of bytes, or nil where it, or the number of elements, does not fit an `Int`.
  package static func byteCount(_ shape: [Int], _ type: ElementType) -> Int? {
    var count = 1
    for factor in shape + [type.size] {
      let (product, overflow) = count.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      count = product
    }
    return count
  }
}
