/// Sums of products in double of floats, of which each product is exact: second moments over many
/// tokens, whose smallest directions float32 would lose beside the largest.
public enum ProductSums<Unit: VectorUnit> {
  /// sums[j] += Σ_t rows[t][0] · rows[t][j] for j below `n`; `count` rows, `rowStride` apart.
  ///
  /// Four rows at a time, so that the sums are loaded and stored a quarter as often; they are added
  /// in the order of the rows all the same.
  @inlinable @inline(__always)
  public static func run(
    _ count: Int, _ rows: UnsafePointer<Float>, rowStride: Int, _ n: Int,
    _ sums: UnsafeMutablePointer<Double>
  ) {
    var t = 0
    while t + 4 <= count {
      let r0 = rows + t * rowStride
      let r1 = r0 + rowStride
      let r2 = r1 + rowStride
      let r3 = r2 + rowStride
      let (f0, f1, f2, f3) = (Double(r0[0]), Double(r1[0]), Double(r2[0]), Double(r3[0]))
      for j in 0..<n {
        var sum = sums[j] + f0 * Double(r0[j])
        sum += f1 * Double(r1[j])
        sum += f2 * Double(r2[j])
        sum += f3 * Double(r3[j])
        sums[j] = sum
      }
      t += 4
    }
    while t < count {
      let row = rows + t * rowStride
      let factor = Double(row[0])
      for j in 0..<n { sums[j] += factor * Double(row[j]) }
      t += 1
    }
  }
}
