import SAEKernels
import Testing

@testable import SAETensor

/// The functions of a kernel table. An entry of the table that is missing here fails
/// `everyEntryHasACheck`, and one without a check does not compile.
enum KernelEntry: String, CaseIterable {
  case peak
  case multiplyBlock, packA, packB, multiplyMasked, packMasked
  case axpy, scale, subtract, multiply, dot, sum, sumOfSquares, maximum, allFinite
  case accumulate, productSums, addErrorMoments, rowProducts, packDoubles, multiplyDoubles
  case relu, jumpReLU, exp, tanh, sigmoid, gelu, exactGELU, silu
  case biasedReLU, passPositive, countNonZero, gates, gateGradients
  case markEntries, gatherEntries, scatterEntries
  case rmsNorm, layerNorm, rotate, softCap, shiftedExponentials
  case widenHalf, widenBrain, narrowHalf, narrowBrain
  case adam, weightedRowSum, rowDots
  case updateTopK, updateTopKMagnitudes, finishTopK, appendAbove, appendAboveThresholds

  /// Holds the entry of a table against the same in double, or to the bit where nothing is rounded.
  var check: (KernelTable) -> Void {
    switch self {
    case .peak: ProductChecks.peak
    case .multiplyBlock: ProductChecks.multiplyBlock
    case .packA: ProductChecks.packA
    case .packB: ProductChecks.packB
    case .multiplyMasked: ProductChecks.multiplyMasked
    case .packMasked: ProductChecks.packMasked
    case .axpy: VectorChecks.axpy
    case .scale: VectorChecks.scale
    case .subtract: VectorChecks.subtract
    case .multiply: VectorChecks.multiply
    case .dot: VectorChecks.dot
    case .sum: VectorChecks.sum
    case .sumOfSquares: VectorChecks.sumOfSquares
    case .maximum: VectorChecks.maximum
    case .allFinite: VectorChecks.allFinite
    case .accumulate: DoubleChecks.accumulate
    case .productSums: DoubleChecks.productSums
    case .addErrorMoments: DoubleChecks.addErrorMoments
    case .rowProducts: DoubleChecks.rowProducts
    case .packDoubles: DoubleChecks.packDoubles
    case .multiplyDoubles: DoubleChecks.multiplyDoubles
    case .relu: FunctionChecks.relu
    case .jumpReLU: FunctionChecks.jumpReLU
    case .exp: FunctionChecks.exp
    case .tanh: FunctionChecks.tanh
    case .sigmoid: FunctionChecks.sigmoid
    case .gelu: FunctionChecks.gelu
    case .exactGELU: FunctionChecks.normalGELU
    case .silu: FunctionChecks.silu
    case .biasedReLU: PanelChecks.biasedReLU
    case .passPositive: PanelChecks.passPositive
    case .countNonZero: PanelChecks.countNonZero
    case .gates: PanelChecks.gates
    case .gateGradients: PanelChecks.gateGradients
    case .markEntries: PanelChecks.markEntries
    case .gatherEntries: PanelChecks.gatherEntries
    case .scatterEntries: PanelChecks.scatterEntries
    case .rmsNorm: TransformerChecks.rmsNorm
    case .layerNorm: TransformerChecks.layerNorm
    case .rotate: TransformerChecks.rotate
    case .softCap: TransformerChecks.softCap
    case .shiftedExponentials: TransformerChecks.shiftedExponentials
    case .widenHalf: HalfPrecisionChecks.widenHalf
    case .widenBrain: HalfPrecisionChecks.widenBrain
    case .narrowHalf: HalfPrecisionChecks.narrowHalf
    case .narrowBrain: HalfPrecisionChecks.narrowBrain
    case .adam: RowChecks.adam
    case .weightedRowSum: RowChecks.weightedRowSum
    case .rowDots: RowChecks.rowDots
    case .updateTopK: SelectionChecks.updateTopK
    case .updateTopKMagnitudes: SelectionChecks.updateTopKMagnitudes
    case .finishTopK: SelectionChecks.finishTopK
    case .appendAbove: SelectionChecks.appendAbove
    case .appendAboveThresholds: SelectionChecks.appendAboveThresholds
    }
  }
}

@Suite struct KernelTableTests {
  @Test(arguments: Kernels.available.map(\.name), KernelEntry.allCases)
  func agreesWithDoubles(_ name: String, _ entry: KernelEntry) throws {
    entry.check(try PanelProductTests.table(name))
  }

  /// Whatever of the table is not a number or a name is a function.
  @Test func everyEntryHasACheck() {
    let functions = Mirror(reflecting: Kernels.available[0]).children.filter {
      !($0.value is Int) && !($0.value is String)
    }.compactMap(\.label)
    #expect(Set(functions) == Set(KernelEntry.allCases.map(\.rawValue)))
  }

  @Test func instructionSetsOfThisMachine() {
    let names = Kernels.available.map(\.name)
    for name in ["avx512", "avx2"] where !names.contains(name) {
      print("not run: this machine has no \(name)")
    }
    #expect(Set(names).isSubset(of: ["avx512", "avx2", "portable"]) && names.contains("portable"))
  }
}
