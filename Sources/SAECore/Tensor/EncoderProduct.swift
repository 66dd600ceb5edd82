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

  /// What takes the blocks.
  typealias Consumer =
    @Sendable (
      _ tokens: Range<Int>, _ latents: Range<Int>, _ segment: Int,
      _ block: UnsafePointer<Float>, _ rowStride: Int
    ) -> Void

  private var product: PanelProduct {
    PanelProduct(kernels: kernels, rows: tokens, columns: latents, depth: width)
  }

  /// Latents that the consumer gets at a time: with the block's tokens an eighth of the second
  /// cache.
  private var stripe: Int { 16 * kernels.tileColumns }

  /// Tokens that the consumer gets at a time, the last time fewer: ranges begin at its multiples.
  var blockTokens: Int { min(product.blockRows, product.padded(max(1, tokens), kernels.tileRows)) }

  /// How many threads may work on the same tokens at a time, each on latents of its own.
  ///
  /// 1 when there are tokens enough to keep all threads busy. A consumer's state is kept a token
  /// and segment; within a segment latents come in ascending order.
  var segments: Int {
    let blocks = max(1, (tokens + product.blockRows - 1) / product.blockRows)
    return max(1, min(8, 2 * Threads.count / blocks))
  }

  func run(activations: Operand, encoder: Operand, _ consume: Consumer) {
    let product = self.product
    let slice = max(1, product.slice)
    let panel = min(
      product.panelColumns(depth: width), product.padded(latents, kernels.tileColumns))
    let segments = self.segments
    let block = blockTokens
    let blocks = tokens == 0 ? 0 : (tokens + block - 1) / block
    Workspace.borrow(panel * width) { packed in
      for first in stride(from: 0, to: latents, by: panel) {
        let count = min(panel, latents - first)
        pack(encoder, first, count, panel, slice, into: packed)
        Parallel.forEach(blocks * segments) { task, _ in
          let (index, segment) = (task / segments, task % segments)
          let row = index * block
          let height = min(block, tokens - row)
          Workspace.borrow(block * (width + stripe)) { buffer in
            for step in stride(from: 0, to: width, by: slice) {
              let depth = min(slice, width - step)
              unsafe kernels.packA(
                activations.at(row, step), height, depth, activations.rowStride,
                activations.columnStride, buffer.base + block * step)
            }
            let share = product.padded(
              (count + segments - 1) / segments, kernels.tileColumns)
            let end = min(count, (segment + 1) * share)
            for begin in stride(from: segment * share, to: end, by: stripe) {
              let columns = min(stripe, end - begin)
              let result = unsafe buffer.base + block * width
              for step in stride(from: 0, to: width, by: slice) {
                let depth = min(slice, width - step)
                unsafe kernels.multiplyBlock(
                  height, columns, depth, buffer.base + block * step,
                  packed.base + (panel * step + begin * depth), result, stripe, step > 0)
              }
              let range = first + begin..<first + begin + columns
              unsafe consume(row..<row + height, range, segment, result, stripe)
            }
          }
        }
      }
    }
  }

  /// Packs `count` of the encoder's rows, one slice of the depth after another, `panel` columns each.
  private func pack(
    _ encoder: Operand, _ first: Int, _ count: Int, _ panel: Int, _ slice: Int,
    into packed: AlignedStorage
  ) {
    let grain = Parallel.grain(count, least: kernels.tileColumns)
    Parallel.forRanges(count, grain: grain) { range, _ in
      for step in stride(from: 0, to: width, by: slice) {
        let depth = min(slice, width - step)
        unsafe kernels.packB(
          encoder.at(first + range.lowerBound, step), range.count, depth, encoder.rowStride,
          encoder.columnStride, packed.base + (panel * step + range.lowerBound * depth))
      }
    }
  }
}
