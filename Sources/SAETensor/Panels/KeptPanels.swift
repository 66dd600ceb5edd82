import SAEKernels

/// The matrices of a step's weight gradients, and in them, until a panel's rows are written, what the
/// first round over ``LatentPanels`` has found there: of each token a bit for every latent, and the
/// products of those whose bit is set.
///
/// A panel's rows have room for 2 · width numbers a latent. Where half of 4096 tokens' latents are
/// entries, that is two thirds of the tokens at a width of 768.
package struct KeptPanels: Sendable {
  /// Of W_dec and W_enc, latents × width each.
  package var weights: [Matrix]
  /// By the first latent.
  private var panels: [Int: Panel] = [:]

  private struct Panel {
    /// Where each token's record begins, in floats from the beginning of the panel's rows.
    var records: [Int] = []
    /// Tokens whose records end in each matrix.
    var ends: [Int] = []
    var entryCount = 0
  }

  package init(_ weights: [Matrix]) { self.weights = weights }

  /// Stands for a product that was not kept: not above any threshold.
  private static let absent = -Float.greatestFiniteMagnitude

  /// Keeps the entries of the first tokens.
  ///
  /// - Parameters:
  ///   - masks: those of the products.
  ///   - products: tokens × latents of the panel.
  mutating func keep(_ masks: EntryMasks, of products: Matrix, _ latents: Range<Int>) {
    var panel = Panel()
    panel.entryCount = masks.counts.reduce(0, +)
    for index in weights.indices {
      let first = panel.records.count
      let (base, room) = rows(latents, index)
      var used = 0
      for token in first..<products.rows {
        let length = masks.words + masks.counts[token]
        guard used + length <= room else { break }
        panel.records.append(used)
        used += length
      }
      let tokens = first..<panel.records.count
      panel.ends.append(tokens.upperBound)
      let records = panel.records
      let from = unsafe SharedConstant(products.view.pointer)
      unsafe weights[index].withUnsafeMutableElements { elements in
        guard let start = elements.baseAddress else { return }
        let to = unsafe SharedPointer(start + base)
        Parallel.forRanges(tokens.count, grain: Parallel.grain(tokens.count, least: 16)) {
          range, _ in
          for token in range.lowerBound + first..<range.upperBound + first {
            unsafe masks.write(
              token, of: from.base + token * products.columns, to: to.base + records[token])
          }
        }
      }
    }
    panels[latents.lowerBound] = panel
    withExtendedLifetime(products) {}
  }

  /// How many of a panel's products are above their thresholds, kept or not.
  package func entryCount(of latents: Range<Int>) -> Int {
    panels[latents.lowerBound]?.entryCount ?? 0
  }

  /// Writes the kept products of a panel's tokens; those of others below their threshold are far below
  /// it.
  ///
  /// - Returns: how many tokens were kept, the first ones.
  func restore(_ products: inout Matrix, _ latents: Range<Int>) -> Int {
    guard let panel = panels[latents.lowerBound] else { return 0 }
    let width = products.columns
    let words = (width + 31) / 32
    var first = 0
    for (index, end) in panel.ends.enumerated() {
      let begin = first
      let from = unsafe SharedConstant(
        weights[index].view.pointer + rows(latents, index).base)
      unsafe products.withUnsafeMutableElements { elements in
        guard let start = elements.baseAddress else { return }
        let to = unsafe SharedPointer(start)
        Parallel.forRanges(end - begin, grain: Parallel.grain(end - begin, least: 16)) { range, _ in
          for token in range.lowerBound + begin..<range.upperBound + begin {
            let record = unsafe from.base + panel.records[token]
            unsafe record.withMemoryRebound(to: UInt32.self, capacity: words) { masks in
              unsafe Kernels.table.scatterEntries(
                width, masks, record + words, KeptPanels.absent, to.base + token * width)
            }
          }
        }
      }
      first = end
    }
    return first
  }

  /// Where a panel's rows of a matrix begin, and how many floats they are.
  private func rows(_ latents: Range<Int>, _ index: Int) -> (base: Int, room: Int) {
    let width = weights[index].columns
    return (latents.lowerBound * width, latents.count * width)
  }
}

/// A bit for each element of a panel that is above its threshold.
struct EntryMasks: Sendable {
  /// Masks of a token.
  let words: Int
  /// Bits set of each token.
  let counts: [Int]
  private let width: Int
  private let masks: [UInt32]

  init(_ products: Matrix, bias: [Float], thresholds: [Float]) {
    let (tokens, width) = (products.rows, products.columns)
    precondition(
      bias.count == width && thresholds.count == width,
      "\(bias.count) biases and \(thresholds.count) thresholds for \(width) latents")
    let words = (width + 31) / 32
    var counts = [Int](repeating: 0, count: tokens)
    var masks = [UInt32](repeating: 0, count: tokens * words)
    unsafe counts.withUnsafeMutableBufferPointer { counts in
      unsafe masks.withUnsafeMutableBufferPointer { masks in
        unsafe bias.withUnsafeBufferPointer { bias in
          unsafe thresholds.withUnsafeBufferPointer { thresholds in
            guard let countBase = counts.baseAddress, let maskBase = masks.baseAddress,
              let biasBase = bias.baseAddress, let thresholdBase = thresholds.baseAddress
            else { return }
            let out = unsafe (SharedPointer(countBase), SharedPointer(maskBase))
            let from = unsafe (
              SharedConstant(products.view.pointer), SharedConstant(biasBase),
              SharedConstant(thresholdBase)
            )
            Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 16)) { range, _ in
              for token in range {
                unsafe out.0.base[token] = Kernels.table.markEntries(
                  width, from.0.base + token * width, from.1.base, from.2.base,
                  out.1.base + token * words)
              }
            }
          }
        }
      }
    }
    self.words = words
    self.width = width
    self.counts = counts
    self.masks = masks
    withExtendedLifetime(products) {}
  }

  /// Writes a token's masks and the products that they stand for.
  func write(
    _ token: Int, of products: UnsafePointer<Float>, to record: UnsafeMutablePointer<Float>
  ) {
    unsafe masks.withUnsafeBufferPointer { masks in
      guard let base = masks.baseAddress else { return }
      let own = unsafe base + token * words
      unsafe record.withMemoryRebound(to: UInt32.self, capacity: words) { copy in
        unsafe copy.update(from: own, count: words)
      }
      unsafe Kernels.table.gatherEntries(width, own, products, record + words)
    }
  }
}
