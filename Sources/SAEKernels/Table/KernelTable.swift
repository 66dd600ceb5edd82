/// The kernels of one instruction set, as functions to call through.
///
/// Pointers: `P` reads, `M` writes. What each entry does and expects stands at the loop it calls.
public struct KernelTable: Sendable {
  public typealias P = UnsafePointer<Float>
  public typealias M = UnsafeMutablePointer<Float>

  /// "portable", "avx2" or "avx512": what `SAE_KERNELS` takes.
  public let name: String
  /// Rows of a register tile, and of a packed panel of A.
  public let tileRows: Int
  /// Columns of a register tile, and of a packed panel of B.
  public let tileColumns: Int

  /// Multiply-adds of one step of `peak`.
  public let peakWidth: Int
  /// (steps, seed) → a number that depends on every multiply-add
  public let peak: @Sendable (Int, Float) -> Float

  /// (m, n, depth, packed A, packed B, C, rowStride, accumulate)
  public let multiplyBlock: @Sendable (Int, Int, Int, P, P, M, Int, Bool) -> Void
  /// (source, count, depth, acrossStride, depthStride, destination)
  public let packA: @Sendable (P, Int, Int, Int, Int, M) -> Void
  /// (source, count, depth, acrossStride, depthStride, destination)
  public let packB: @Sendable (P, Int, Int, Int, Int, M) -> Void

  /// Steps of the depth of a block of ``multiplyMasked``.
  public let maskedSteps: Int
  /// Columns of a strip of ``multiplyMasked``.
  public let maskedColumns: Int
  /// (m, n, masks, A, B, C, rowStride, accumulate, next block of B, its rowStride)
  public let multiplyMasked:
    @Sendable (Int, Int, UnsafePointer<UInt32>, P, P, M, Int, Bool, P, Int) -> Void
  /// (source, m, depth, rowStride, depthStride, A, masks)
  public let packMasked: @Sendable (P, Int, Int, Int, Int, M, UnsafeMutablePointer<UInt32>) -> Void

  public let axpy: @Sendable (Int, Float, P, M) -> Void
  public let scale: @Sendable (Int, Float, M) -> Void
  public let subtract: @Sendable (Int, P, P, M) -> Void
  public let multiply: @Sendable (Int, P, P, M) -> Void
  public let dot: @Sendable (Int, P, P) -> Float
  public let sum: @Sendable (Int, P) -> Float
  public let sumOfSquares: @Sendable (Int, P) -> Float
  public let maximum: @Sendable (Int, P) -> Float
  public let allFinite: @Sendable (Int, P) -> Bool
  public let accumulate: @Sendable (Int, P, UnsafeMutablePointer<Double>) -> Void
  /// (count, rows, rowStride, n, sums)
  public let productSums: @Sendable (Int, P, Int, Int, UnsafeMutablePointer<Double>) -> Void
  /// (count, tokens, x, y, rowStride, width, moments, stride)
  public let addErrorMoments:
    @Sendable (Int, UnsafePointer<UInt32>, P, P, Int, Int, UnsafeMutablePointer<Double>, Int) ->
      Void
  /// (n, x, y, out)
  public let rowProducts: @Sendable (Int, P, P, UnsafeMutablePointer<Double>) -> Void
  /// (count, depth, source, acrossStride, depthStride, factor, destination)
  public let packDoubles:
    @Sendable (
      Int, Int, UnsafePointer<Double>, Int, Int, Double, UnsafeMutablePointer<Double>
    ) -> Void
  /// (m, n, depth, packed A, packed B, C, rowStride)
  public let multiplyDoubles:
    @Sendable (
      Int, Int, Int, UnsafePointer<Double>, UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int
    ) -> Void

