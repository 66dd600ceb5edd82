import SAECore

/// Rows of a batch that a mask counts; masked tokens are skipped, whatever they hold.
enum CountedTokens {
  /// The rows with `true`, all if there is no mask.
  ///
  /// - Throws: `ShapeError` if the mask has another length.
  static func rows(_ count: Int, mask: [Bool]?) throws(ShapeError) -> [UInt32] {
    guard let mask else { return (0..<UInt32(count)).map { $0 } }
    try check("mask", "tokens", expected: count, found: mask.count)
    return mask.indices.filter { mask[$0] }.map { UInt32($0) }
  }

  /// Throws unless activations and reconstruction are of the same tokens and of a width.
  static func check(
    _ activations: Matrix, _ reconstruction: Matrix, width: Int
  ) throws(ShapeError) {
    try check("activations", "columns", expected: width, found: activations.columns)
    try check("reconstruction", "columns", expected: width, found: reconstruction.columns)
    try check("reconstruction", "rows", expected: activations.rows, found: reconstruction.rows)
  }

  /// Throws where the number of a context is less than that of the token before.
  ///
  /// - Parameter last: the context of the token before the first.
  static func checkAscending(_ contexts: [Int], after last: Int?) throws(ShapeError) {
    var last = last
    for context in contexts {
      if let last, context < last {
        throw ShapeError(
          "contexts", "as the least number after a token of that context", expected: last,
          found: context)
      }
      last = context
    }
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
