import SAEKernels

/// The encoder's product, a block of tokens and a panel of latents at a time, handed over while it
/// is in cache: the matrix tokens × latents is never in memory.
///
///     block[t][i] = Σ_d activations[t][d] · encoder[i][d]
///
/// Loops as in ``PanelProduct``, with B the encoder's rows and all slices of the depth of a panel
/// packed at once.
struct EncoderProduct {
  let kernels: KernelTable
  let tokens: Int
  let latents: Int
  let width: Int

  private var product: PanelProduct {
    PanelProduct(kernels: kernels, rows: tokens, columns: latents, depth: width)
  }

  /// Latents that a collector gets at a time: with the block's tokens an eighth of the second
  /// cache.
  var stripe: Int { 16 * kernels.tileColumns }

  /// Tokens that a collector gets at a time, the last time fewer: ranges begin at its multiples.
  var blockTokens: Int { min(product.blockRows, product.padded(max(1, tokens), kernels.tileRows)) }

  /// How many threads may work on the same tokens at a time, each on latents of its own.
  ///
  /// 1 when there are tokens enough to keep all threads busy. A collector keeps one state per token and
  /// segment; within a segment latents come in ascending order.
  var segments: Int {
    let blocks = max(1, (tokens + product.blockRows - 1) / product.blockRows)
    return max(1, min(8, 2 * Threads.count / blocks))
  }

  /// Collects entries of the products of activations with an encoder's rows.
  ///
  /// - Parameters:
  ///   - activations: tokens × width.
  ///   - encoder: latents × width.
  ///   - bias: one per latent.
  ///   - limits: another number per latent, for the collector: a scale or a threshold.
  ///   - collector: made for the product.
  static func encode<Collector: EntryCollector>(
    _ activations: Matrix, by encoder: Matrix, bias: [Float], limits: [Float],
    collecting collector: (EncoderProduct) -> Collector
  ) -> SparseLatents {
    precondition(
      activations.columns == encoder.columns && bias.count == encoder.rows
        && limits.count == encoder.rows,
      "cannot encode \(activations.shape) with \(encoder.shape), \(bias.count) biases and "
        + "\(limits.count) scales or thresholds")
    let product = EncoderProduct(
      kernels: Kernels.table, tokens: activations.rows, latents: encoder.rows,
      width: activations.columns)
    let collector = collector(product)
    lending(bias, limits) { bias, limits in
      product.run(
        activations: activations.view.operand, encoder: encoder.view.operand
      ) { tokens, latents, segment, products in
        collector.collect(
          ProductBlock(
            tokens: tokens, latents: latents, segment: segment, products: products,
            bias: bias[latents], limits: limits[latents]))
      }
    }
    withExtendedLifetime((activations, encoder)) {}
    return collector.finish()
  }

  /// What takes the blocks.
  private typealias Consumer =
    @Sendable (
      _ tokens: Range<Int>, _ latents: Range<Int>, _ segment: Int, _ products: LentRows<Float>
    ) -> Void

  private func run(activations: Operand, encoder: Operand, _ consume: Consumer) {
    let product = self.product
    let panel = min(
      product.panelColumns(depth: width), product.padded(latents, kernels.tileColumns))
    let most = product.packedRows(depth: width)
    Workspace.borrow(panel * width) { packedB in
      Workspace.borrow(most * width) { packedA in
        for token in stride(from: 0, to: tokens, by: max(1, most)) {
          let rows = token..<min(token + most, tokens)
          forSlices { step, depth in
            product.pack(
              activations, from: rows.lowerBound, rows.count, step, depth, into: packedA,
              at: most * step, Threads.count)
          }
          for first in stride(from: 0, to: latents, by: panel) {
            let columns = first..<min(first + panel, latents)
            forSlices { step, depth in
              product.pack(
                encoder.transposed, step, depth, from: first, columns.count, into: packedB,
                at: panel * step, Threads.count)
            }
            multiply(packedA, most, rows, packedB, panel, columns, consume)
          }
        }
      }
    }
  }

  /// The blocks of some tokens and a panel of latents, shared out among threads.
  private func multiply(
    _ packedA: MutableLent<Float>, _ rowsOfA: Int, _ rows: Range<Int>,
    _ packedB: MutableLent<Float>, _ panel: Int, _ columns: Range<Int>, _ consume: Consumer
  ) {
    let block = blockTokens
    let segments = self.segments
    let share = product.padded((columns.count + segments - 1) / segments, kernels.tileColumns)
    Parallel.forEach((rows.count + block - 1) / block * segments) { task in
      let segment = task % segments
      let row = task / segments * block
      let height = min(block, rows.count - row)
      let end = min(columns.count, (segment + 1) * share)
      Workspace.borrow(block * stripe) { result in
        for begin in stride(from: segment * share, to: end, by: stripe) {
          let count = min(stripe, end - begin)
          forSlices { step, depth in
            unsafe kernels.multiplyBlock(
              height, count, depth, packedA.base + (rowsOfA * step + row * depth),
              packedB.base + (panel * step + begin * depth), result.base, stripe, step > 0)
          }
          let token = rows.lowerBound + row
          let latent = columns.lowerBound + begin
          consume(
            token..<token + height, latent..<latent + count, segment,
            LentRows(result.reading, count: height, width: count, stride: stripe))
        }
      }
    }
  }

  /// Calls `body` with the beginning and the depth of each slice.
  private func forSlices(_ body: (_ step: Int, _ depth: Int) -> Void) {
    let slice = max(1, product.slice)
    for step in stride(from: 0, to: width, by: slice) { body(step, min(slice, width - step)) }
  }
}
