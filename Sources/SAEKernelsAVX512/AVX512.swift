#if arch(x86_64)
  public import SAEKernels

  /// Sixteen lanes and a fused multiply-add; compiled for x86-64-v4.
  enum AVX512Unit: VectorUnit {
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

  /// 14 × 2 accumulators, 2 of B and 1 of A in 32 registers.
  public let avx512Kernels = KernelTable(
    name: "avx512", unit: AVX512Unit.self, block: BlockKernel<AVX512Unit, 14, 2>.self,
    packA: Packing<AVX512Unit, 14>.self, packB: Packing<AVX512Unit, 32>.self,
    rowLoops: RowLoops<AVX512Unit, 24>.self, masked: MaskedKernel<AVX512Unit, 12>.self)
#endif
