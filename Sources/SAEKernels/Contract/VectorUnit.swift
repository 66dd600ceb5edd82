/// A vector of floats whose lanes a kernel may add up or reinterpret as integers.
public protocol FloatVector: SIMD where Scalar == Float {
  associatedtype Integers: SIMD where Integers.Scalar == Int32

  /// The sum of all lanes, added in halves.
  var laneSum: Float { get }
  /// The lanes' bit patterns.
  var bits: Integers { get }
  /// Whether any of the lanes has its highest bit set.
  static func anyNegative(_ bits: Integers) -> Bool
  /// A bit for each lane, the lowest for the first: set where the lane's highest bit is.
  static func signMask(_ bits: Integers) -> UInt32
}

/// The vector of floats that kernels are written for, and the multiply-add that its machine does best.
///
/// Every instruction set has a type of its own, so that the linker can never pick a kernel made for one
/// set for another.
public protocol VectorUnit: SendableMetatype {
  associatedtype Vector: FloatVector

  /// sum + a · b, fused where the instruction set fuses.
  static func multiplyAdd(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector

  /// The same of one lane, for loops that the compiler makes vectors of.
  static func multiplyAdd(_ sum: Float, _ a: Float, _ b: Float) -> Float
}

extension SIMD4: FloatVector where Scalar == Float {
  @inlinable @inline(__always)
  public var laneSum: Float { (self[0] + self[2]) + (self[1] + self[3]) }

  @inlinable @inline(__always)
  public var bits: SIMD4<Int32> { unsafeBitCast(self, to: SIMD4<Int32>.self) }

  @inlinable @inline(__always)
  public static func anyNegative(_ bits: SIMD4<Int32>) -> Bool {
    (bits[0] | bits[1] | bits[2] | bits[3]) < 0
  }

  @inlinable @inline(__always)
  public static func signMask(_ bits: SIMD4<Int32>) -> UInt32 {
    let weighted = (bits &>> 31) & SIMD4<Int32>(1, 2, 4, 8)
    return UInt32(bitPattern: weighted[0] | weighted[1] | weighted[2] | weighted[3])
  }
}

extension SIMD8: FloatVector where Scalar == Float {
  @inlinable @inline(__always)
  public var laneSum: Float { (lowHalf + highHalf).laneSum }

  @inlinable @inline(__always)
  public var bits: SIMD8<Int32> { unsafeBitCast(self, to: SIMD8<Int32>.self) }

  @inlinable @inline(__always)
  public static func anyNegative(_ bits: SIMD8<Int32>) -> Bool {
    SIMD4<Float>.anyNegative(bits.lowHalf | bits.highHalf)
  }

  @inlinable @inline(__always)
  public static func signMask(_ bits: SIMD8<Int32>) -> UInt32 {
    let weighted = (bits &>> 31) & SIMD8<Int32>(1, 2, 4, 8, 16, 32, 64, 128)
    let half = weighted.lowHalf | weighted.highHalf
    return UInt32(bitPattern: half[0] | half[1] | half[2] | half[3])
  }
}

extension SIMD16: FloatVector where Scalar == Float {
  @inlinable @inline(__always)
  public var laneSum: Float { (lowHalf + highHalf).laneSum }

  @inlinable @inline(__always)
  public var bits: SIMD16<Int32> { unsafeBitCast(self, to: SIMD16<Int32>.self) }

  @inlinable @inline(__always)
  public static func anyNegative(_ bits: SIMD16<Int32>) -> Bool {
    SIMD8<Float>.anyNegative(bits.lowHalf | bits.highHalf)
  }

  @inlinable @inline(__always)
  public static func signMask(_ bits: SIMD16<Int32>) -> UInt32 {
    let weights = SIMD16<Int32>(
      1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
    let weighted = (bits &>> 31) & weights
    let half = weighted.lowHalf | weighted.highHalf
    let quarter = half.lowHalf | half.highHalf
    return UInt32(bitPattern: quarter[0] | quarter[1] | quarter[2] | quarter[3])
  }
}

extension UnsafePointer where Pointee == Float {
  /// The vector that begins `offset` floats from here; no alignment is needed.
  @inlinable @inline(__always)
  public func vector<V: SIMD>(_ offset: Int, as _: V.Type = V.self) -> V where V.Scalar == Float {
    UnsafeRawPointer(self + offset).loadUnaligned(as: V.self)
  }
}

extension UnsafeMutablePointer where Pointee == Float {
  /// The vector that begins `offset` floats from here; no alignment is needed.
  @inlinable @inline(__always)
  public func vector<V: SIMD>(_ offset: Int, as _: V.Type = V.self) -> V where V.Scalar == Float {
    UnsafeRawPointer(self + offset).loadUnaligned(as: V.self)
  }

  /// Stores a vector that begins `offset` floats from here; no alignment is needed.
  @inlinable @inline(__always)
  public func store<V: SIMD>(_ vector: V, _ offset: Int) where V.Scalar == Float {
    UnsafeMutableRawPointer(self + offset).storeBytes(of: vector, as: V.self)
  }
}
