/// Chooses a batch's entries among an encoder's products as they come up.
protocol EntryCollector: Sendable {
  /// Takes a block of products. Threads call it at the same time, but no two for one token and segment;
  /// within a segment latents come in ascending order.
  func collect(_ block: ProductBlock)

  /// The entries, when all blocks have been collected.
  func finish() -> SparseLatents
}

/// The products of some tokens with some latents.
struct ProductBlock {
  let tokens: Range<Int>
  let latents: Range<Int>
  let segment: Int
  /// A row a token.
  let products: LentRows<Float>
  /// A number for each of the latents.
  let bias: Lent<Float>
  /// Another one: a scale or a threshold.
  let limits: Lent<Float>

  /// The first latent, as entries have it.
  var firstIndex: UInt32 { UInt32(truncatingIfNeeded: latents.lowerBound) }

  /// Calls `body` with every token and its products.
  @inline(__always)
  func forEachToken(_ body: (_ token: Int, _ products: Lent<Float>) -> Void) {
    for row in 0..<products.count { body(tokens.lowerBound + row, products.row(row)) }
  }
}
