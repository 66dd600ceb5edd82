#if arch(x86_64)
  public import SAEKernels

  /// Vectors of sixteen lanes, two registers each, and a fused multiply-add; compiled for x86-64-v3.
  ///
  /// As two vectors of eight, the scheduler walks B's first vector before the second and spills.
  enum AVX2Unit: VectorUnit {
    typealias Vector = SIMD16<Float>

    @inline(__always)
    static func multiplyAdd(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector {
      sum.addingProduct(a, b)
    }

    @inline(__always)
    static func multiplyAdd(_ sum: Float, _ a: Float, _ b: Float) -> Float {
      sum.addingProduct(a, b)
    }
  }

  /// 12 registers of accumulators, 2 of B and 1 of A out of 16.
  public let avx2Kernels = KernelTable(
    name: "avx2", unit: AVX2Unit.self, block: BlockKernel<AVX2Unit, 6, 1>.self,
    packA: Packing<AVX2Unit, 6>.self, packB: Packing<AVX2Unit, 16>.self,
    rowLoops: RowLoops<AVX2Unit, 6>.self, masked: MaskedKernel<AVX2Unit, 6>.self)
#endif
