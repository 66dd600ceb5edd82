/// Sums in double over rows of floats, for statistics of many tokens.
///
/// No fused multiply-add and a fixed number of partial sums: every instruction set gives the same
/// bits. The vector unit only tells the copies of the code apart.
public enum StatisticsLoops<Unit: VectorUnit> {
  @usableFromInline static var lanes: Int { 8 }

  @inlinable @inline(__always)
  static func widened(_ x: UnsafePointer<Float>, _ offset: Int) -> SIMD8<Double> {
    SIMD8<Double>(x.vector(offset, as: SIMD8<Float>.self))
  }

  @inlinable @inline(__always)
  static func add(_ term: SIMD8<Double>, to sums: UnsafeMutablePointer<Double>) {
    let address = UnsafeMutableRawPointer(sums)
    let sum = address.loadUnaligned(as: SIMD8<Double>.self) + term
    address.storeBytes(of: sum, as: SIMD8<Double>.self)
  }

  @inlinable @inline(__always)
  static func vector(_ x: UnsafeMutablePointer<Double>) -> SIMD8<Double> {
    UnsafeRawPointer(x).loadUnaligned(as: SIMD8<Double>.self)
  }

  /// Adds tokens to the shifted sums of `width` dimensions, one token after another.
  ///
  /// With x the activations, y the reconstruction and r = x − y, `moments` holds seven rows of
  /// doubles, `stride` apart: the shifts K of x and L of r, then Σ(x − K), Σ(x − K)², Σ(r − L),
  /// Σ(r − L)² and Σr². `tokens` lists rows of x and y, which lie `rowStride` floats apart; all
  /// pointers are at the first of the dimensions.
  @inlinable @inline(__always)
  public static func addErrorMoments(
    _ count: Int, _ tokens: UnsafePointer<UInt32>, _ x: UnsafePointer<Float>,
    _ y: UnsafePointer<Float>, rowStride: Int, width: Int,
    _ moments: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let whole = width - width % lanes
    for t in 0..<count {
      let a = x + Int(tokens[t]) * rowStride
      let b = y + Int(tokens[t]) * rowStride
      var j = 0
      while j < whole {
        let m = moments + j
        let value = widened(a, j)
        let residual = value - widened(b, j)
        let shifted = value - vector(m)
        let shiftedResidual = residual - vector(m + stride)
        add(shifted, to: m + 2 * stride)
        add(shifted * shifted, to: m + 3 * stride)
        add(shiftedResidual, to: m + 4 * stride)
        add(shiftedResidual * shiftedResidual, to: m + 5 * stride)
        add(residual * residual, to: m + 6 * stride)
        j += lanes
      }
      while j < width {
        let m = moments + j
        let residual = Double(a[j]) - Double(b[j])
        let shifted = Double(a[j]) - m[0]
        let shiftedResidual = residual - m[stride]
        m[2 * stride] += shifted
        m[3 * stride] += shifted * shifted
        m[4 * stride] += shiftedResidual
        m[5 * stride] += shiftedResidual * shiftedResidual
        m[6 * stride] += residual * residual
        j += 1
      }
    }
  }

  /// Σx², Σy², Σxy and Σ(x − y)² of two rows, in this order.
  @inlinable @inline(__always)
  public static func rowProducts(
    _ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Double>
  ) {
    var xx = SIMD8<Double>.zero
    var yy = SIMD8<Double>.zero
    var xy = SIMD8<Double>.zero
    var rr = SIMD8<Double>.zero
    let whole = n - n % lanes
    var j = 0
    while j < whole {
      let a = widened(x, j)
      let b = widened(y, j)
      let r = a - b
      xx += a * a
      yy += b * b
      xy += a * b
      rr += r * r
      j += lanes
    }
    var sums = (laneSum(xx), laneSum(yy), laneSum(xy), laneSum(rr))
    while j < n {
      let a = Double(x[j])
      let b = Double(y[j])
      sums.0 += a * a
      sums.1 += b * b
      sums.2 += a * b
      sums.3 += (a - b) * (a - b)
      j += 1
    }
    (out[0], out[1], out[2], out[3]) = sums
  }

  @inlinable @inline(__always)
  static func laneSum(_ v: SIMD8<Double>) -> Double {
    let four = v.lowHalf + v.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }
}
