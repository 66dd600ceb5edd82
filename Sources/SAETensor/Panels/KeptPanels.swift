import SAEKernels

/// The matrices of a step's weight gradients. Until a panel's rows are written, they hold the results of
/// the first round over ``LatentPanels``: for each token one bit per latent, and the products of the
/// latents whose bit is set.
///
/// A panel's rows have room for 2 · width numbers per latent. At a width of 768, with half of the latents
/// of 4096 tokens above their thresholds, two thirds of the tokens fit.
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

  /// The value of a product that was not kept: it is not above any threshold.
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
      weights[index].lendMutable { weights in
        products.lend { products in
          let room = weights.elements.from(base)
          Parallel.forEach(tokens.count, least: 16) { offset in
            let token = first + offset
            masks.write(token, of: products.row(token), to: room.from(records[token]))
          }
        }
      }
    }
    panels[latents.lowerBound] = panel
  }

  /// How many of a panel's products are above their thresholds, kept or not.
  package func entryCount(of latents: Range<Int>) -> Int {
    panels[latents.lowerBound]?.entryCount ?? 0
  }

  /// Writes the kept products of a panel's tokens; in the place of the others it writes a number far
  /// below any threshold.
  ///
  /// - Returns: how many tokens were kept, the first ones.
  func restore(_ products: inout Matrix, _ latents: Range<Int>) -> Int {
    guard let panel = panels[latents.lowerBound] else { return 0 }
    let width = products.columns
    let words = (width + 31) / 32
    var first = 0
    for (index, end) in panel.ends.enumerated() {
      let begin = first
      weights[index].lend { weights in
        products.lendMutable { products in
          let kept = weights.elements.from(rows(latents, index).base)
          Parallel.forEach(end - begin, least: 16) { offset in
            let token = begin + offset
            let record = kept.from(panel.records[token])
            record[0..<words].rebound(to: UInt32.self) { masks in
              unsafe Kernels.table.scatterEntries(
                width, masks.base, record.base + words, KeptPanels.absent,
                products.row(token).base)
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
    counts.lendMutable { counts in
      masks.lendMutable { masks in
        lending(products, bias, thresholds) { products, bias, thresholds in
          let masks = masks.rows(of: words)
          Parallel.forEach(tokens, least: 16) { token in
            counts[token] = unsafe Kernels.table.markEntries(
              width, products.row(token).base, bias.base, thresholds.base,
              masks.row(token).base)
          }
        }
      }
    }
    self.words = words
    self.width = width
    self.counts = counts
    self.masks = masks
  }

  /// Writes a token's masks and the products that they stand for.
  func write(_ token: Int, of products: Lent<Float>, to record: MutableLent<Float>) {
    masks.lend { masks in
      let own = masks[token * words..<(token + 1) * words]
      record[0..<words].rebound(to: UInt32.self) { $0.copy(own) }
      unsafe Kernels.table.gatherEntries(width, own.base, products.base, record.base + words)
    }
  }
}
