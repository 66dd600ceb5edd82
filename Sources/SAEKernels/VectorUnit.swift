/// What a kernel is written against: a vector of floats and the multiply-add its machine does best.
///
/// One conforming type an instruction set; the kernels are generic over it and are instantiated in
/// a target compiled for that set.
public protocol VectorUnit {
  associatedtype Vector: SIMD where Vector.Scalar == Float

  /// sum + a · b, fused where the instruction set fuses.
  static func multiplyAdd(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector
}

/// Vectors for machines with a fused multiply-add instruction.
public enum FusedUnit<Vector: SIMD>: VectorUnit where Vector.Scalar == Float {
  @inlinable @inline(__always)
  public static func multiplyAdd(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector {
    sum.addingProduct(a, b)
  }
}

/// Vectors for baseline x86-64, where a fused multiply-add would be a call of `fmaf` a lane.
public enum UnfusedUnit<Vector: SIMD>: VectorUnit where Vector.Scalar == Float {
  @inlinable @inline(__always)
  public static func multiplyAdd(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector {
    sum + a * b
  }
}

extension UnsafePointer where Pointee == Float {
  /// The vector that begins `offset` floats from here; no alignment is needed.
  @inlinable @inline(__always)
  public func vector<V: SIMD>(_ offset: Int, as _: V.Type) -> V where V.Scalar == Float {
    UnsafeRawPointer(self + offset).loadUnaligned(as: V.self)
  }
}

extension UnsafeMutablePointer where Pointee == Float {
  /// The vector that begins `offset` floats from here; no alignment is needed.
  @inlinable @inline(__always)
  public func vector<V: SIMD>(_ offset: Int, as _: V.Type) -> V where V.Scalar == Float {
    UnsafeRawPointer(self + offset).loadUnaligned(as: V.self)
  }

  /// Stores a vector that begins `offset` floats from here; no alignment is needed.
  @inlinable @inline(__always)
  public func store<V: SIMD>(_ vector: V, _ offset: Int) where V.Scalar == Float {
    UnsafeMutableRawPointer(self + offset).storeBytes(of: vector, as: V.self)
  }
}
