import Foundation
import SAEKernels
import SAETestSupport
import Testing

@testable import SAETensor

/// The sizes that `Docs/Performance.md` quotes are those of the code.
@Suite struct PerformanceTests {
  @Test func thePageQuotesTheSizesOfTheCode() throws {
    let quoted = try Self.quoted()
    let actual = try Self.sizes().merging(Self.kernelSizes()) { first, _ in first }
    for (name, number) in actual {
      #expect(quoted[name] == number, "\(name)")
    }
    // Rows of kernels that this machine cannot run stay unchecked, and no others.
    for name in quoted.keys where actual[name] == nil {
      #expect(name.contains("AVX") || name.contains("largest slice"), "\(name)")
    }
  }

  /// The table under "Sizes": the number of each row, by the row's name.
  private static func quoted() throws -> [String: Double] {
    let page = Checkout.tests("../Docs/Performance.md")
    let lines = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n")
    let heading = try #require(lines.firstIndex(of: "## Sizes"))
    var numbers: [String: Double] = [:]
    for line in lines[(heading + 1)...] {
      if line.hasPrefix("## ") { break }
      let cells = line.components(separatedBy: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 5, let number = Double(cells[2]) else { continue }
      numbers[cells[1]] = number
    }
    return numbers
  }

  /// Sizes that are the same, or the same number of tiles, for every set of kernels.
  private static func sizes() throws -> [String: Double] {
    let kernels = try #require(Kernels.available.first)
    let product = PanelProduct(kernels: kernels, rows: 1 << 23, columns: 1 << 20, depth: 1)
    let masked = MaskedProduct(kernels: kernels, rows: 1 << 23, columns: 1, depth: 1)
    let encoder = EncoderProduct(kernels: kernels, tokens: 1, latents: 1, width: 1)
    return [
      "tiles in a block of rows of A": Double(product.blockRows / kernels.tileRows),
      "MB of a panel of B": megabytes(floats: product.panelColumns(depth: 1024) * 1024),
      "columns of a panel of B, at most": Double(product.panelColumns(depth: 1)),
      "MB of packed A": megabytes(floats: product.packedRows(depth: 1)),
      "tiles of latents in a stripe of the encoder": Double(encoder.stripe / kernels.tileColumns),
      "MB of a panel of dense latents": megabytes(
        floats: LatentPanels.panelLatents(tokens: 4096) * 4096),
      "latents in a panel, at most": Double(LatentPanels.panelLatents(tokens: 1)),
      "tokens that decide whether a batch is dense": Double(LatentPanels.sampleTokens),
      "dense batch: one entry in so many": (1 / LatentPanels.denseShare).rounded(),
      "masked product: largest share of elements": MaskedProduct.mostDense,
      "masked product: steps of the depth in a mask": Double(kernels.maskedSteps),
      "masked product: rows that a thread takes": Double(masked.blockRows),
      "MB that the memory pool keeps": Double(MemoryPool.mostBytes / (1 << 20)),
      "MB from which a block lies on large pages": Double(MemoryPool.leastLargePages / (1 << 20)),
    ]
  }

  /// Sizes of each set of kernels that this machine can run.
  private static func kernelSizes() -> [String: Double] {
    var numbers: [String: Double] = [:]
    for kernels in Kernels.available {
      // A multiple of both slices.
      let product = PanelProduct(kernels: kernels, rows: 1, columns: 1, depth: 3_072_000)
      let tiles = kernels.tileRows >= 12 ? "tiles of 12 rows and more" : "smaller tiles"
      numbers["largest slice of the depth, \(tiles)"] = Double(product.slice)
      switch kernels.name {
      case "avx512":
        numbers["rows of a tile, AVX-512"] = Double(kernels.tileRows)
        numbers["columns of a tile, AVX-512"] = Double(kernels.tileColumns)
        numbers["masked product: columns of a strip, AVX-512"] = Double(kernels.maskedColumns)
      case "avx2":
        numbers["rows of a tile, AVX2"] = Double(kernels.tileRows)
        numbers["columns of a tile, AVX2"] = Double(kernels.tileColumns)
      default: break
      }
    }
    return numbers
  }

  private static func megabytes(floats: Int) -> Double {
    (Double(floats * MemoryLayout<Float>.size) / Double(1 << 20)).rounded()
  }
}
