import SAEKernels

extension SparseLatents {
  /// The pre-activations of each token above a threshold for each latent, without a matrix of
  /// tokens × latents.
  ///
  /// - Parameters:
  ///   - activations: tokens × width.
  ///   - encoder: latents × width.
  ///   - bias: one a latent.
  ///   - thresholds: one a latent; ∞ keeps a latent out.
  /// - Returns: the entries with ⟨activations, encoder row⟩ + bias > threshold. Values are these
  ///   sums, whatever the threshold.
  package static func aboveThreshold(
    of activations: Matrix, encoder: Matrix, bias: [Float], thresholds: [Float]
  ) -> SparseLatents {
    precondition(
      activations.columns == encoder.columns && bias.count == encoder.rows
        && thresholds.count == encoder.rows,
      "cannot encode \(activations.shape) with \(encoder.shape), \(bias.count) biases and "
        + "\(thresholds.count) thresholds")
    let product = EncoderProduct(
      kernels: Kernels.table, tokens: activations.rows, latents: encoder.rows,
      width: activations.columns)
    let table = ThresholdTable(
      tokens: activations.rows, segments: product.segments, latents: encoder.rows)
    unsafe bias.withUnsafeBufferPointer { bias in
      unsafe thresholds.withUnsafeBufferPointer { thresholds in
        guard let biasBase = bias.baseAddress, let thresholdBase = thresholds.baseAddress else {
          return
        }
        let parameters = unsafe (SharedConstant(biasBase), SharedConstant(thresholdBase))
        unsafe product.run(
          activations: activations.view.operand, encoder: encoder.view.operand
        ) { tokens, latents, segment, block, stride in
          unsafe table.append(
            tokens, latents, segment, block, stride, bias: parameters.0.base,
            thresholds: parameters.1.base)
        }
      }
    }
    withExtendedLifetime((activations, encoder)) {}
    return table.finish()
  }
}

/// The entries of all tokens of a batch so far: a growing list for each token and segment.
///
/// Sendable because a token and segment are worked on by one thread at a time.
@safe
private final class ThresholdTable: @unchecked Sendable {
  @safe
  struct List {
    var count: Int
    var capacity: Int
    var indices: UnsafeMutablePointer<UInt32>?
    var values: UnsafeMutablePointer<Float>?
  }

  let tokens: Int
  let segments: Int
  let latents: Int
  let lists: UnsafeMutablePointer<List>

  init(tokens: Int, segments: Int, latents: Int) {
    self.tokens = tokens
    self.segments = segments
    self.latents = latents
    unsafe lists = .allocate(capacity: max(1, tokens * segments))
    unsafe lists.initialize(
      repeating: List(count: 0, capacity: 0, indices: nil, values: nil), count: tokens * segments)
  }

  deinit {
    for row in 0..<tokens * segments { unsafe free(&lists[row]) }
    unsafe lists.deallocate()
  }

  private func free(_ list: inout List) {
    unsafe list.indices?.deallocate()
    unsafe list.values?.deallocate()
    unsafe list = List(count: 0, capacity: 0, indices: nil, values: nil)
  }

  func append(
    _ range: Range<Int>, _ block: Range<Int>, _ segment: Int, _ values: UnsafePointer<Float>,
    _ stride: Int, bias: UnsafePointer<Float>, thresholds: UnsafePointer<Float>
  ) {
    let kernels = Kernels.table
    let room = block.count + 1
    Workspace.borrow(2 * room) { scratch in
      let found = unsafe scratch.base
      unsafe (found + room).withMemoryRebound(to: UInt32.self, capacity: room) { indices in
        for token in range {
          let added = unsafe kernels.appendAboveThresholds(
            block.count, values + (token - range.lowerBound) * stride, bias + block.lowerBound,
            thresholds + block.lowerBound, UInt32(truncatingIfNeeded: block.lowerBound), indices,
            found, 0)
          guard added > 0 else { continue }
          unsafe reserve(&lists[token * segments + segment], added, seen: block.upperBound)
          unsafe lists[token * segments + segment].take(added, indices, found)
        }
      }
    }
  }

