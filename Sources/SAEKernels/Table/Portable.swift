/// Kernels for any machine: SSE2 on x86-64, NEON on arm64.
public enum PortableUnit: VectorUnit {
  public typealias Vector = SIMD8<Float>

  @inlinable @inline(__always)
  public static func multiplyAdd(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector {
    #if arch(arm64)
      sum.addingProduct(a, b)
    #else
      // Without the instruction a fused multiply-add would be a call of `fmaf` a lane.
      sum + a * b
    #endif
  }

  @inlinable @inline(__always)
  public static func multiplyAdd(_ sum: Float, _ a: Float, _ b: Float) -> Float {
    #if arch(arm64)
      sum.addingProduct(a, b)
    #else
      sum + a * b
    #endif
  }
}

#if arch(arm64)
  /// 24 registers of accumulators, 2 of B and 1 of A out of NEON's 32 registers.
  public let portableKernels = KernelTable(
    name: "portable", unit: PortableUnit.self, block: BlockKernel<PortableUnit, 12, 1>.self,
    packA: Packing<PortableUnit, 12>.self, packB: Packing<PortableUnit, 8>.self,
    rowLoops: RowLoops<PortableUnit, 10>.self, masked: MaskedKernel<PortableUnit, 12>.self)
#else
  /// 10 registers of accumulators, 2 of B, 1 of A and the products out of SSE2's 16.
  public let portableKernels = KernelTable(
    name: "portable", unit: PortableUnit.self, block: BlockKernel<PortableUnit, 5, 1>.self,
    packA: Packing<PortableUnit, 5>.self, packB: Packing<PortableUnit, 8>.self,
    rowLoops: RowLoops<PortableUnit, 5>.self, masked: MaskedKernel<PortableUnit, 5>.self)
#endif