  public let relu: @Sendable (Int, P, M) -> Void
  public let jumpReLU: @Sendable (Int, P, P, M) -> Void
  public let exp: @Sendable (Int, P, M) -> Void
  public let tanh: @Sendable (Int, P, M) -> Void
  public let sigmoid: @Sendable (Int, P, M) -> Void
  /// In its tanh form.
  public let gelu: @Sendable (Int, P, M) -> Void
  public let exactGELU: @Sendable (Int, P, M) -> Void
  public let silu: @Sendable (Int, P, M) -> Void

  /// (n, bias, x)
  public let biasedReLU: @Sendable (Int, P, M) -> Void
  /// (n, z, shift, gradient)
  public let passPositive: @Sendable (Int, P, P, M) -> Void
  /// (n, x, counts)
  public let countNonZero: @Sendable (Int, P, UnsafeMutablePointer<Int32>) -> Void
  /// (n, p, gate bias, scale, magnitude bias, a, z)
  public let gates: @Sendable (Int, P, P, P, P, M, M) -> Void
  /// (n, a, scale, m, g, z, p)
  public let gateGradients: @Sendable (Int, P, P, M, M, M, M) -> Void

  /// (n, values, bias, thresholds, masks) → bits set
  public let markEntries: @Sendable (Int, P, P, P, UnsafeMutablePointer<UInt32>) -> Int
  /// (n, masks, values, out)
  public let gatherEntries: @Sendable (Int, UnsafePointer<UInt32>, P, M) -> Void
  /// (n, masks, values, fill, out)
  public let scatterEntries: @Sendable (Int, UnsafePointer<UInt32>, P, Float, M) -> Void

  /// (n, ε, x, weight, out, accumulate)
  public let rmsNorm: @Sendable (Int, Float, P, P, M, Bool) -> Void
  /// (n, ε, x, weight, bias, out)
  public let layerNorm: @Sendable (Int, Float, P, P, P, M) -> Void
  /// (heads, half, cosines, sines, x)
  public let rotate: @Sendable (Int, Int, P, P, M) -> Void
  /// (n, scale, cap, x)
  public let softCap: @Sendable (Int, Float, Float, M) -> Void
  /// (n, shift, x, out) → sum
  public let shiftedExponentials: @Sendable (Int, Float, P, M) -> Float

  public let widenHalf: @Sendable (Int, UnsafePointer<UInt16>, M) -> Void
  public let widenBrain: @Sendable (Int, UnsafePointer<UInt16>, M) -> Void
  public let narrowHalf: @Sendable (Int, P, UnsafeMutablePointer<UInt16>) -> Void
  public let narrowBrain: @Sendable (Int, P, UnsafeMutablePointer<UInt16>) -> Void

  /// (n, factors, gradient, parameter, first moment, second moment)
  public let adam: @Sendable (Int, AdamFactors, P, M, M, M) -> Void
  /// (count, indices, coefficients, rows, width, rowStride, out, accumulate)
  public let weightedRowSum: @Sendable (Int, UnsafePointer<UInt32>, P, P, Int, Int, M, Bool) -> Void
  /// (count, indices, x, rows, width, rowStride, out)
  public let rowDots: @Sendable (Int, UnsafePointer<UInt32>, P, P, Int, Int, M) -> Void
  /// (candidates, k, n, values, bias, scale, firstIndex, scratch indices, scratch scores)
  public let updateTopK:
    @Sendable (
      inout TopKCandidates, Int, Int, P, P, P, UInt32, UnsafeMutablePointer<UInt32>, M
    ) -> Void
  /// (n, values, bias, thresholds, firstIndex, indices, found, length) → new length; the lists have
  /// room for n + 1 more
  public let appendAboveThresholds:
    @Sendable (Int, P, P, P, UInt32, UnsafeMutablePointer<UInt32>, M, Int) -> Int
  /// The same, by magnitude: see ``MagnitudeScan``.
  public let updateTopKMagnitudes:
    @Sendable (
      inout TopKCandidates, Int, Int, P, P, P, UInt32, UnsafeMutablePointer<UInt32>, M
    ) -> Void
  /// (n, values, bias, scale, threshold, firstIndex, indices, scores, length) → new length
  public let appendAbove:
    @Sendable (Int, P, P, P, Float, UInt32, UnsafeMutablePointer<UInt32>, M, Int) -> Int
  /// (candidates, k)
  public let finishTopK: @Sendable (inout TopKCandidates, Int) -> Void