  /// Makes room for `added` more entries, and for those to be expected of the latents to come.
  ///
  /// By what was found among the `seen` latents rather than doubling: lists of dense latents are the
  /// largest thing in memory.
  private func reserve(_ list: inout List, _ added: Int, seen: Int) {
    let needed = list.count + added
    guard needed > list.capacity else { return }
    let expected = Int(1.125 * Double(needed) / Double(seen) * Double(latents))
    let capacity = min(max(needed + 16, expected + 16), max(needed, latents))
    let indices = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
    let values = UnsafeMutablePointer<Float>.allocate(capacity: capacity)
    if let oldIndices = unsafe list.indices, let oldValues = unsafe list.values {
      unsafe indices.update(from: oldIndices, count: list.count)
      unsafe values.update(from: oldValues, count: list.count)
      unsafe oldIndices.deallocate()
      unsafe oldValues.deallocate()
    }
    list.capacity = capacity
    unsafe list.indices = indices
    unsafe list.values = values
  }

  /// All entries, and the memory of the lists given back on the way.
  func finish() -> SparseLatents {
    var offsets = [0]
    offsets.reserveCapacity(tokens + 1)
    for token in 0..<tokens {
      let count = (0..<segments).reduce(0) { unsafe $0 + lists[token * segments + $1].count }
      offsets.append(offsets[token] + count)
    }
    let total = offsets[tokens]
    let starts = offsets
    var values: [Float] = []
    let indices = unsafe [UInt32](unsafeUninitializedCapacity: total) { indexBuffer, indexCount in
      unsafe values = [Float](unsafeUninitializedCapacity: total) { valueBuffer, valueCount in
        if let indexBase = indexBuffer.baseAddress, let valueBase = valueBuffer.baseAddress {
          let target = unsafe (SharedPointer(indexBase), SharedPointer(valueBase))
          Parallel.forRanges(tokens, grain: Parallel.grain(tokens, least: 64)) { range, _ in
            for token in range {
              unsafe self.move(
                token, to: target.0.base + starts[token], target.1.base + starts[token])
            }
          }
        }
        valueCount = total
      }
      indexCount = total
    }
    return SparseLatents(
      unchecked: latents, rowOffsets: offsets, indices: indices, values: values)
  }

  /// Moves a token's entries out, indices ascending.
  private func move(
    _ token: Int, to indices: UnsafeMutablePointer<UInt32>, _ values: UnsafeMutablePointer<Float>
  ) {
    if segments == 1 {
      let list = unsafe lists + token
      guard let from = unsafe (list.pointee.indices), let scores = unsafe list.pointee.values else {
        return
      }
      unsafe indices.update(from: from, count: list.pointee.count)
      unsafe values.update(from: scores, count: list.pointee.count)
      unsafe free(&list.pointee)
      return
    }
    var merged: [(index: UInt32, value: Float)] = []
    for segment in 0..<segments {
      let list = unsafe lists[token * segments + segment]
      guard let from = unsafe list.indices, let scores = unsafe list.values else { continue }
      for i in 0..<list.count { unsafe merged.append((from[i], scores[i])) }
    }
    merged.sort { $0.index < $1.index }
    for (position, entry) in merged.enumerated() {
      unsafe indices[position] = entry.index
      unsafe values[position] = entry.value
    }
  }
}

extension ThresholdTable.List {
  /// Appends entries for which there is room.
  mutating func take(
    _ added: Int, _ newIndices: UnsafePointer<UInt32>, _ newValues: UnsafePointer<Float>
  ) {
    guard let indices = unsafe indices, let values = unsafe values else { return }
    unsafe (indices + count).update(from: newIndices, count: added)
    unsafe (values + count).update(from: newValues, count: added)
    count += added
  }
}
