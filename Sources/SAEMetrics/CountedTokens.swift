import SAECore

/// Rows of a batch that a mask counts; masked tokens are skipped, whatever they hold.
enum CountedTokens {
  /// The rows with `true`, all if there is no mask.
  ///
  /// - Throws: ``ShapeError`` if the mask has another length.
  static func rows(_ count: Int, mask: [Bool]?) throws(ShapeError) -> [UInt32] {
    guard let mask else { return (0..<UInt32(count)).map { $0 } }
    try check("mask", "tokens", expected: count, found: mask.count)
    return mask.indices.filter { mask[$0] }.map { UInt32($0) }
  }

  /// Throws unless two sizes agree.
  static func check(
    _ subject: String, _ dimension: String, expected: Int, found: Int
  ) throws(ShapeError) {
    guard expected == found else {
      throw ShapeError(subject, dimension, expected: expected, found: found)
    }
  }
}

/// a / b, undefined where b is 0; a NaN stays one.
func ratio(_ a: Double, _ b: Double) -> Double? { b == 0 ? nil : a / b }