  /// The kernels for a vector unit, a register tile of `rows` × `vectors` and strips of `strip` and
  /// `masked` vectors. Inlined into the target that is compiled for the instruction set.
  @inlinable @inline(__always)
  public init<
    Unit: VectorUnit, let rows: Int, let vectors: Int, let columns: Int, let strip: Int,
    let masked: Int
  >(
    name: String, unit: Unit.Type, block: BlockKernel<Unit, rows, vectors>.Type,
    packA: Packing<Unit, rows>.Type, packB: Packing<Unit, columns>.Type,
    rowLoops: RowLoops<Unit, strip>.Type, masked maskedKernel: MaskedKernel<Unit, masked>.Type
  ) {
    self.name = name
    tileRows = rows
    tileColumns = columns
    peakWidth = PeakLoop<Unit, 12>.multiplyAdds
    peak = { PeakLoop<Unit, 12>.run($0, $1) }
    multiplyBlock = {
      BlockKernel<Unit, rows, vectors>.run(
        m: $0, n: $1, depth: $2, a: $3, b: $4, c: $5, rowStride: $6, accumulate: $7)
    }
    self.packA = {
      Packing<Unit, rows>.pack(
        $0, count: $1, depth: $2, acrossStride: $3, depthStride: $4, into: $5)
    }
    self.packB = {
      Packing<Unit, columns>.pack(
        $0, count: $1, depth: $2, acrossStride: $3, depthStride: $4, into: $5)
    }
    maskedSteps = MaskedKernel<Unit, masked>.steps
    maskedColumns = MaskedKernel<Unit, masked>.columns
    multiplyMasked = {
      MaskedKernel<Unit, masked>.run(
        m: $0, n: $1, masks: $2, a: $3, b: $4, c: $5, rowStride: $6, accumulate: $7,
        next: $8, nextStride: $9)
    }
    packMasked = {
      MaskedKernel<Unit, masked>.pack(
        $0, m: $1, depth: $2, rowStride: $3, depthStride: $4, into: $5, masks: $6)
    }
    axpy = { VectorLoops<Unit>.axpy($0, $1, $2, $3) }
    scale = { VectorLoops<Unit>.scale($0, $1, $2) }
    subtract = { VectorLoops<Unit>.subtract($0, $1, $2, $3) }
    multiply = { VectorLoops<Unit>.multiply($0, $1, $2, $3) }
    dot = { VectorLoops<Unit>.dot($0, $1, $2) }
    sum = { VectorLoops<Unit>.sum($0, $1) }
    sumOfSquares = { VectorLoops<Unit>.sumOfSquares($0, $1) }
    maximum = { VectorLoops<Unit>.maximum($0, $1) }
    allFinite = { VectorLoops<Unit>.allFinite($0, $1) }
    accumulate = { VectorLoops<Unit>.accumulate($0, $1, $2) }
    productSums = { ProductSums<Unit>.run($0, $1, rowStride: $2, $3, $4) }
    addErrorMoments = {
      StatisticsLoops<Unit>.addErrorMoments(
        $0, $1, $2, $3, rowStride: $4, width: $5, $6, stride: $7)
    }
    rowProducts = { StatisticsLoops<Unit>.rowProducts($0, $1, $2, $3) }
    packDoubles = {
      DoubleLoops<Unit>.pack($0, $1, $2, acrossStride: $3, depthStride: $4, factor: $5, $6)
    }
    multiplyDoubles = {
      DoubleLoops<Unit>.multiplyPanels(m: $0, n: $1, depth: $2, $3, $4, $5, rowStride: $6)
    }
    relu = { ActivationLoops<Unit>.relu($0, $1, $2) }
    jumpReLU = { ActivationLoops<Unit>.jumpReLU($0, $1, $2, $3) }
    exp = { ActivationLoops<Unit>.exp($0, $1, $2) }
    tanh = { ActivationLoops<Unit>.tanh($0, $1, $2) }
    sigmoid = { ActivationLoops<Unit>.sigmoid($0, $1, $2) }
    gelu = { ActivationLoops<Unit>.gelu($0, $1, $2) }
    exactGELU = { ActivationLoops<Unit>.exactGELU($0, $1, $2) }
    silu = { ActivationLoops<Unit>.silu($0, $1, $2) }
    biasedReLU = { PanelLoops<Unit>.biasedReLU($0, $1, $2) }
    passPositive = { PanelLoops<Unit>.passPositive($0, $1, $2, $3) }
    countNonZero = { PanelLoops<Unit>.countNonZero($0, $1, $2) }
    gates = {
      PanelLoops<Unit>.gates($0, $1, gateBias: $2, scale: $3, magnitudeBias: $4, $5, $6)
    }
    gateGradients = { PanelLoops<Unit>.gateGradients($0, $1, scale: $2, $3, $4, $5, $6) }
    markEntries = {
      PanelEntries<Unit>.mark($0, $1, bias: $2, thresholds: $3, masks: $4)
    }
    gatherEntries = { PanelEntries<Unit>.gather($0, masks: $1, $2, $3) }
    scatterEntries = { PanelEntries<Unit>.scatter($0, masks: $1, $2, fill: $3, $4) }
    rmsNorm = {
      TransformerLoops<Unit>.rmsNorm($0, epsilon: $1, $2, weight: $3, $4, accumulate: $5)
    }
    layerNorm = {
      TransformerLoops<Unit>.layerNorm($0, epsilon: $1, $2, weight: $3, bias: $4, $5)
    }
    rotate = { TransformerLoops<Unit>.rotate(heads: $0, half: $1, cosine: $2, sine: $3, $4) }
    softCap = { TransformerLoops<Unit>.softCap($0, scale: $1, cap: $2, $3) }
    shiftedExponentials = {
      TransformerLoops<Unit>.shiftedExponentials($0, shift: $1, $2, $3)
    }
    widenHalf = { HalfPrecision<Unit>.widenHalf($0, $1, $2) }
    widenBrain = { HalfPrecision<Unit>.widenBrain($0, $1, $2) }
    narrowHalf = { HalfPrecision<Unit>.narrowHalf($0, $1, $2) }
    narrowBrain = { HalfPrecision<Unit>.narrowBrain($0, $1, $2) }
    adam = { AdamLoop<Unit>.run($0, $1, gradient: $2, parameter: $3, first: $4, second: $5) }
    weightedRowSum = {
      RowLoops<Unit, strip>.weightedSum(
        $0, $1, $2, $3, width: $4, rowStride: $5, $6, accumulate: $7)
    }
    rowDots = { RowLoops<Unit, strip>.dots($0, $1, $2, $3, width: $4, rowStride: $5, $6) }
    updateTopK = {
      TopKSelection<Unit>.update(
        &$0, k: $1, $2, $3, bias: $4, scale: $5, firstIndex: $6, scratchIndices: $7,
        scratchScores: $8)
    }
    appendAboveThresholds = {
      ThresholdScan<Unit>.append(
        $0, $1, bias: $2, thresholds: $3, firstIndex: $4, $5, $6, length: $7)
    }
    updateTopKMagnitudes = {
      TopKSelection<Unit>.update(
        &$0, k: $1, $2, $3, bias: $4, scale: $5, firstIndex: $6, scratchIndices: $7,
        scratchScores: $8, magnitudes: true)
    }
    appendAbove = {
      ThresholdScan<Unit>.append(
        $0, $1, bias: $2, scale: $3, above: $4, firstIndex: $5, $6, $7, length: $8)
    }
    finishTopK = { TopKSelection<Unit>.finish(&$0, k: $1) }
  }
}
